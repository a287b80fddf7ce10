package org.switchback.client.activity;

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
import org.switchback.client.MachineSource;
import org.switchback.client.WireEvents;
import org.switchback.client.messages.Messages;
import org.switchback.client.samples.SampleMachines;
import org.switchback.client.storage.StateDirectory;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.job.Outcome;
import org.switchback.job.PlannedStep;
import org.switchback.job.RefusalSummary;
import org.switchback.job.StepKind;
import org.switchback.plan.RefusalCode;
import org.switchback.plan.Step;
import org.switchback.plan.Target;

class ActivityLogTest {
    private static final PciAddress GPU = PciAddress.of("04:00.0");
    private static final PciAddress AUDIO = PciAddress.of("04:00.1");

    @TempDir
    Path directory;

    private Path file;

    @BeforeEach
    void useMissingDirectory() {
        file = directory.resolve("state/switchback/activity.jsonl");
    }

    @Test
    void recordIsReadBackUnchanged() {
        SwitchRecord record = createRecord("one", "", 0);
        ActivityLog.ofFile(file).put(record);
        SwitchRecord readBack = ActivityLog.ofFile(file).load().records().getFirst();
        assertThat(readBack.startedAt()).isEqualTo(record.startedAt());
        assertThat(readBack.initiator()).isEqualTo(SwitchRecord.SwitchInitiator.WINDOW);
        assertThat(readBack.snapshotBefore()).isEqualTo(record.snapshotBefore());
        assertThat(readBack.snapshotAfter()).isEqualTo(record.snapshotAfter());
        assertThat(readBack.steps()).usingRecursiveComparison().isEqualTo(record.steps());
        assertThat(readBack.events()).usingRecursiveComparison().isEqualTo(record.events());
        assertThat(readBack.shellCommands()).containsExactly("echo 0000:04:00.0 | sudo tee /sys/unbind");
        assertThat(readBack.isReportedDone()).isTrue();
    }

    @Test
    void recordWithTheSameIdIsReplaced() {
        ActivityLog log = ActivityLog.ofFile(file);
        log.put(createRecord("one", "", 0));
        log.put(createRecord("two", "", 60));
        log.put(createRecord("one", "", 0));
        assertThat(log.load().records()).extracting(SwitchRecord::id).containsExactly("two", "one");
    }

    @Test
    void findsTheLatestMatchingRecordOfAGpu() {
        ActivityLog log = ActivityLog.ofFile(file);
        log.put(createRecord("one", "", 0));
        log.put(createRecord("two", "", 60));
        log.put(createRecord("elsewhere", "x99-gtx1080-efifb", 120));
        MachineSource thisMachine = new MachineSource.ThisMachine();
        assertThat(log.findLatest(thisMachine, GPU, record -> true))
                .map(SwitchRecord::id)
                .contains("two");
        assertThat(log.findLatest(thisMachine, GPU, record -> record.id().equals("one")))
                .isPresent();
        assertThat(log.findLatest(thisMachine, AUDIO, record -> true)).isEmpty();
        assertThat(log.findLatest(new MachineSource.SampleMachine("x99-gtx1080-efifb"), GPU, record -> true))
                .map(SwitchRecord::id)
                .contains("elsewhere");
    }

    @Test
    void readingAMissingLogCreatesNoFile() {
        assertThat(ActivityLog.ofFile(file).load().records()).isEmpty();
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void recordsOfSampleMachinesAreNotSaved() {
        ActivityLog log = ActivityLog.ofFile(file);
        log.put(createRecord("one", "x99-gtx1080-efifb", 0));
        assertThat(log.load().records()).hasSize(1);
        assertThat(ActivityLog.ofFile(file).load().records()).isEmpty();
        assertThat(file).doesNotExist();
    }

    @Test
    void fileIsReadableByTheOwnerOnly() throws IOException {
        ActivityLog.ofFile(file).put(createRecord("one", "", 0));
        assertThat(Files.getPosixFilePermissions(file))
                .containsExactlyInAnyOrder(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
    }

    @Test
    void listenersAreNotified() {
        List<String> notifications = new ArrayList<>();
        ActivityLog log = ActivityLog.ofFile(file);
        log.addChangeListener(() -> notifications.add("changed"));
        log.put(createRecord("one", "", 0));
        assertThat(notifications).containsExactly("changed");
    }

    @Test
    void oldestRecordsAreDropped() {
        ActivityLog log = ActivityLog.inMemory();
        for (int i = 0; i < ActivityLog.MAX_RECORDS + 3; i++) {
            log.put(createRecord("a" + i, "", i));
        }
        assertThat(log.load().records()).hasSize(ActivityLog.MAX_RECORDS);
        assertThat(log.load().records().getLast().id()).isEqualTo("a3");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "garbage",
                "{\"format\":\"switchback-activity\",\"version\":2}\n{}",
                "{\"format\":\"switchback-activity\",\"version\":1}\n{\"id\":\"x\"}\n",
                "{\"format\":\"switchback-activity\",\"version\":1}\n[1,2\n",
                "{\"format\":\"switchback-activity\",\"version\":1}\nnull\n",
            })
    void damagedFileIsBackedUpAndReported(String content) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
        ActivityLog log = ActivityLog.ofFile(file);
        ActivityLog.ActivityLogContent found = log.load();
        Path backup = file.resolveSibling("activity.jsonl.damaged-1");
        assertThat(found.problem()).contains(new ActivityLog.ActivityLogProblem.DamagedLogFile(backup));
        assertThat(found.problem().orElseThrow().format(Messages.forLocale(Locale.ENGLISH)))
                .contains(backup.toString());
        assertThat(Files.readString(backup)).isEqualTo(content);
        log.put(createRecord("one", "", 0));
        assertThat(log.load().records()).hasSize(1);
        assertThat(log.load().problem()).isEmpty();
    }

