package org.switchback.gui.readiness;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Locale;
import java.util.Objects;
import java.util.Queue;
import org.junit.jupiter.api.Test;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.ScriptedHelper;
import org.switchback.client.messages.Messages;
import org.switchback.client.readiness.CheckResult;
import org.switchback.client.readiness.ReadinessCheckKind;
import org.switchback.client.samples.SampleMachines;
import org.switchback.gui.tasks.BackgroundTasks;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;

class ReadinessViewModelTest {
    private static final PciAddress DESKTOP = PciAddress.of("08:00.0");

    private final Queue<Runnable> fxTasks = new ArrayDeque<>();
    private final ScriptedHelper helper = ScriptedHelper.withGtx1080();
    private final ReadinessViewModel model = new ReadinessViewModel(
            new BackgroundTasks(Runnable::run, fxTasks::add), Messages.forLocale(Locale.ENGLISH));

    @Test
    void showsScanningBeforeTheFirstResponse() {
        assertThat(model.messageProperty().get()).isEqualTo("Looking for GPUs…");
        assertThat(model.rows()).isEmpty();
        assertThat(model.toPlainText()).isEmpty();
    }

    @Test
    void selectsTheGpuWithoutDesktopFirst() {
        check(helper);
        assertThat(model.selectedProperty().get()).isEqualTo(ScriptedHelper.GTX_1080);
        assertThat(model.gpus()).hasSize(2);
        assertThat(model.rows()).hasSize(ReadinessCheckKind.values().length);
        assertThat(model.overallStatusProperty().get()).isEqualTo(CheckResult.CheckStatus.READY);
        assertThat(model.summaryProperty().get()).isEqualTo("Ready for VM mode.");
        assertThat(model.messageProperty().get()).isEmpty();
    }

    @Test
    void selectedGpuStaysSelectedAfterACheck() {
        check(helper);
        model.select(DESKTOP);
        assertThat(model.overallStatusProperty().get()).isEqualTo(CheckResult.CheckStatus.BLOCKED);
        check(helper);
        assertThat(model.selectedProperty().get()).isEqualTo(DESKTOP);
        assertThat(row(ReadinessCheckKind.DESKTOP).status()).isEqualTo(CheckResult.CheckStatus.BLOCKED);
    }

    @Test
    void checkReadsTheMachineAgain() {
        check(helper);
        helper.openDeviceNode(4121, "Xorg", "ann", "dri/card7");
        check(helper);
        assertThat(row(ReadinessCheckKind.USERS).text()).startsWith("Xorg (PID 4121, user ann) uses 04:00.0");
    }

    @Test
    void plainTextHasEveryCheckWithAdvice() {
        check(new ScriptedHelper(
                new MachineSource.SampleMachine("iommu-off"),
                SampleMachines.load("iommu-off").orElseThrow()));
        assertThat(model.toPlainText())
                .contains("✘ IOMMU in the firmware: The firmware offers no IOMMU. Enable IOMMU (AMD-Vi)")
                .contains("✔ vfio-pci: ")
                .doesNotContain("intel_iommu");
    }

    @Test
    void failedPlanBlocksNothing() {
        helper.failPlans(HelperException.FailureKind.BUSY);
        check(helper);
        assertThat(model.overallStatusProperty().get()).isEqualTo(CheckResult.CheckStatus.READY);
    }

    @Test
    void machineWithoutGpuShowsAMessage() {
        check(new ScriptedHelper(new MachineSource.ThisMachine(), MachineSnapshot.EMPTY));
        assertThat(model.messageProperty().get()).isEqualTo("No GPU was found on this machine.");
    }

    @Test
    void staleResultIsNotShown() {
        model.check(helper, SnapshotParser.parse(helper.snapshot()));
        model.showNoMachine();
        fxTasks.forEach(Runnable::run);
        assertThat(model.rows()).isEmpty();
        assertThat(model.messageProperty().get()).isEqualTo("The helper did not answer, so there is nothing to check.");
    }

    private CheckRow row(ReadinessCheckKind check) {
        return Objects.requireNonNull(model.rows().get(check.ordinal()));
    }

    private void check(ScriptedHelper checked) {
        model.check(checked, SnapshotParser.parse(checked.snapshot()));
        while (!fxTasks.isEmpty()) {
            fxTasks.remove().run();
        }
    }
}
