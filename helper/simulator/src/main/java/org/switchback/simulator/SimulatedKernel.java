package org.switchback.simulator;

import org.switchback.kernel.Kernel;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.FirmwareRegion;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.Machine;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.PciAddress;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;

/**
 * A kernel in memory that begins as a capture shows one and then behaves as Linux does: {@link SimulatedDrivers},
 * {@link SimulatedFramebuffer}, {@link SimulatedVfio} and {@link SimulatedResourceTree} have the rules. Serves the sample machines, and tests, which
 * make it refuse, wait, lie or die.
 *
 * <p>It has a clock of its own, which writes that take time move on; whether real time passes along is the caller's
 * choice. What a write left behind in this kernel goes on when its writer is gone.
 *
 * <p>Safe for several threads.
 */
public final class SimulatedKernel implements Kernel {
    /** Lets real time pass, or not. */
    @FunctionalInterface
    public interface Sleeper {
        /** Only the clock of the simulation moves. */
        Sleeper NO_SLEEP = time -> {};

        /** A second is a second. Returns early when the thread is interrupted. */
        Sleeper THREAD_SLEEP = time -> {
            try {
                Thread.sleep(time);
            } catch (InterruptedException wanted) {
                Thread.currentThread().interrupt();
            }
        };

        void sleep(Duration time);
    }

    private static final Duration SECOND = Duration.ofSeconds(1);

    private final Object lock = new Object();
    private final MachineSnapshot bootSnapshot;
    private final Sleeper sleeper;
    private final List<FaultRule> faultRules = new ArrayList<>();
    private final List<KernelWrite> writes = new ArrayList<>();
    private final List<PendingWrite> pendingWrites = new ArrayList<>();
    private SimulatedComponents components;
    private String bootId = UUID.randomUUID().toString();
    private Duration clock = Duration.ZERO;
    private volatile Duration writeDuration = Duration.ZERO;
    private volatile Consumer<KernelWrite> beforeWrite = write -> {};
    private volatile BiConsumer<KernelWrite, WriteResult> afterWrite = (write, answer) -> {};

    /** The rules and what they work on. */
    private record SimulatedComponents(SimulatedMachine machine, SimulatedVfio vfio, SimulatedDrivers drivers) {
        static SimulatedComponents of(MachineSnapshot asBooted) {
            Machine read = SnapshotParser.parse(asBooted);
            SimulatedMachine machine = new SimulatedMachine(asBooted, read);
            SimulatedVfio vfio = new SimulatedVfio(machine);
            return new SimulatedComponents(machine, vfio, new SimulatedDrivers(machine, new SimulatedFramebuffer(machine, read), vfio));
        }
    }

    private record FaultRule(Predicate<KernelWrite> filter, SimulatedFault fault, boolean once) {}

    /** A kernel whose writes take no real time. */
    public SimulatedKernel(MachineSnapshot bootSnapshot) {
        this(bootSnapshot, Sleeper.NO_SLEEP);
    }

    /** @param bootSnapshot the machine, its memory map with addresses */
    public SimulatedKernel(MachineSnapshot bootSnapshot, Sleeper sleeper) {
        this.bootSnapshot = bootSnapshot;
        this.sleeper = sleeper;
        this.components = SimulatedComponents.of(bootSnapshot);
    }

    /** @param each how long every write takes from now on, at least */
    public void setWriteDuration(Duration each) {
        writeDuration = each;
    }

    /** Makes a driver known for a function that the capture does not show bound to it. */
    public void addNativeDriver(PciAddress function, String driver) {
        synchronized (lock) {
            components.drivers().addNativeDriver(function, driver);
        }
    }

    /** As {@link #addNativeDriver}, but the driver is a module that is not loaded yet. */
    public void addNativeModule(PciAddress function, String driver) {
        synchronized (lock) {
            components.drivers().addNativeModule(function, driver);
        }
    }

    /** vfio-pci, which was there first, takes the function unless an override says otherwise ({@code vfio-pci.ids=}). */
    public void addVfioId(PciAddress function) {
        synchronized (lock) {
            components.drivers().addVfioId(function);
        }
    }

    /** A program opens a node of its own; a user of {@code vfio/N} is a virtual machine with every function in it. */
    public void addDeviceUser(DeviceUser holder) {
        synchronized (lock) {
            components.vfio().openNode(holder);
        }
    }

    /** A program ends and lets go of all it has; writes that waited for that come to their end. */
    public void endProcess(int pid) {
        synchronized (lock) {
            components.vfio().endProcess(pid);
            progressPendingWrites();
        }
    }

    /** Somebody pulls a function out of the machine; nothing brings it back but a restart. */
    public void unplug(PciAddress function) {
        synchronized (lock) {
            components.drivers().unplug(function);
        }
    }

