package org.switchback.simulator;

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
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.FirmwareRegionKind;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.kernel.Kernel;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;

/**
 * A kernel in memory that starts in the state of a snapshot and then behaves like Linux. {@link SimulatedDrivers},
 * {@link SimulatedFramebuffer}, {@link SimulatedVfio} and {@link SimulatedResourceTree} contain the rules. It serves
 * sample machines and tests, which can inject faults.
 *
 * <p>It has its own clock, which advances with writes that take time. The caller decides whether real time passes too.
 * A write that has timed out continues in this kernel after its writer has given up.
 *
 * <p>Thread-safe.
 */
public final class SimulatedKernel implements Kernel {
    /** Waits for a duration, or only pretends to. */
    @FunctionalInterface
    public interface Sleeper {
        /** Returns at once: only the simulated clock advances. */
        Sleeper NO_SLEEP = duration -> {};

        /** Waits in real time. Returns early when the thread is interrupted. */
        Sleeper THREAD_SLEEP = duration -> {
            try {
                Thread.sleep(duration);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        };

        void sleep(Duration duration);
    }

    private static final Duration SECOND = Duration.ofSeconds(1);

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
    private volatile BiConsumer<KernelWrite, WriteResult> afterWrite = (write, result) -> {};

    /** The rules and the state they work on. */
    private record SimulatedComponents(SimulatedMachine machine, SimulatedVfio vfio, SimulatedDrivers drivers) {
        static SimulatedComponents of(MachineSnapshot bootSnapshot) {
            Machine bootMachine = SnapshotParser.parse(bootSnapshot);
            SimulatedMachine machine = new SimulatedMachine(bootSnapshot, bootMachine);
            SimulatedVfio vfio = new SimulatedVfio(machine);
            SimulatedFramebuffer framebuffer = new SimulatedFramebuffer(machine, bootMachine);
            return new SimulatedComponents(machine, vfio, new SimulatedDrivers(machine, framebuffer, vfio));
        }
    }

    private record FaultRule(Predicate<KernelWrite> filter, SimulatedFault fault, boolean once) {}

    /**
     * Creates a kernel whose writes take no real time.
     *
     * @param bootSnapshot the machine at boot, with addresses in its memory map
     */
    public SimulatedKernel(MachineSnapshot bootSnapshot) {
        this(bootSnapshot, Sleeper.NO_SLEEP);
    }

    /**
     * Creates a kernel.
     *
     * @param bootSnapshot the machine at boot, with addresses in its memory map
     * @param sleeper waits for writes that take time
     */
    public SimulatedKernel(MachineSnapshot bootSnapshot, Sleeper sleeper) {
        this.bootSnapshot = bootSnapshot;
        this.sleeper = sleeper;
        this.components = SimulatedComponents.of(bootSnapshot);
    }

    /** Sets the minimum duration of all further writes. */
    public void setWriteDuration(Duration duration) {
        writeDuration = duration;
    }

    /** Adds a driver that supports a function but is not bound to it in the boot snapshot. */
    public synchronized void addNativeDriver(PciAddress function, String driver) {
        components.drivers().addNativeDriver(function, driver);
    }

    /** Like {@link #addNativeDriver}, but the driver is a module that is not loaded yet. */
    public synchronized void addNativeModule(PciAddress function, String driver) {
        components.drivers().addNativeModule(function, driver);
    }

    /** Makes vfio-pci, as the first registered driver, match a function without override ({@code vfio-pci.ids=}). */
    public synchronized void addVfioId(PciAddress function) {
        components.drivers().addVfioId(function);
    }

    /**
     * Opens a node for a program. A user of {@code vfio/N} is a virtual machine that has every function of the group.
     */
    public synchronized void addDeviceUser(DeviceUser user) {
        components.vfio().openNode(user);
    }

    /** Ends a program and closes its nodes. Writes that waited for that finish. */
    public synchronized void endProcess(int pid) {
        components.vfio().endProcess(pid);
        progressPendingWrites();
    }

    /** Unplugs a function until restart. */
    public synchronized void unplug(PciAddress function) {
        components.drivers().unplug(function);
    }

    /** Injects a fault into the next matching write. */
    public void injectOnce(Predicate<KernelWrite> filter, SimulatedFault fault) {
        addFaultRule(new FaultRule(filter, fault, true));
    }

    /** Injects a fault into every matching write. When several faults match, the first injected one applies. */
    public void injectAlways(Predicate<KernelWrite> filter, SimulatedFault fault) {
        addFaultRule(new FaultRule(filter, fault, false));
    }

