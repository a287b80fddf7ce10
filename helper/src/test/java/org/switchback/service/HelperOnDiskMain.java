package org.switchback.service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Captures;
import org.switchback.hardware.Holder;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.kernel.Kernel;
import org.switchback.kernel.SimulatedKernel;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;

/**
 * The helper's own main with a simulated kernel that outlives its process: its state is in a file. Takes the folder of
 * that file and of the journal, and at which write it stops and waits (0 for none), which it does only once.
 */
final class HelperOnDiskMain {
    static final String MACHINE = "x99-gtx1080-efifb";

    private HelperOnDiskMain() {}

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        DiskKernel kernel = new DiskKernel(folder.resolve("machine"), Integer.parseInt(args[1]));
        System.exit(HelperMain.run(
                System.getenv("DBUS_SYSTEM_BUS_ADDRESS"), kernel, folder.resolve("run"), Duration.ofMinutes(5)));
    }

    /** File that is made when the write is reached at which the kernel waits. */
    static Path waiting(Path folder) {
        return folder.resolve("machine.waiting");
    }

    /** File that lets it go on. */
    static Path goOn(Path folder) {
        return folder.resolve("machine.go");
    }

    private static final class DiskKernel implements Kernel {
        private final SimulatedKernel kernel;
        private final Path file;

        DiskKernel(Path file, int waitAt) throws IOException, Capture.MalformedCapture {
            this.file = file;
            Capture asBooted = Captures.named(MACHINE);
            kernel = new SimulatedKernel(Files.exists(file) ? Capture.parse(Files.readString(file)) : asBooted);
            // A kernel knows its drivers, bound or not.
            MachineReader.read(asBooted)
                    .devices()
                    .forEach((address, device) ->
                            device.driver().ifPresent(driver -> kernel.nativeDriver(address, driver)));
            AtomicInteger writes = new AtomicInteger();
            kernel.beforeEachWrite(write -> {
                if (writes.incrementAndGet() == waitAt && !Files.exists(waiting(file.getParent()))) {
                    waitForGo();
                }
            });
            kernel.afterEachWrite((write, answer) -> save());
        }

        private void waitForGo() {
            try {
                Files.createFile(waiting(file.getParent()));
                Deadline.seconds(60).await("the word to go on", () -> Files.exists(goOn(file.getParent())));
            } catch (IOException | InterruptedException broken) {
                throw new AssertionError(broken);
            }
        }

        private void save() {
            try {
                Path fresh = file.resolveSibling("machine.new");
                Files.writeString(fresh, kernel.capture().toText());
                Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException full) {
                throw new AssertionError(full);
            }
        }

        @Override
        public Capture capture() {
            return kernel.capture();
        }

        @Override
        public String bootId() {
            return "one-boot";
        }

        @Override
        public String read(Setting setting) {
            return kernel.read(setting);
        }

        @Override
        public List<Holder> holders(List<PciAddress> functions) {
            return kernel.holders(functions);
        }

        @Override
        public boolean oops() {
            return kernel.oops();
        }

        @Override
        public Answer write(KernelWrite write, Duration patience, Consumer<Duration> waiting) {
            return kernel.write(write, patience, waiting);
        }

        @Override
        public Proof prove(List<PciAddress> functions) {
            return kernel.prove(functions);
        }
    }
}
