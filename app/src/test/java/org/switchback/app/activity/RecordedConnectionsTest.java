package org.switchback.app.activity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.switchback.app.helper.HelperConnection;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.ScriptedConnections;
import org.switchback.app.helper.ScriptedHelper;
import org.switchback.app.helper.Source;
import org.switchback.app.samples.SampleMachines;
import org.switchback.app.words.Words;
import org.switchback.hardware.Capture;
import org.switchback.hardware.PciAddress;
import org.switchback.protocol.JobEntry;
import org.switchback.protocol.PlannedStep;

class RecordedConnectionsTest {
    private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

    private final ActivityLog log = ActivityLog.inMemory();
    private final ScriptedHelper helper = ScriptedHelper.withGtx1080();
    private final RecordedConnections connections = new RecordedConnections(
            new ScriptedConnections(helper), log, Attempt.By.WINDOW, Clock.fixed(NOON, ZoneOffset.UTC));
    private final List<JobEntry> heard = new ArrayList<>();

    @Test
    void aSwitchIsWrittenDownWithItsStepsTimesWritesAndMaps() throws Exception {
        HelperConnection connection = begun(connections.thisMachine());
        helper.says("authorized", -1, 0, "");
        helper.doesSteps(0, 10);
        helper.isInVmMode();
        helper.says("finished", -1, 1, "done");
        connection.close();

        Attempt attempt = only();
        assertThat(attempt.succeeded()).isTrue();
        assertThat(attempt.began()).isEqualTo(NOON);
        assertThat(attempt.steps()).hasSize(11);
        assertThat(attempt.writes())
                .hasSize(9)
                .contains("echo 0000:04:00.0 | sudo tee /sys/bus/pci/drivers/nvidia/unbind");
        AttemptText text = text(attempt);
        assertThat(text.title()).isEqualTo("NVIDIA GeForce GTX 1080 to VM mode");
        assertThat(text.result()).isEqualTo("NVIDIA GeForce GTX 1080 is in VM mode.");
        assertThat(text.steps().get(6))
                .isEqualTo(new AttemptText.StepLine(7, "Take 04:00.0 from nvidia", "done", "20 ms", ""));
        assertThat(text.changes()).contains("removed: ").contains("efifb (8.4 MiB)");
        assertThat(text.mapBefore()).contains("c0000000-c086ffff : efifb");
        assertThat(text.mapAfter()).isNotEmpty().doesNotContain("efifb");
        assertThat(text.took()).isEqualTo("232 ms");
        assertThat(text.plain())
                .contains("Nov 22, 2026, 12:00:00")
                .contains("  7  Take 04:00.0 from nvidia: done, 20 ms\n")
                .contains("Written to the kernel\nsudo modprobe vfio-pci\n");
    }

    @Test
    void whoeverAskedHearsEverythingAsBefore() throws Exception {
        begun(connections.thisMachine());
        helper.says("started", 0, 1, "");
        helper.says("waiting", 0, 1000, "", "1");
        helper.says("finished", -1, 1, "denied");
        assertThat(heard).extracting(entry -> entry.what).containsExactly("started", "waiting", "finished");
    }

    @Test
    void aSwitchWhoseEndNobodyHeardIsThereAllTheSame() throws Exception {
        begun(connections.thisMachine());
        assertThat(only().end()).isEmpty();
        assertThat(text(only()).result()).isEqualTo("Nobody heard how it ended.");
        assertThat(text(only()).kind()).isEqualTo(AttemptText.Kind.OPEN);
    }

    @Test
    void whatWasPutBackIsAmongTheWritesAndTheReasonIsTold() throws Exception {
        HelperConnection connection = begun(connections.thisMachine());
        helper.doesSteps(0, 6);
        helper.says("started", 7, 1, "");
        helper.says("failed", 7, 40, "EBUSY");
        helper.says("undoing", 6, 1, "");
        helper.says("undone", 6, 1, "");
        helper.says("finished", -1, 1, "put-back");
        connection.close();
        Attempt attempt = only();
        assertThat(attempt.writes().getLast()).isEqualTo("echo 0000:04:00.0 | sudo tee /sys/bus/pci/drivers/nvidia/bind");
        AttemptText text = text(attempt);
        assertThat(text.kind()).isEqualTo(AttemptText.Kind.UNCHANGED);
        assertThat(text.steps().get(7).note()).contains("EBUSY");
        assertThat(text.steps().get(6).state()).isEqualTo("put back");
        assertThat(text.steps().get(8).state()).isEqualTo("not begun");
    }