    private synchronized void addFaultRule(FaultRule rule) {
        faultRules.add(rule);
    }

    /** Removes all injected faults. Hanging writes continue to hang. */
    public synchronized void clearFaults() {
        faultRules.clear();
    }

    /** @param hook called before each write takes effect; {@link #write} throws what it throws */
    public void beforeEachWrite(Consumer<KernelWrite> hook) {
        beforeWrite = hook;
    }

    /** @param hook called after each write, before {@link #write} returns; {@link #write} throws what it throws */
    public void afterEachWrite(BiConsumer<KernelWrite, WriteResult> hook) {
        afterWrite = hook;
    }

    /** All writes since the last restart, in order. */
    public synchronized List<KernelWrite> writes() {
        return List.copyOf(writes);
    }

    /** Advances the simulated clock, without real time. */
    public synchronized void advance(Duration duration) {
        clock = clock.plus(duration);
        progressPendingWrites();
    }

    /** Restarts the machine: the state of the boot snapshot, a new boot ID, no faults, no added drivers. */
    public synchronized void restart() {
        components = SimulatedComponents.of(bootSnapshot);
        bootId = UUID.randomUUID().toString();
        faultRules.clear();
        writes.clear();
        pendingWrites.clear();
    }

    @Override
    public synchronized MachineSnapshot readSnapshot() {
        return components.machine().snapshot(this::isDeviceLocked);
    }

    @Override
    public synchronized String bootId() {
        return bootId;
    }

    @Override
    public synchronized String readSetting(Setting setting) {
        return switch (setting) {
            case Setting.Driver(PciAddress function) ->
                components.machine().linkTargetName(SnapshotParser.PCI_DEVICES + function + "/driver");
            case Setting.DriverOverride(PciAddress function) ->
                isDeviceLocked(function.toString())
                        ? UNKNOWN_VALUE
                        : components.machine().driverOverrideOf(function);
            case Setting.PowerControl(PciAddress function) ->
                components
                        .machine()
                        .text(SnapshotParser.PCI_DEVICES + function + "/power/control")
                        .orElse("");
            case Setting.FramebufferDriver(String device) ->
                components.machine().bootFramebuffers().stream()
                        .filter(framebuffer -> framebuffer.platformDevice().equals(device) && framebuffer.registered())
                        .flatMap(framebuffer -> framebuffer.driver().stream())
                        .findFirst()
                        .orElse("");
            case Setting.FramebufferRegion(PciAddress function, AddressRange range) ->
                FirmwareRegionKind.findRegionName(
                                MemoryMap.parse(
                                        components.machine().resourceTree().toText()),
                                function,
                                range)
                        .orElse("");
            case Setting.KernelModule(String name) ->
                components.machine().hasPath("/sys/module/" + name.replace('-', '_'))
                                || components.machine().hasPath(SnapshotParser.PCI_DRIVERS + name)
                        ? Setting.KernelModule.LOADED
                        : "";
        };
    }

    @Override
    public synchronized List<DeviceUser> readDeviceUsers(List<PciAddress> functions) {
        return functions.stream()
                .flatMap(function -> components.machine().deviceUsersOf(function).stream())
                .distinct()
                .toList();
    }

    @Override
    public synchronized boolean hasOops() {
        return components.machine().hasOops();
    }

    @Override
    public synchronized VfioCheck verifyVfio(List<PciAddress> functions) {
        return components.vfio().verifyVfio(functions);
    }

    @Override
    public WriteResult write(KernelWrite write, Duration timeout, Consumer<Duration> waiting) {
        beforeWrite.accept(write);
        sleep(writeDuration);
        PendingWrite pending;
        synchronized (this) {
            writes.add(write);
            pending = new PendingWrite(write, takeFault(write), clock);
            pendingWrites.add(pending);
            progressPendingWrites();
        }
        WriteResult result = awaitResult(pending, timeout, waiting);
        afterWrite.accept(write, result);
        return result;
    }

    private WriteResult awaitResult(PendingWrite pending, Duration timeout, Consumer<Duration> waiting) {
        Duration waited = Duration.ZERO;
        while (true) {
            Optional<WriteResult> result = resultOf(pending);
            if (result.isPresent()) {
                return result.get();
            }
            Duration remaining = timeout.minus(waited);
            if (!remaining.isPositive()) {
                return new WriteResult.TimedOut();
            }
            Duration step = remaining.compareTo(SECOND) < 0 ? remaining : SECOND;
            sleep(step);
            waited = waited.plus(step);
            if (step.equals(SECOND) && resultOf(pending).isEmpty()) {
                waiting.accept(waited);
            }
        }
    }