    /** The next write that fits meets the fault, later ones do not. */
    public void injectOnce(Predicate<KernelWrite> which, SimulatedFault fault) {
        addFaultRule(new FaultRule(which, fault, true));
    }

    /** Every write that fits meets the fault. The first rule that fits counts. */
    public void injectAlways(Predicate<KernelWrite> which, SimulatedFault fault) {
        addFaultRule(new FaultRule(which, fault, false));
    }

    private void addFaultRule(FaultRule rule) {
        synchronized (lock) {
            faultRules.add(rule);
        }
    }

    /** Takes all faults away; what hangs goes on hanging. */
    public void clearFaults() {
        synchronized (lock) {
            faultRules.clear();
        }
    }

    /** @param hook called before each write has any effect; what it throws, {@link #write} throws */
    public void beforeEachWrite(Consumer<KernelWrite> hook) {
        beforeWrite = hook;
    }

    /** @param hook called when a write has been answered, before its writer learns of it */
    public void afterEachWrite(BiConsumer<KernelWrite, WriteResult> hook) {
        afterWrite = hook;
    }

    /** Every write so far, since the last restart, in order. */
    public List<KernelWrite> writes() {
        synchronized (lock) {
            return List.copyOf(writes);
        }
    }

    /** Moves the clock on, without real time. */
    public void advance(Duration time) {
        synchronized (lock) {
            clock = clock.plus(time);
            progressPendingWrites();
        }
    }

    /** A restart of the machine: everything as booted, another boot, no faults. Drivers made known are forgotten. */
    public void restart() {
        synchronized (lock) {
            components = SimulatedComponents.of(bootSnapshot);
            bootId = UUID.randomUUID().toString();
            faultRules.clear();
            writes.clear();
            pendingWrites.clear();
        }
    }

    @Override
    public MachineSnapshot readSnapshot() {
        synchronized (lock) {
            return components.machine().snapshot(this::isDeviceLocked);
        }
    }

    @Override
    public String bootId() {
        synchronized (lock) {
            return bootId;
        }
    }

    @Override
    public String readSetting(Setting setting) {
        synchronized (lock) {
            return switch (setting) {
                case Setting.Driver(PciAddress function) ->
                    components.machine().linkTargetName(SnapshotParser.PCI_DEVICES + function + "/driver");
                case Setting.DriverOverride(PciAddress function) ->
                    isDeviceLocked(function.toString()) ? UNKNOWN_VALUE : components.machine().driverOverrideOf(function);
                case Setting.PowerControl(PciAddress function) ->
                    components.machine().text(SnapshotParser.PCI_DEVICES + function + "/power/control").orElse("");
                case Setting.FramebufferDriver(String device) -> components.machine().firmwareFramebuffers().stream()
                        .filter(framebuffer -> framebuffer.platformDevice().equals(device) && framebuffer.registered())
                        .flatMap(framebuffer -> framebuffer.driver().stream())
                        .findFirst()
                        .orElse("");
                case Setting.FramebufferRegion(PciAddress function, AddressRange range) ->
                    FirmwareRegion.findRegionName(MemoryMap.parse(components.machine().resourceTree().toText()), function, range)
                            .orElse("");
                case Setting.KernelModule(String name) ->
                    components.machine().hasPath("/sys/module/" + name.replace('-', '_')) || components.machine().hasPath(SnapshotParser.PCI_DRIVERS + name)
                            ? Setting.KernelModule.LOADED
                            : "";
            };
        }
    }

    @Override
    public List<DeviceUser> readDeviceUsers(List<PciAddress> functions) {
        synchronized (lock) {
            return functions.stream()
                    .flatMap(function -> components.machine().deviceUsersOf(function).stream())
                    .distinct()
                    .toList();
        }
    }

    @Override
    public boolean hasOops() {
        synchronized (lock) {
            return components.machine().hasOops();
        }
    }

    @Override
    public VfioCheck verifyVfio(List<PciAddress> functions) {
        synchronized (lock) {
            return components.vfio().verifyVfio(functions);
        }
    }

    @Override
    public WriteResult write(KernelWrite write, Duration patience, Consumer<Duration> waiting) {
        beforeWrite.accept(write);
        sleep(writeDuration);
        PendingWrite task;
        synchronized (lock) {
            writes.add(write);
            task = new PendingWrite(write, takeFault(write), clock);
            pendingWrites.add(task);
            progressPendingWrites();
        }
        WriteResult answer = awaitResult(task, patience, waiting);
        afterWrite.accept(write, answer);
        return answer;
    }

