package org.switchback.service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.switchback.bus.BusTransport;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.TestSnapshots;
import org.switchback.simulator.SimulatedKernel;

/**
 * Runs the helper with a simulated kernel whose state is stored in a file and so outlives the process. Arguments: the
 * folder of that file and of the journal, and the number of the write that blocks (0 for none). A write blocks only
 * once, even if the helper is started again.
 */
final class FileKernelHelperMain {
    static final String MACHINE = "x99-gtx1080-efifb";

    private FileKernelHelperMain() {}

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        startThreadThatDies(folder);
        FileKernel kernel = new FileKernel(folder.resolve("machine"), Integer.parseInt(args[1]));
        System.exit(HelperMain.run(
                System.getenv("DBUS_SYSTEM_BUS_ADDRESS"), kernel, folder.resolve("run"), Duration.ofMinutes(5)));
    }

    /** Stands in for the thread that reads the bus: ends with an exception once a test creates the file. */
    private static void startThreadThatDies(Path folder) {
        Thread.ofPlatform().name(BusTransport.READER_THREAD_NAME).daemon().start(() -> {
            try {
                while (!Files.deleteIfExists(killReaderFile(folder))) {
                    Thread.sleep(10);
                }
            } catch (IOException | InterruptedException e) {
                throw new AssertionError(e);
            }
            throw new IllegalStateException("the reader dies");
        });
    }

    /** File that a test creates to end a thread like the one that reads the bus. */
    static Path killReaderFile(Path folder) {
        return folder.resolve("kill-reader");
    }

    /** File that is created when the blocking write begins. */
    static Path waitingFile(Path folder) {
        return folder.resolve("machine.waiting");
    }

    /** File that a test creates to let the blocking write continue. */
    static Path continueFile(Path folder) {
        return folder.resolve("machine.go");
    }

    private static final class FileKernel extends ForwardingKernel {
        private final Path file;

        FileKernel(Path file, int blockedWrite) throws IOException, MachineSnapshot.MalformedSnapshotException {
            super(new SimulatedKernel(
                    Files.exists(file) ? MachineSnapshot.parse(Files.readString(file)) : TestSnapshots.load(MACHINE)));
            this.file = file;
            // The kernel also needs the drivers that are not bound in the stored state.
            SnapshotParser.parse(TestSnapshots.load(MACHINE)).devices().forEach((address, device) -> device.driver()
                    .ifPresent(driver -> simulated().addNativeDriver(address, driver)));
            AtomicInteger writeCount = new AtomicInteger();
            simulated().beforeEachWrite(write -> {
                if (writeCount.incrementAndGet() == blockedWrite && !Files.exists(waitingFile(file.getParent()))) {
                    awaitContinueFile();
                }
            });
            simulated().afterEachWrite((write, result) -> save());
        }

        private void awaitContinueFile() {
            try {
                Files.createFile(waitingFile(file.getParent()));
                Deadline.seconds(60)
                        .await(
                                "the file that lets the write continue",
                                () -> Files.exists(continueFile(file.getParent())));
            } catch (IOException | InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        private void save() {
            try {
                Path newFile = file.resolveSibling("machine.new");
                Files.writeString(newFile, readSnapshot().toText());
                Files.move(newFile, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        /** The same in every process, so that a helper that starts again continues the boot. */
        @Override
        public String bootId() {
            return "one-boot";
        }
    }
}
