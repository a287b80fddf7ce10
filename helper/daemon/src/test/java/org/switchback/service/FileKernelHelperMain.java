package org.switchback.service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.TestSnapshots;
import org.switchback.kernel.Kernel;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;
import org.switchback.simulator.SimulatedKernel;

/**
 * The helper's own main with a simulated kernel that outlives its process: its state is in a file. Takes the folder of
 * that file and of the journal, and at which write it stops and waits (0 for none), which it does only once.
 */
final class FileKernelHelperMain {
    static final String MACHINE = "x99-gtx1080-efifb";

    private FileKernelHelperMain() {}

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        FileKernel kernel = new FileKernel(folder.resolve("machine"), Integer.parseInt(args[1]));
        System.exit(HelperMain.run(
                System.getenv("DBUS_SYSTEM_BUS_ADDRESS"), kernel, folder.resolve("run"), Duration.ofMinutes(5)));
    }

    /** File that is made when the write is reached at which the kernel waits. */
    static Path waitingFile(Path folder) {
        return folder.resolve("machine.waiting");
    }

    /** File that lets it go on. */
    static Path continueFile(Path folder) {
        return folder.resolve("machine.go");
    }

    private static final class FileKernel implements Kernel {
        private final SimulatedKernel kernel;
        private final Path file;

        FileKernel(Path file, int waitAt) throws IOException, MachineSnapshot.MalformedSnapshotException {
            this.file = file;
            MachineSnapshot asBooted = TestSnapshots.load(MACHINE);
            kernel = new SimulatedKernel(Files.exists(file) ? MachineSnapshot.parse(Files.readString(file)) : asBooted);
            // A kernel knows its drivers, bound or not.
            SnapshotParser.parse(asBooted).devices().forEach((address, device) -> device.driver()
                    .ifPresent(driver -> kernel.addNativeDriver(address, driver)));
            AtomicInteger writes = new AtomicInteger();
            kernel.beforeEachWrite(write -> {
                if (writes.incrementAndGet() == waitAt && !Files.exists(waitingFile(file.getParent()))) {
                    awaitContinueFile();
                }
            });
            kernel.afterEachWrite((write, answer) -> save());
        }

        private void awaitContinueFile() {
            try {
                Files.createFile(waitingFile(file.getParent()));
                Deadline.seconds(60).await("the word to go on", () -> Files.exists(continueFile(file.getParent())));
            } catch (IOException | InterruptedException broken) {
                throw new AssertionError(broken);
            }
        }

        private void save() {
            try {
                Path fresh = file.resolveSibling("machine.new");
                Files.writeString(fresh, kernel.readSnapshot().toText());
                Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException full) {
                throw new AssertionError(full);
            }
        }

        @Override
        public MachineSnapshot readSnapshot() {
            return kernel.readSnapshot();
        }

        @Override
        public String bootId() {
            return "one-boot";
        }

        @Override
        public String readSetting(Setting setting) {
            return kernel.readSetting(setting);
        }

        @Override
        public List<DeviceUser> readDeviceUsers(List<PciAddress> functions) {
            return kernel.readDeviceUsers(functions);
        }

        @Override
        public boolean hasOops() {
            return kernel.hasOops();
        }

        @Override
        public WriteResult write(KernelWrite write, Duration patience, Consumer<Duration> waiting) {
            return kernel.write(write, patience, waiting);
        }

        @Override
        public VfioCheck verifyVfio(List<PciAddress> functions) {
            return kernel.verifyVfio(functions);
        }
    }
}