    @Test
    void aPlanThatIsNotTakenIsAnAttemptToo() throws Exception {
        notTaken(HelperProblem.Kind.STALE);
        assertThat(text(only()).result()).startsWith("The machine has changed since the plan was made.");
        assertThat(only().succeeded()).isFalse();
    }

    @Test
    void puttingBackWhatWasLeftHalfDoneIsAnAttempt() throws Exception {
        HelperConnection connection = connections.thisMachine();
        connection.inspect(false);
        connection.restore(ScriptedHelper.GTX_1080, heard::add);
        helper.says("finished", -1, 1, "done");
        connection.close();
        assertThat(only().target()).isEqualTo("host");
        assertThat(text(only()).result()).isEqualTo("NVIDIA GeForce GTX 1080 is back in host mode.");
    }

    @Test
    void whatIsPutBackAreTheStepsOfTheAttemptThatWasLeftHalfDone() throws Exception {
        HelperConnection connection = begun(connections.thisMachine());
        helper.doesSteps(0, 6);
        helper.says("finished", -1, 1, "mixed");
        connection.restore(ScriptedHelper.GTX_1080, heard::add);
        helper.says("undoing", 6, 1, "");
        helper.says("undone", 6, 1, "");
        helper.says("finished", -1, 1, "put-back");
        connection.close();
        assertThat(log.content().attempts()).hasSize(2);
        Attempt back = log.content().attempts().stream()
                .filter(attempt -> attempt.target().equals("host"))
                .findFirst()
                .orElseThrow();
        assertThat(back.writes()).containsExactly("echo 0000:04:00.0 | sudo tee /sys/bus/pci/drivers/nvidia/bind");
        assertThat(text(back).steps().get(6).state()).isEqualTo("put back");
    }

    @Test
    void whatHasToWaitUntilSomethingIsPutBackIsNoAttempt() throws Exception {
        notTaken(HelperProblem.Kind.INCOMPLETE);
        assertThat(log.content().attempts()).isEmpty();
    }

    @Test
    void aModuleThatIsThereAlreadyOrADeviceThatIsAwakeMakesNoOtherPlan() throws Exception {
        HelperConnection connection = begun(connections.thisMachine());
        helper.says("finished", -1, 1, "done");
        connection.close();
        List<PlannedStep> steps = only().steps();
        List<PlannedStep> second = steps.stream()
                .filter(step -> !step.kind.equals("module") && !step.kind.equals("power"))
                .toList();
        assertThat(second).hasSizeLessThan(steps.size());
        assertThat(only().planned(second)).isTrue();
        assertThat(only().planned(second.subList(1, second.size()))).isFalse();
    }

    @Test
    void whatIsKeptOfTheMachineNamesNobody() throws Exception {
        helper.isHeldBy(4121, "secret-program", "ann", "snd/controlC7");
        begun(connections.thisMachine());
        assertThat(only().before().toText())
                .doesNotContain("secret-program")
                .doesNotContain("= ann")
                .doesNotContain("/proc/cmdline")
                .contains("/sys/bus/pci/devices/0000:04:00.0/vendor");
    }

    @Test
    void anAttemptOnASampleMachineIsMarked() throws Exception {
        Capture sample = SampleMachines.load("iommu-off").orElseThrow();
        ScriptedConnections scripted = new ScriptedConnections(helper);
        HelperConnection connection = new RecordedConnections(
                        scripted, log, Attempt.By.WINDOW, Clock.fixed(NOON, ZoneOffset.UTC))
                .simulated(sample, new Source.Sample("iommu-off"));
        connection.inspect(false);
        connection.restore(PciAddress.of("06:00.0"), heard::add);
        assertThat(only().where()).isEqualTo("iommu-off");
        assertThat(text(only()).circumstances()).endsWith("on iommu-off: simulated and not saved");
    }

    private void notTaken(HelperProblem.Kind why) {
        helper.switchesFailWith(why);
        HelperConnection connection = connections.thisMachine();
        assertThatThrownBy(() -> begun(connection)).isInstanceOf(HelperProblem.class);
    }

    private HelperConnection begun(HelperConnection connection) throws HelperProblem {
        connection.inspect(false);
        connection.apply(connection.plan(ScriptedHelper.GTX_1080, "vm", List.of(), false).id, heard::add);
        return connection;
    }

    private Attempt only() {
        assertThat(log.content().attempts()).hasSize(1);
        return log.content().attempts().getFirst();
    }

    private static AttemptText text(Attempt attempt) {
        return new AttemptText(Words.in(Locale.ENGLISH), ZoneOffset.UTC, attempt);
    }
}