    @Test
    void intactRecordsOfADamagedFileAreKept() throws IOException {
        ActivityLog log = ActivityLog.ofFile(file);
        log.put(createRecord("one", "", 0));
        log.put(createRecord("two", "", 1));
        List<String> lines = new ArrayList<>(Files.readAllLines(file));
        lines.set(1, lines.get(1).substring(0, 40));
        Files.write(file, lines);
        assertThat(log.load().records()).extracting(SwitchRecord::id).containsExactly("two");
        Files.writeString(file, "again");
        assertThat(log.load().problem())
                .contains(new ActivityLog.ActivityLogProblem.DamagedLogFile(
                        file.resolveSibling("activity.jsonl.damaged-2")));
    }

    /** Truncates the file at many positions, as a power failure during a non-atomic write would. */
    @Test
    void truncatedFileIsAlwaysBackedUp() throws IOException {
        ActivityLog.ofFile(file).put(createRecord("one", "", 0));
        String fullText = Files.readString(file);
        for (int end = 0; end < fullText.length() - 1; end += 499) {
            Path truncated =
                    Files.createDirectories(directory.resolve("cut-" + end)).resolve("activity.jsonl");
            Files.writeString(truncated, fullText.substring(0, end));
            ActivityLog.ActivityLogContent content =
                    ActivityLog.ofFile(truncated).load();
            boolean onlyHeader = fullText.substring(0, end).equals(ActivityLog.HEADER_LINE)
                    || fullText.substring(0, end).equals(ActivityLog.HEADER_LINE + "\n");
            assertThat(content.problem().isPresent()).as("cut at %d", end).isNotEqualTo(onlyHeader);
            try (Stream<Path> files = Files.list(truncated.getParent())) {
                assertThat(files.anyMatch(path -> path.toString().endsWith(".damaged-1")))
                        .isNotEqualTo(onlyHeader);
            }
        }
    }

    @Test
    void recordIsKeptInMemoryWhenTheFileIsNotWritable() throws IOException {
        Path blocked = Files.writeString(directory.resolve("file"), "");
        ActivityLog log = ActivityLog.ofFile(blocked.resolve("activity.jsonl"));
        log.put(createRecord("one", "", 0));
        assertThat(log.load().records()).hasSize(1);
    }