    private WriteResult awaitResult(PendingWrite task, Duration patience, Consumer<Duration> waiting) {
        Duration waited = Duration.ZERO;
        while (true) {
            Optional<WriteResult> answer = resultOf(task);
            if (answer.isPresent()) {
                return answer.get();
            }
            Duration left = patience.minus(waited);
            if (!left.isPositive()) {
                return new WriteResult.TimedOut();
            }
            Duration step = left.compareTo(SECOND) < 0 ? left : SECOND;
            sleep(step);
            waited = waited.plus(step);
            if (step.equals(SECOND) && resultOf(task).isEmpty()) {
                waiting.accept(waited);
            }
        }
    }

    private Optional<WriteResult> resultOf(PendingWrite task) {
        synchronized (lock) {
            return Optional.ofNullable(task.result);
        }
    }

    private void sleep(Duration time) {
        if (time.isPositive()) {
            sleeper.sleep(time);
            advance(time);
        }
    }

    private @Nullable SimulatedFault takeFault(KernelWrite write) {
        for (FaultRule rule : faultRules) {
            if (rule.filter.test(write)) {
                if (rule.once) {
                    faultRules.remove(rule);
                }
                return rule.fault;
            }
        }
        return null;
    }

    /** Whether nobody can read the device's override now. */
    private boolean isDeviceLocked(String device) {
        return components.machine().isOverrideDeviceLocked() && pendingWrites.stream().anyMatch(task -> task.result == null && task.device.equals(device));
    }

    /** Lets every write get as far as it can; one on a device waits for the earlier ones on it (device_lock). */
    private void progressPendingWrites() {
        boolean moved = true;
        while (moved) {
            moved = false;
            for (int i = 0; i < pendingWrites.size(); i++) {
                PendingWrite task = pendingWrites.get(i);
                boolean first = pendingWrites.subList(0, i).stream()
                        .noneMatch(earlier -> !task.device.isEmpty() && earlier.device.equals(task.device));
                if (first && task.proceed()) {
                    pendingWrites.remove(i--);
                    moved = true;
                }
            }
        }
    }

    /** A write under way. */
    private final class PendingWrite {
        private final KernelWrite write;
        private final @Nullable SimulatedFault fault;
        private final String device;
        private final Duration startedAt;
        /** Whether the same write was under way when this one began. */
        private final boolean duplicate;
        private SimulatedDrivers.@Nullable WriteProgress progress;
        private @Nullable WriteResult result;

        PendingWrite(KernelWrite write, @Nullable SimulatedFault fault, Duration startedAt) {
            this.write = write;
            this.fault = fault;
            this.startedAt = startedAt;
            this.duplicate = pendingWrites.stream().anyMatch(earlier -> earlier.write.equals(write));
            this.device = switch (write) {
                case KernelWrite.LoadModule load -> "";
                case KernelWrite.UnloadModule unload -> "";
                case KernelWrite.LoadByModalias load -> "";
                case KernelWrite.WriteSysfs(String path, String value)
                when path.endsWith("/driver_override") && !components.machine().isOverrideDeviceLocked() -> "";
                case KernelWrite.WriteSysfs(String path, String value) when path.startsWith(SnapshotParser.PCI_DEVICES) ->
                    path.substring(SnapshotParser.PCI_DEVICES.length()).split("/", 2)[0];
                case KernelWrite.WriteSysfs(String path, String value) -> value;
            };
        }

        /** @return whether it has come to its end */
        boolean proceed() {
            switch (fault) {
                case SimulatedFault.ErrnoFault(String errno) -> result = new WriteResult.WriteFailed(errno);
                case SimulatedFault.FalseSuccess() -> result = new WriteResult.Done();
                case SimulatedFault.Oops() -> {
                    components.machine().recordOops();
                    result = new WriteResult.WriteFailed("?");
                }
                case SimulatedFault.Hang() -> proceed(false);
                case SimulatedFault.Delay(Duration lasts) -> proceed(startedAt.plus(lasts).compareTo(clock) <= 0);
                case null -> proceed(true);
            }
            return result != null;
        }

        /** An unbind starts at once, since it takes the link away first; everything else when its time has come. */
        private void proceed(boolean due) {
            boolean unbind = write instanceof KernelWrite.WriteSysfs(String path, String value) && path.endsWith("/unbind");
            if (progress == null && (due || unbind)) {
                progress = components.drivers().write(write);
            }
            if (!due) {
                return;
            }
            switch (progress) {
                // unbind_store (drivers/base/bus.c) compares the driver before it waits for the device's lock.
                case SimulatedDrivers.WriteProgress.CompletedWrite(WriteResult.WriteFailed none) when duplicate && unbind -> result = new WriteResult.Done();
                case SimulatedDrivers.WriteProgress.CompletedWrite(WriteResult given) -> result = given;
                case SimulatedDrivers.WriteProgress.BlockedWrite waits when waits.canFinish().getAsBoolean() -> {
                    waits.onFinish().run();
                    result = new WriteResult.Done();
                }
                case SimulatedDrivers.WriteProgress.BlockedWrite waits -> {}
                case null -> {}
            }
        }
    }
}
