package org.switchback.gui.activity;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperException;
import org.switchback.client.ScriptedConnections;
import org.switchback.client.ScriptedHelper;
import org.switchback.client.activity.ActivityLog;
import org.switchback.client.activity.RecordingConnections;
import org.switchback.client.activity.SwitchRecord;
import org.switchback.client.messages.Messages;
import org.switchback.gui.tasks.BackgroundTasks;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.SnapshotParser;
import org.switchback.job.SwitchRun;
import org.switchback.plan.Target;

class ActivityViewModelTest {
    private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

    @TempDir
    Path folder;

    private final ActivityLog activityLog = ActivityLog.inMemory();
    private final ScriptedHelper helper = ScriptedHelper.withGtx1080();
    private final ActivityViewModel model = new ActivityViewModel(
            activityLog,
            new BackgroundTasks(Runnable::run, Runnable::run),
            Messages.forLocale(Locale.ENGLISH),
            ZoneOffset.UTC);

    @Test
    void isEmptyBeforeTheFirstSwitch() {
        assertThat(model.rows()).isEmpty();
        assertThat(model.detailsProperty().get()).isNull();
        assertThat(model.plainText()).isEmpty();
    }

    @Test
    void newSwitchAppearsWithItsDetails() throws Exception {
        switchToVm(0);
        assertThat(model.rows()).hasSize(1);
        ActivityViewModel.RecordDetails details =
                Objects.requireNonNull(model.detailsProperty().get());
        assertThat(details.row().title()).isEqualTo("Switch NVIDIA GeForce GTX 1080 to VM mode");
        assertThat(details.row().status()).isEqualTo(SwitchRun.Result.SUCCEEDED);
        assertThat(details.steps()).hasSize(11);
        assertThat(details.shellCommands().lines()).hasSize(9);
        assertThat(details.memoryMapChanges()).contains("efifb (8.4 MiB)");
        assertThat(model.plainText()).startsWith("Switch NVIDIA GeForce GTX 1080 to VM mode\n");
    }

    @Test
    void selectionFollowsTheNewestRecordButStaysOnAnOlderOne() throws Exception {
        switchToVm(0);
        switchToVm(60);
        assertThat(selectedId()).isEqualTo(model.rows().getFirst().id());
        String older = model.rows().getLast().id();
        model.select(older);
        switchToVm(120);
        assertThat(model.rows()).hasSize(3);
        assertThat(selectedId()).isEqualTo(older);
    }

    @Test
    void reportIsAnonymizedUnlessNamesAreIncluded() throws Exception {
        helper.openDeviceNode(4121, "Xorg", "somebody", "dri/card7");
        assertThat(model.canSaveProperty().get()).isFalse();
        model.setConnection(helper);
        assertThat(model.canSaveProperty().get()).isTrue();
        Path file = folder.resolve("report.txt");
        model.saveReport(file, false);
        assertThat(model.noticeProperty().get()).startsWith("Saved as " + file);
        assertThat(Files.readString(file)).doesNotContain("somebody");
        assertThat(SnapshotParser.parse(MachineSnapshot.parse(Files.readString(file)))
                        .gpus())
                .hasSize(2);
        model.saveReport(file, true);
        assertThat(Files.readString(file)).contains("somebody");
    }

    @Test
    void unwritableReportShowsANotice() {
        model.setConnection(helper);
        model.saveReport(Path.of("/proc/nowhere/report.txt"), false);
        assertThat(model.noticeProperty().get()).isEqualTo("/proc/nowhere/report.txt can't be written.");
    }

    @Test
    void damagedLogShowsANotice() throws Exception {
        Path file = Files.writeString(folder.resolve("activity.jsonl"), "garbage");
        ActivityViewModel damaged = new ActivityViewModel(
                ActivityLog.ofFile(file),
                new BackgroundTasks(Runnable::run, Runnable::run),
                Messages.forLocale(Locale.ENGLISH),
                ZoneOffset.UTC);
        assertThat(damaged.noticeProperty().get())
                .isEqualTo("Parts of the record could not be read. The whole text is kept in " + file + ".damaged-1.");
    }

    private String selectedId() {
        return Objects.requireNonNull(model.detailsProperty().get()).row().id();
    }

    private void switchToVm(int second) throws HelperException {
        ScriptedHelper one = ScriptedHelper.withGtx1080();
        HelperConnection connection = new RecordingConnections(
                        new ScriptedConnections(one),
                        activityLog,
                        SwitchRecord.SwitchInitiator.WINDOW,
                        Clock.fixed(NOON.plus(Duration.ofSeconds(second)), ZoneOffset.UTC))
                .openThisMachine();
        connection.inspect(false);
        connection.apply(
                connection
                        .plan(ScriptedHelper.GTX_1080, Target.VM, List.of(), false)
                        .id(),
                entry -> {});
        one.completeSteps(0, 10);
        one.setVmMode();
        one.emitEvent("finished", -1, 1, "done");
        connection.close();
    }
}
