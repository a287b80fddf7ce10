package org.switchback.app;

import org.junit.jupiter.api.Test;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.ScriptedHelper;
import org.switchback.app.helper.Source;
import org.switchback.app.samples.SampleMachines;

/** Another language than English, in the smallest window. */
abstract class LanguageTestCase extends WindowTestCase {
    @Test
    void noCardOfAnySampleIsCutOff() {
        for (String sample : SampleMachines.names()) {
            openSample(sample);
            screen.assertNothingIsCutOff();
        }
    }

    @Test
    void noPlanAndNoResultIsCutOff() {
        screen.fire("switch-0000-04-00-0");
        screen.untilFocused("switch-apply");
        screen.assertNothingIsCutOff();
        screen.fire("switch-apply");
        Screen.until("the helper has begun", () -> here.begun());
        here.says("authorized", -1, 0, "");
        here.doesSteps(0, 5);
        here.says("started", 6, 1, "");
        here.says("waiting", 6, 70_000, "");
        screen.node("step-note-7");
        screen.assertNothingIsCutOff();
        here.says("failed", 6, 1, "EBUSY");
        here.binds(ScriptedHelper.GTX_1080, "vfio-pci");
        here.says("finished", -1, 1, "mixed");
        screen.untilFocused("switch-restore");
        screen.assertNothingIsCutOff();
    }

    @Test
    void noPageIsCutOff() {
        openSample("x99-gtx1080");
        for (Page page : Page.values()) {
            screen.fire("page-button-" + page.id());
            screen.node(
                    switch (page) {
                        case GPUS -> "gpu-0000-04-00-0";
                        case MEMORY_MAP -> "map-details-name";
                        case READINESS -> "check-reset";
                        default -> "page-button-" + page.id();
                    });
            screen.assertNothingIsCutOff();
        }
    }

    @Test
    void theBannerOfAMissingHelperIsNotCutOff() {
        connections.here(new ScriptedHelper(
                new Source.LookOnly(HelperProblem.Kind.MISSING),
                SampleMachines.load("iommu-off").orElseThrow()));
        Screen.onScreen(() -> {
            screen.model().openThisMachine();
            return true;
        });
        screen.node("gpu-0000-06-00-0");
        screen.assertNothingIsCutOff();
    }
}