    @Test
    void concurrentWritersLoseNoRecord() throws Exception {
        List<Thread> threads = new ArrayList<>();
        for (int thread = 0; thread < 4; thread++) {
            int number = thread;
            threads.add(Thread.ofPlatform().start(() -> {
                ActivityLog log = ActivityLog.ofFile(file);
                for (int i = 0; i < 5; i++) {
                    log.put(createRecord(number + "-" + i, "", i));
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join(20_000);
        }
        assertThat(ActivityLog.ofFile(file).load().records()).hasSize(20);
    }

    @Test
    void stateDirectoryFollowsTheXdgSpecification() {
        assertThat(StateDirectory.of(Map.of("XDG_STATE_HOME", "/x/state", "HOME", "/home/ann")))
                .isEqualTo(Path.of("/x/state/switchback"));
        assertThat(StateDirectory.of(Map.of("XDG_STATE_HOME", "relative", "HOME", "/home/ann")))
                .isEqualTo(Path.of("/home/ann/.local/state/switchback"));
        assertThat(StateDirectory.of(Map.of()))
                .as("a service has no HOME")
                .isEqualTo(Path.of(System.getProperty("user.home"), ".local/state/switchback"));
    }

    private static SwitchRecord createRecord(String id, String machineName, int second) {
        var snapshot = SampleMachines.load(SampleMachines.DEFAULT).orElseThrow();
        return new SwitchRecord(
                id,
                Instant.parse("2026-11-22T18:00:00Z").plusSeconds(second),
                SwitchRecord.SwitchInitiator.WINDOW,
                machineName,
                GPU,
                Target.VM,
                List.of(new PlannedStep(
                        StepKind.DRIVER,
                        GPU.toString(),
                        "nvidia",
                        "",
                        Step.UndoPolicy.REVERSIBLE,
                        "echo 0000:04:00.0 | sudo tee /sys/unbind",
                        "back",
                        Optional.empty(),
                        Optional.empty())),
                List.of(
                        WireEvents.event("started", 0, 5, ""),
                        WireEvents.event("failed", 0, 25_000, "in-use", "a", "ü"),
                        WireEvents.event("finished", -1, 30_000, "done")),
                Optional.empty(),
                SwitchRecord.filterSnapshot(snapshot, List.of(GPU, AUDIO)),
                Optional.of(SwitchRecord.filterSnapshot(snapshot, List.of(GPU, AUDIO))));
    }

    /** A record as version 0.1.0 wrote it: with the names of that version. */
    @Test
    void recordsOfVersion010AreRead() {
        String line = """
                {"id":"1","began":"2026-11-22T18:00:00Z","by":"COMMAND_LINE",
                "gpu":"0000:04:00.0","target":"vm","steps":[
                ["check-unused","0000:04:00.0","","","not-needed","","","",""],
                ["module","vfio-pci","","loaded","stays","sudo modprobe vfio-pci","","",""],
                ["power","0000:04:00.0","auto","on","reversible","a","b","",""],
                ["override","0000:04:00.0","","vfio-pci","reversible","a","b","",""],
                ["framebuffer","efi-framebuffer.0","efi-framebuffer","",
                "reversible","a","b","unbind","goes-with-driver"],
                ["summon","0000:04:00.0","","","stays","a","","native-driver",""],
                ["withdraw","0000:04:00.0","","","not-needed","a","","native-driver",""],
                ["region","0000:04:00.0 c0-cf","BOOTFB","","until-restart","a","","module","outlives-driver"],
                ["offer","0000:04:00.0","","","reversible","a","b","",""],
                ["eviction","0000:04:00.0","0 efifb c0-cf","","until-restart","","","vfio-pci","vga"],
                ["check-proven","0000:04:00.0","","","not-needed","","","",""],
                ["check-back","0000:04:00.0","","","not-needed","","","",""]],"log":[
                {"what":"authorized","step":-1,"micros":0,"detail":"","values":[]},
                {"what":"failed","step":-1,"micros":1,"detail":"never-moves-bridge","values":["00:03.0","bridge"]},
                {"what":"failed","step":2,"micros":2,"detail":"EBUSY","values":[]},
                {"what":"finished","step":-1,"micros":3,"detail":"put-back","values":[]}],
                "before":"BEFORE"}""".replace("\n", "")
                .replace("BEFORE", MachineSnapshot.EMPTY.toText().replace("\n", "\\n"));

        SwitchRecord record = SwitchRecordCodec.read(line).orElseThrow();

        assertThat(record.steps())
                .extracting(PlannedStep::kind)
                .containsExactly(
                        StepKind.CHECK_UNUSED,
                        StepKind.KERNEL_MODULE,
                        StepKind.POWER_CONTROL,
                        StepKind.DRIVER_OVERRIDE,
                        StepKind.FRAMEBUFFER_DRIVER,
                        StepKind.LOAD_DRIVER,
                        StepKind.UNBIND_ANY,
                        StepKind.FRAMEBUFFER_REGION,
                        StepKind.PROBE_ANY,
                        StepKind.FRAMEBUFFER_EVICTION,
                        StepKind.CHECK_VFIO_USABLE,
                        StepKind.CHECK_HOST_DRIVERS_BOUND);
        assertThat(record.end().orElseThrow().outcome()).isEqualTo(Outcome.ROLLED_BACK);
        assertThat(record.run().refusals())
                .extracting(RefusalSummary::code)
                .containsExactly(RefusalCode.BRIDGE_NOT_MOVABLE);
    }
}
