package org.switchback.app.activity;

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
import org.switchback.app.background.Background;
import org.switchback.app.helper.HelperConnection;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.ScriptedConnections;
import org.switchback.app.helper.ScriptedHelper;
import org.switchback.app.words.Words;
import org.switchback.hardware.Capture;
import org.switchback.hardware.MachineReader;

class ActivityViewModelTest {
    private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

    @TempDir
    Path folder;

    private final ActivityLog log = ActivityLog.inMemory();
    private final ScriptedHelper helper = ScriptedHelper.withGtx1080();
    private final ActivityViewModel model = new ActivityViewModel(
            log, new Background(Runnable::run, Runnable::run), Words.in(Locale.ENGLISH), ZoneOffset.UTC);

    @Test
    void beforeTheFirstSwitchThereIsNothingToShow() {
        assertThat(model.rows()).isEmpty();
        assertThat(model.detailsProperty().get()).isNull();
        assertThat(model.text()).isEmpty();
    }

    @Test
    void aSwitchAppearsByItselfWithAllAboutIt() throws Exception {
        switchToVm(0);
        assertThat(model.rows()).hasSize(1);
        ActivityViewModel.Details details = Objects.requireNonNull(model.detailsProperty().get());
        assertThat(details.row().title()).isEqualTo("NVIDIA GeForce GTX 1080 to VM mode");
        assertThat(details.row().kind()).isEqualTo(AttemptText.Kind.DONE);
        assertThat(details.steps()).hasSize(11);
        assertThat(details.writes().lines()).hasSize(9);
        assertThat(details.changes()).contains("efifb (8.4 MiB)");
        assertThat(model.text()).startsWith("NVIDIA GeForce GTX 1080 to VM mode\n");
    }

    @Test
    void whoeverLooksAtTheNewestGoesOnToTheNextAndWhoLooksAtAnOlderOneStaysThere() throws Exception {
        switchToVm(0);
        switchToVm(60);
        assertThat(selected()).isEqualTo(model.rows().getFirst().id());
        String older = model.rows().getLast().id();
        model.select(older);
        switchToVm(120);
        assertThat(model.rows()).hasSize(3);
        assertThat(selected()).isEqualTo(older);
    }

    @Test
    void aReportIsSavedWithoutNamesUnlessTheyAreWanted() throws Exception {
        helper.isHeldBy(4121, "Xorg", "somebody", "dri/card7");
        assertThat(model.canSaveProperty().get()).isFalse();
        model.machine(helper);
        assertThat(model.canSaveProperty().get()).isTrue();
        Path file = folder.resolve("report.txt");
        model.saveReport(file, false);
        assertThat(model.noticeProperty().get()).startsWith("Saved as " + file);
        assertThat(Files.readString(file)).doesNotContain("somebody");
        assertThat(MachineReader.read(Capture.parse(Files.readString(file))).gpus()).hasSize(2);
        model.saveReport(file, true);
        assertThat(Files.readString(file)).contains("somebody");
    }

    @Test
    void aReportThatCannotBeWrittenIsSaid() {
        model.machine(helper);
        model.saveReport(Path.of("/proc/nowhere/report.txt"), false);
        assertThat(model.noticeProperty().get()).isEqualTo("/proc/nowhere/report.txt can't be written.");
    }

    @Test
    void aDamagedRecordIsSaid() throws Exception {
        Path file = Files.writeString(folder.resolve("activity.jsonl"), "garbage");
        ActivityViewModel damaged = new ActivityViewModel(
                ActivityLog.in(file),
                new Background(Runnable::run, Runnable::run),
                Words.in(Locale.ENGLISH),
                ZoneOffset.UTC);
        assertThat(damaged.noticeProperty().get())
                .isEqualTo("Parts of the record could not be understood. All of it is kept in " + file + ".damaged-1.");
    }

    private String selected() {
        return Objects.requireNonNull(model.detailsProperty().get()).row().id();
    }

    private void switchToVm(int second) throws HelperProblem {
        ScriptedHelper one = ScriptedHelper.withGtx1080();
        HelperConnection connection = new RecordedConnections(
                        new ScriptedConnections(one),
                        log,
                        Attempt.By.WINDOW,
                        Clock.fixed(NOON.plus(Duration.ofSeconds(second)), ZoneOffset.UTC))
                .thisMachine();
        connection.inspect(false);
        connection.apply(connection.plan(ScriptedHelper.GTX_1080, "vm", List.of(), false).id, entry -> {});
        one.doesSteps(0, 10);
        one.isInVmMode();
        one.says("finished", -1, 1, "done");
        connection.close();
    }
}
