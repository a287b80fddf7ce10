package org.switchback.gui;

import org.junit.jupiter.api.Test;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.ScriptedHelper;
import org.switchback.client.samples.SampleMachines;

/** Checks that no text is cut off. Subclasses choose the language and the size of the window. */
abstract class LayoutTestCase extends WindowTestCase {
    @Test
    void gpuCardsOfAllSamplesAreNotCutOff() {
        for (String sample : SampleMachines.names()) {
            openSample(sample);
            window.assertNoTextIsCutOff();
        }
    }

    @Test
    void planAndResultAreNotCutOff() {
        window.fire("switch-0000-04-00-0");
        window.waitForFocus("switch-apply");
        window.assertNoTextIsCutOff();
        window.fire("switch-apply");
        TestWindow.waitUntil("a switch is requested", thisMachineHelper::isSwitchRequested);
        thisMachineHelper.emitEvent("authorized", -1, 0, "");
        thisMachineHelper.completeSteps(0, 5);
        thisMachineHelper.emitEvent("started", 6, 1, "");
        thisMachineHelper.emitEvent("waiting", 6, 70_000, "");
        window.node("step-note-7");
        window.assertNoTextIsCutOff();
        thisMachineHelper.emitEvent("failed", 6, 1, "EBUSY");
        thisMachineHelper.bind(ScriptedHelper.GTX_1080, "vfio-pci");
        thisMachineHelper.emitEvent("finished", -1, 1, "rollback-failed");
        window.waitForFocus("switch-restore");
        window.assertNoTextIsCutOff();
    }

    @Test
    void allPagesAreNotCutOff() {
        openSample("x99-gtx1080");
        for (MainPage page : MainPage.values()) {
            window.fire("page-button-" + page.id());
            window.node(
                    switch (page) {
                        case GPUS -> "gpu-0000-04-00-0";
                        case MEMORY_MAP -> "map-details-name";
                        case READINESS -> "check-reset";
                        default -> "page-button-" + page.id();
                    });
            window.assertNoTextIsCutOff();
        }
    }

    @Test
    void missingHelperMessageIsNotCutOff() {
        connections.setThisMachineHelper(new ScriptedHelper(
                new MachineSource.ReadOnlyMachine(HelperException.FailureKind.MISSING),
                SampleMachines.load("iommu-off").orElseThrow()));
        TestWindow.callOnFxThread(() -> {
            window.model().openThisMachine();
            return true;
        });
        window.node("gpu-0000-06-00-0");
        window.assertNoTextIsCutOff();
    }
}
