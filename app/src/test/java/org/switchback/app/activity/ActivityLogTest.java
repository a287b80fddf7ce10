package org.switchback.app.activity;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.switchback.app.helper.Source;
import org.switchback.app.samples.SampleMachines;
import org.switchback.app.state.StateFolder;
import org.switchback.app.words.Words;
import org.switchback.hardware.PciAddress;
import org.switchback.protocol.JobEntry;
import org.switchback.protocol.PlannedStep;

class ActivityLogTest {
    private static final PciAddress GPU = PciAddress.of("04:00.0");
    private static final PciAddress SOUND = PciAddress.of("04:00.1");

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void inAFolderThatIsNotThereYet() {
        file = folder.resolve("state/switchback/activity.jsonl");
    }

    @Test
    void anAttemptIsThereAfterARestartAsItWas() {
        Attempt attempt = attempt("one", "", 0);
        ActivityLog.in(file).put(attempt);
        Attempt again = ActivityLog.in(file).content().attempts().getFirst();
        assertThat(again.began()).isEqualTo(attempt.began());
        assertThat(again.by()).isEqualTo(Attempt.By.WINDOW);
        assertThat(again.before()).isEqualTo(attempt.before());
        assertThat(again.after()).isEqualTo(attempt.after());
        assertThat(again.steps()).usingRecursiveComparison().isEqualTo(attempt.steps());
        assertThat(again.log()).usingRecursiveComparison().isEqualTo(attempt.log());
        assertThat(again.writes()).containsExactly("echo 0000:04:00.0 | sudo tee /sys/unbind");
        assertThat(again.succeeded()).isTrue();
    }

    @Test
    void whatHasBecomeOfAnAttemptTakesItsPlace() {
        ActivityLog log = ActivityLog.in(file);
        log.put(attempt("one", "", 0));
        log.put(attempt("two", "", 60));
        log.put(attempt("one", "", 0));
        assertThat(log.content().attempts()).extracting(Attempt::id).containsExactly("two", "one");
    }

    @Test
    void theNewestAttemptOnAGpuIsFoundByWhatItCameTo() {
        ActivityLog log = ActivityLog.in(file);
        log.put(attempt("one", "", 0));
        log.put(attempt("two", "", 60));
        log.put(attempt("elsewhere", "x99-gtx1080-efifb", 120));
        Source here = new Source.ThisMachine();
        assertThat(log.newest(here, GPU, attempt -> true)).map(Attempt::id).contains("two");
        assertThat(log.newest(here, GPU, attempt -> attempt.id().equals("one"))).isPresent();
        assertThat(log.newest(here, SOUND, attempt -> true)).isEmpty();
        assertThat(log.newest(new Source.Sample("x99-gtx1080-efifb"), GPU, attempt -> true))
                .map(Attempt::id)
                .contains("elsewhere");
    }

    @Test
    void lookingAtNothingWritesNothing() {
        assertThat(ActivityLog.in(file).content().attempts()).isEmpty();
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void attemptsOnASampleMachineAreForgottenWithTheProgram() {
        ActivityLog log = ActivityLog.in(file);
        log.put(attempt("one", "x99-gtx1080-efifb", 0));
        assertThat(log.content().attempts()).hasSize(1);
        assertThat(ActivityLog.in(file).content().attempts()).isEmpty();
        assertThat(file).doesNotExist();
    }

    @Test
    void nobodyElseMayReadTheFile() throws IOException {
        ActivityLog.in(file).put(attempt("one", "", 0));
        assertThat(Files.getPosixFilePermissions(file))
                .containsExactlyInAnyOrder(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
    }

    @Test
    void whoeverListensIsTold() {
        List<String> told = new ArrayList<>();
        ActivityLog log = ActivityLog.in(file);
        log.onChange(() -> told.add("told"));
        log.put(attempt("one", "", 0));
        assertThat(told).containsExactly("told");
    }

    @Test
    void theOldestAreDropped() {
        ActivityLog log = ActivityLog.inMemory();
        for (int i = 0; i < ActivityLog.MOST + 3; i++) {
            log.put(attempt("a" + i, "", i));
        }
        assertThat(log.content().attempts()).hasSize(ActivityLog.MOST);
        assertThat(log.content().attempts().getLast().id()).isEqualTo("a3");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "garbage", "{\"format\":\"switchback-activity\",\"version\":2}\n{}",
                "{\"format\":\"switchback-activity\",\"version\":1}\n{\"id\":\"x\"}\n",
                "{\"format\":\"switchback-activity\",\"version\":1}\n[1,2\n",
                "{\"format\":\"switchback-activity\",\"version\":1}\nnull\n",
            })
    void aDamagedFileIsSetAsideAndSaid(String content) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
        ActivityLog log = ActivityLog.in(file);
        ActivityLog.Content found = log.content();
        Path kept = file.resolveSibling("activity.jsonl.damaged-1");
        assertThat(found.trouble()).contains(new ActivityLog.Trouble.SetAside(kept));
        assertThat(found.trouble().orElseThrow().text(Words.in(Locale.ENGLISH))).contains(kept.toString());
        assertThat(Files.readString(kept)).isEqualTo(content);
        log.put(attempt("one", "", 0));
        assertThat(log.content().attempts()).hasSize(1);
        assertThat(log.content().trouble()).isEmpty();
    }

