package org.switchback.app.readiness;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Locale;
import java.util.Objects;
import java.util.Queue;
import org.junit.jupiter.api.Test;
import org.switchback.app.background.Background;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.ScriptedHelper;
import org.switchback.app.helper.Source;
import org.switchback.app.samples.SampleMachines;
import org.switchback.app.words.Words;
import org.switchback.hardware.Capture;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;

class ReadinessViewModelTest {
    private static final PciAddress DESKTOP = PciAddress.of("08:00.0");

    private final Queue<Runnable> screen = new ArrayDeque<>();
    private final ScriptedHelper helper = ScriptedHelper.withGtx1080();
    private final ReadinessViewModel model =
            new ReadinessViewModel(new Background(Runnable::run, screen::add), Words.in(Locale.ENGLISH));

    @Test
    void beforeTheFirstAnswerItSaysThatItLooks() {
        assertThat(model.messageProperty().get()).isEqualTo("Looking at the GPUs…");
        assertThat(model.rows()).isEmpty();
        assertThat(model.text()).isEmpty();
    }

    @Test
    void itBeginsWithTheGpuThatDrawsNoDesktop() {
        check(helper);
        assertThat(model.selectedProperty().get()).isEqualTo(ScriptedHelper.GTX_1080);
        assertThat(model.gpus()).hasSize(2);
        assertThat(model.rows()).hasSize(Check.values().length);
        assertThat(model.verdictProperty().get()).isEqualTo(Finding.Result.READY);
        assertThat(model.summaryProperty().get()).startsWith("Ready:");
        assertThat(model.messageProperty().get()).isEmpty();
    }

    @Test
    void anotherGpuCanBeChosenAndStaysChosen() {
        check(helper);
        model.select(DESKTOP);
        assertThat(model.verdictProperty().get()).isEqualTo(Finding.Result.BLOCKS);
        check(helper);
        assertThat(model.selectedProperty().get()).isEqualTo(DESKTOP);
        assertThat(row(Check.DESKTOP).result()).isEqualTo(Finding.Result.BLOCKS);
    }

    @Test
    void whatTheMachineHasBecomeIsChecked() {
        check(helper);
        helper.isHeldBy(4121, "Xorg", "ann", "dri/card7");
        check(helper);
        assertThat(row(Check.USERS).text()).startsWith("Xorg (PID 4121, user ann) uses 04:00.0");
    }

    @Test
    void theTextHasEveryCheckAndWhatToDo() {
        check(new ScriptedHelper(
                new Source.Sample("iommu-off"), SampleMachines.load("iommu-off").orElseThrow()));
        assertThat(model.text())
                .contains("✘ IOMMU in the firmware: The firmware offers no IOMMU. Switch on IOMMU (AMD-Vi)")
                .contains("✔ vfio-pci: ")
                .doesNotContain("intel_iommu");
    }

    @Test
    void aPlanThatTheHelperDoesNotGiveRefusesNothing() {
        helper.plansFailWith(HelperProblem.Kind.BUSY);
        check(helper);
        assertThat(model.verdictProperty().get()).isEqualTo(Finding.Result.READY);
    }

    @Test
    void aMachineWithoutAGpuSaysSo() {
        check(new ScriptedHelper(new Source.ThisMachine(), Capture.EMPTY));
        assertThat(model.messageProperty().get()).isEqualTo("No GPU was found on this machine.");
    }

    @Test
    void anAnswerAboutAMachineThatIsGoneIsNotShown() {
        model.check(helper, MachineReader.read(helper.machine()));
        model.nothing();
        screen.forEach(Runnable::run);
        assertThat(model.rows()).isEmpty();
        assertThat(model.messageProperty().get()).isEqualTo("No machine is in view.");
    }

    private CheckRow row(Check check) {
        return Objects.requireNonNull(model.rows().get(check.ordinal()));
    }

    private void check(ScriptedHelper asked) {
        model.check(asked, MachineReader.read(asked.machine()));
        while (!screen.isEmpty()) {
            screen.remove().run();
        }
    }
}