    private synchronized Optional<WriteResult> resultOf(PendingWrite pending) {
        return Optional.ofNullable(pending.result);
    }

    private void sleep(Duration duration) {
        if (duration.isPositive()) {
            sleeper.sleep(duration);
            advance(duration);
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

    /** Whether a pending write blocks access to the driver override of a device. */
    private boolean isDeviceLocked(String device) {
        return components.machine().isOverrideDeviceLocked()
                && pendingWrites.stream().anyMatch(pending -> pending.result == null && pending.device.equals(device));
    }

    /** Lets every write proceed as far as it can. A write to a device waits for earlier ones to it (device_lock). */
    private void progressPendingWrites() {
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int i = 0; i < pendingWrites.size(); i++) {
                PendingWrite pending = pendingWrites.get(i);
                boolean isFirst = pendingWrites.subList(0, i).stream()
                        .noneMatch(earlier -> !pending.device.isEmpty() && earlier.device.equals(pending.device));
                if (isFirst && pending.proceed()) {
                    pendingWrites.remove(i--);
                    changed = true;
                }
            }
        }
    }

    /** A write in progress. */
    private final class PendingWrite {
        private final KernelWrite write;
        private final @Nullable SimulatedFault fault;
        /** The device that the write locks; empty for none. */
        private final String device;

        private final Duration startedAt;
        /** Whether an equal write was in progress when this one began. */
        private final boolean isDuplicate;

        private SimulatedDrivers.@Nullable WriteProgress progress;
        private @Nullable WriteResult result;

        PendingWrite(KernelWrite write, @Nullable SimulatedFault fault, Duration startedAt) {
            this.write = write;
            this.fault = fault;
            this.startedAt = startedAt;
            this.isDuplicate = pendingWrites.stream().anyMatch(earlier -> earlier.write.equals(write));
            this.device = switch (write) {
                case KernelWrite.LoadModule load -> "";
                case KernelWrite.UnloadModule unload -> "";
                case KernelWrite.LoadByModalias load -> "";
                case KernelWrite.WriteSysfs(String path, String value)
                when path.endsWith("/driver_override") && !components.machine().isOverrideDeviceLocked() -> "";
                case KernelWrite.WriteSysfs(String path, String value)
                when path.startsWith(SnapshotParser.PCI_DEVICES) ->
                    path.substring(SnapshotParser.PCI_DEVICES.length()).split("/", 2)[0];
                case KernelWrite.WriteSysfs(String path, String value) -> value;
            };
        }

        /** @return whether the write has finished */
        boolean proceed() {
            switch (fault) {
                case SimulatedFault.ErrnoFault(String errno) -> result = new WriteResult.WriteFailed(errno);
                case SimulatedFault.FalseSuccess() -> result = new WriteResult.Done();
                case SimulatedFault.Oops() -> {
                    components.machine().recordOops();
                    result = new WriteResult.WriteFailed("?");
                }
                case SimulatedFault.Hang() -> proceed(false);
                case SimulatedFault.Delay(Duration delay) ->
                    proceed(startedAt.plus(delay).compareTo(clock) <= 0);
                case null -> proceed(true);
            }
            return result != null;
        }

        /**
         * Starts the write when its delay has passed; an unbind at once, because it removes the driver link first.
         *
         * @param isDue whether the delay has passed
         */
        private void proceed(boolean isDue) {
            boolean isUnbind =
                    write instanceof KernelWrite.WriteSysfs(String path, String value) && path.endsWith("/unbind");
            if (progress == null && (isDue || isUnbind)) {
                progress = components.drivers().write(write);
            }
            if (!isDue) {
                return;
            }
            switch (progress) {
                // unbind_store (drivers/base/bus.c) compares the driver before it waits for the device's lock.
                case SimulatedDrivers.WriteProgress.CompletedWrite(WriteResult.WriteFailed failed)
                when isDuplicate && isUnbind -> result = new WriteResult.Done();
                case SimulatedDrivers.WriteProgress.CompletedWrite(WriteResult completed) -> result = completed;
                case SimulatedDrivers.WriteProgress.BlockedWrite blocked
                when blocked.canFinish().getAsBoolean() -> {
                    blocked.onFinish().run();
                    result = new WriteResult.Done();
                }
                case SimulatedDrivers.WriteProgress.BlockedWrite blocked -> {}
                case null -> {}
            }
        }
    }
}