    @Test
    void whatIsWholeInADamagedFileIsKept() throws IOException {
        ActivityLog log = ActivityLog.in(file);
        log.put(attempt("one", "", 0));
        log.put(attempt("two", "", 1));
        List<String> lines = new ArrayList<>(Files.readAllLines(file));
        lines.set(1, lines.get(1).substring(0, 40));
        Files.write(file, lines);
        assertThat(log.content().attempts()).extracting(Attempt::id).containsExactly("two");
        Files.writeString(file, "again");
        assertThat(log.content().trouble())
                .contains(new ActivityLog.Trouble.SetAside(file.resolveSibling("activity.jsonl.damaged-2")));
    }

    /** Cut anywhere, as a power cut without a whole file would. */
    @Test
    void aFileCutAnywhereNeverLosesWhatWasInIt() throws IOException {
        ActivityLog.in(file).put(attempt("one", "", 0));
        String whole = Files.readString(file);
        for (int end = 0; end < whole.length() - 1; end += 499) {
            Path cut = Files.createDirectories(folder.resolve("cut-" + end)).resolve("activity.jsonl");
            Files.writeString(cut, whole.substring(0, end));
            ActivityLog.Content content = ActivityLog.in(cut).content();
            boolean headAlone = whole.substring(0, end).equals(ActivityLog.FIRST_LINE)
                    || whole.substring(0, end).equals(ActivityLog.FIRST_LINE + "\n");
            assertThat(content.trouble().isPresent()).as("cut at %d", end).isNotEqualTo(headAlone);
            try (Stream<Path> files = Files.list(cut.getParent())) {
                assertThat(files.anyMatch(kept -> kept.toString().endsWith(".damaged-1"))).isNotEqualTo(headAlone);
            }
        }
    }

    @Test
    void aFileThatCannotBeWrittenIsSaidAndTheAttemptRemembered() throws IOException {
        Path blocked = Files.writeString(folder.resolve("file"), "");
        ActivityLog log = ActivityLog.in(blocked.resolve("activity.jsonl"));
        log.put(attempt("one", "", 0));
        assertThat(log.content().attempts()).hasSize(1);
    }

    @Test
    void windowAndCommandLineAtOnceLoseNothing() throws Exception {
        List<Thread> programs = new ArrayList<>();
        for (int program = 0; program < 4; program++) {
            int number = program;
            programs.add(Thread.ofPlatform().start(() -> {
                ActivityLog own = ActivityLog.in(file);
                for (int i = 0; i < 5; i++) {
                    own.put(attempt(number + "-" + i, "", i));
                }
            }));
        }
        for (Thread program : programs) {
            program.join(20_000);
        }
        assertThat(ActivityLog.in(file).content().attempts()).hasSize(20);
    }

    @Test
    void theStateFolderIsTheUsers() {
        assertThat(StateFolder.of(Map.of("XDG_STATE_HOME", "/x/state", "HOME", "/home/ann")))
                .isEqualTo(Path.of("/x/state/switchback"));
        assertThat(StateFolder.of(Map.of("XDG_STATE_HOME", "relative", "HOME", "/home/ann")))
                .isEqualTo(Path.of("/home/ann/.local/state/switchback"));
        assertThat(StateFolder.of(Map.of()))
                .as("a service is told of no home")
                .isEqualTo(Path.of(System.getProperty("user.home"), ".local/state/switchback"));
    }

    private static Attempt attempt(String id, String where, int second) {
        var machine = SampleMachines.load(SampleMachines.DEFAULT).orElseThrow();
        return new Attempt(
                id,
                Instant.parse("2026-11-22T18:00:00Z").plusSeconds(second),
                Attempt.By.WINDOW,
                where,
                GPU,
                "vm",
                List.of(new PlannedStep(
                        "driver", GPU.toString(), "nvidia", "", "reversible", "echo 0000:04:00.0 | sudo tee /sys/unbind", "back", "", "")),
                List.of(
                        new JobEntry("started", 0, 5, "", List.of()),
                        new JobEntry("done", 0, 25_000, "", List.of()),
                        new JobEntry("finished", -1, 30_000, "done", List.of("a", "ü"))),
                Attempt.concerning(machine, List.of(GPU, SOUND)),
                Optional.of(Attempt.concerning(machine, List.of(GPU, SOUND))));
    }
}
