package org.switchback.kernel;

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
import org.switchback.hardware.Capture;
import org.switchback.hardware.FirmwareClaim;
import org.switchback.hardware.Holder;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.PciAddress;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;

/**
 * A kernel in memory that begins as a capture shows one and then behaves as Linux does: {@link DriverCore},
 * {@link Sysfb}, {@link VfioGroups} and {@link ResourceTree} have the rules. Serves the sample machines, and tests, which
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
    public interface Pause {
        /** Only the clock of the simulation moves. */
        Pause NONE = time -> {};

        /** A second is a second. Returns early when the thread is interrupted. */
        Pause REAL = time -> {
            try {
                Thread.sleep(time);
            } catch (InterruptedException wanted) {
                Thread.currentThread().interrupt();
            }
        };

        void pass(Duration time);
    }

    private static final Duration SECOND = Duration.ofSeconds(1);

    private final Object lock = new Object();
    private final Capture asBooted;
    private final Pause pause;
    private final List<Rule> rules = new ArrayList<>();
    private final List<KernelWrite> written = new ArrayList<>();
    private final List<Task> tasks = new ArrayList<>();
    private Model model;
    private String bootId = UUID.randomUUID().toString();
    private Duration now = Duration.ZERO;
    private volatile Duration pace = Duration.ZERO;
    private volatile Consumer<KernelWrite> before = write -> {};
    private volatile BiConsumer<KernelWrite, Answer> after = (write, answer) -> {};

    /** The rules and what they work on. */
    private record Model(SimulatedMachine machine, VfioGroups vfio, DriverCore core) {
        static Model of(Capture asBooted) {
            Machine read = MachineReader.read(asBooted);
            SimulatedMachine machine = new SimulatedMachine(asBooted, read);
            VfioGroups vfio = new VfioGroups(machine);
            return new Model(machine, vfio, new DriverCore(machine, new Sysfb(machine, read), vfio));
        }
    }

    private record Rule(Predicate<KernelWrite> which, Fault fault, boolean once) {}

    /** A kernel whose writes take no real time. */
    public SimulatedKernel(Capture asBooted) {
        this(asBooted, Pause.NONE);
    }

    /** @param asBooted the machine, its memory map with addresses */
    public SimulatedKernel(Capture asBooted, Pause pause) {
        this.asBooted = asBooted;
        this.pause = pause;
        this.model = Model.of(asBooted);
    }

    /** @param each how long every write takes from now on, at least */
    public void pace(Duration each) {
        pace = each;
    }

    /** Makes a driver known for a function that the capture does not show bound to it. */
    public void nativeDriver(PciAddress function, String driver) {
        synchronized (lock) {
            model.core().nativeDriver(function, driver);
        }
    }

    /** As {@link #nativeDriver}, but the driver is a module that is not loaded yet. */
    public void nativeModule(PciAddress function, String driver) {
        synchronized (lock) {
            model.core().nativeModule(function, driver);
        }
    }

    /** vfio-pci, which was there first, takes the function unless an override says otherwise ({@code vfio-pci.ids=}). */
    public void vfioId(PciAddress function) {
        synchronized (lock) {
            model.core().vfioId(function);
        }
    }

    /** A program opens a node of its own; a user of {@code vfio/N} is a virtual machine with every function in it. */
    public void hold(Holder holder) {
        synchronized (lock) {
            model.vfio().open(holder);
        }
    }

    /** A program ends and lets go of all it has; writes that waited for that come to their end. */
    public void end(int pid) {
        synchronized (lock) {
            model.vfio().end(pid);
            settle();
        }
    }

    /** Somebody pulls a function out of the machine; nothing brings it back but a restart. */
    public void unplug(PciAddress function) {
        synchronized (lock) {
            model.core().unplug(function);
        }
    }

    /** The next write that fits meets the fault, later ones do not. */
    public void once(Predicate<KernelWrite> which, Fault fault) {
        add(new Rule(which, fault, true));
    }

    /** Every write that fits meets the fault. The first rule that fits counts. */
    public void always(Predicate<KernelWrite> which, Fault fault) {
        add(new Rule(which, fault, false));
    }

    private void add(Rule rule) {
        synchronized (lock) {
            rules.add(rule);
        }
    }

    /** Takes all faults away; what hangs goes on hanging. */
    public void noMoreFaults() {
        synchronized (lock) {
            rules.clear();
        }
    }

    /** @param hook called before each write has any effect; what it throws, {@link #write} throws */
    public void beforeEachWrite(Consumer<KernelWrite> hook) {
        before = hook;
    }

    /** @param hook called when a write has been answered, before its writer learns of it */
    public void afterEachWrite(BiConsumer<KernelWrite, Answer> hook) {
        after = hook;
    }

    /** Every write so far, since the last restart, in order. */
    public List<KernelWrite> written() {
        synchronized (lock) {
            return List.copyOf(written);
        }
    }

    /** Moves the clock on, without real time. */
    public void advance(Duration time) {
        synchronized (lock) {
            now = now.plus(time);
            settle();
        }
    }

    /** A restart of the machine: everything as booted, another boot, no faults. Drivers made known are forgotten. */
    public void restart() {
        synchronized (lock) {
            model = Model.of(asBooted);
            bootId = UUID.randomUUID().toString();
            rules.clear();
            written.clear();
            tasks.clear();
        }
    }

    @Override
    public Capture capture() {
        synchronized (lock) {
            return model.machine().capture(this::isLocked);
        }
    }

    @Override
    public String bootId() {
        synchronized (lock) {
            return bootId;
        }
    }

    @Override
    public String read(Setting setting) {
        synchronized (lock) {
            return switch (setting) {
                case Setting.Driver(PciAddress function) ->
                    model.machine().link(MachineReader.PCI_DEVICES + function + "/driver");
                case Setting.Override(PciAddress function) ->
                    isLocked(function.toString()) ? NO_ANSWER : model.machine().override(function);
                case Setting.PowerControl(PciAddress function) ->
                    model.machine().text(MachineReader.PCI_DEVICES + function + "/power/control").orElse("");
                case Setting.FramebufferDriver(String device) -> model.machine().framebuffers().stream()
                        .filter(framebuffer -> framebuffer.device().equals(device) && framebuffer.drawing())
                        .flatMap(framebuffer -> framebuffer.driver().stream())
                        .findFirst()
                        .orElse("");
                case Setting.FirmwareRegion(PciAddress function, AddressRange range) ->
                    FirmwareClaim.nameIn(MemoryMap.parse(model.machine().memory().toText()), function, range)
                            .orElse("");
                case Setting.Module(String name) ->
                    model.machine().has("/sys/module/" + name.replace('-', '_')) || model.machine().has(MachineReader.PCI_DRIVERS + name)
                            ? Setting.Module.LOADED
                            : "";
            };
        }
    }

    @Override
    public List<Holder> holders(List<PciAddress> functions) {
        synchronized (lock) {
            return functions.stream()
                    .flatMap(function -> model.machine().holders(function).stream())
                    .distinct()
                    .toList();
        }
    }

    @Override
    public boolean oops() {
        synchronized (lock) {
            return model.machine().oops();
        }
    }

    @Override
    public Proof prove(List<PciAddress> functions) {
        synchronized (lock) {
            return model.vfio().prove(functions);
        }
    }

    @Override
    public Answer write(KernelWrite write, Duration patience, Consumer<Duration> waiting) {
        before.accept(write);
        pass(pace);
        Task task;
        synchronized (lock) {
            written.add(write);
            task = new Task(write, fault(write), now);
            tasks.add(task);
            settle();
        }
        Answer answer = await(task, patience, waiting);
        after.accept(write, answer);
        return answer;
    }

    private Answer await(Task task, Duration patience, Consumer<Duration> waiting) {
        Duration waited = Duration.ZERO;
        while (true) {
            Optional<Answer> answer = answer(task);
            if (answer.isPresent()) {
                return answer.get();
            }
            Duration left = patience.minus(waited);
            if (!left.isPositive()) {
                return new Answer.Stuck();
            }
            Duration step = left.compareTo(SECOND) < 0 ? left : SECOND;
            pass(step);
            waited = waited.plus(step);
            if (step.equals(SECOND) && answer(task).isEmpty()) {
                waiting.accept(waited);
            }
        }
    }

    private Optional<Answer> answer(Task task) {
        synchronized (lock) {
            return Optional.ofNullable(task.answer);
        }
    }

    private void pass(Duration time) {
        if (time.isPositive()) {
            pause.pass(time);
            advance(time);
        }
    }

    private @Nullable Fault fault(KernelWrite write) {
        for (Rule rule : rules) {
            if (rule.which.test(write)) {
                if (rule.once) {
                    rules.remove(rule);
                }
                return rule.fault;
            }
        }
        return null;
    }

    /** Whether nobody can read the device's override now. */
    private boolean isLocked(String device) {
        return model.machine().overrideTakesDeviceLock() && tasks.stream().anyMatch(task -> task.answer == null && task.device.equals(device));
    }

    /** Lets every write get as far as it can; one on a device waits for the earlier ones on it (device_lock). */
    private void settle() {
        boolean moved = true;
        while (moved) {
            moved = false;
            for (int i = 0; i < tasks.size(); i++) {
                Task task = tasks.get(i);
                boolean first = tasks.subList(0, i).stream()
                        .noneMatch(earlier -> !task.device.isEmpty() && earlier.device.equals(task.device));
                if (first && task.goOn()) {
                    tasks.remove(i--);
                    moved = true;
                }
            }
        }
    }

    /** A write under way. */
    private final class Task {
        private final KernelWrite write;
        private final @Nullable Fault fault;
        private final String device;
        private final Duration since;
        /** Whether the same write was under way when this one began. */
        private final boolean again;
        private DriverCore.@Nullable Outcome outcome;
        private @Nullable Answer answer;

        Task(KernelWrite write, @Nullable Fault fault, Duration since) {
            this.write = write;
            this.fault = fault;
            this.since = since;
            this.again = tasks.stream().anyMatch(earlier -> earlier.write.equals(write));
            this.device = switch (write) {
                case KernelWrite.Modprobe load -> "";
                case KernelWrite.Unload unload -> "";
                case KernelWrite.LoadDriver load -> "";
                case KernelWrite.Sysfs(String path, String value)
                when path.endsWith("/driver_override") && !model.machine().overrideTakesDeviceLock() -> "";
                case KernelWrite.Sysfs(String path, String value) when path.startsWith(MachineReader.PCI_DEVICES) ->
                    path.substring(MachineReader.PCI_DEVICES.length()).split("/", 2)[0];
                case KernelWrite.Sysfs(String path, String value) -> value;
            };
        }

        /** @return whether it has come to its end */
        boolean goOn() {
            switch (fault) {
                case Fault.Refuse(String errno) -> answer = new Answer.Failed(errno);
                case Fault.Lie() -> answer = new Answer.Done();
                case Fault.Die() -> {
                    model.machine().die();
                    answer = new Answer.Failed("?");
                }
                case Fault.Hang() -> goOn(false);
                case Fault.Delay(Duration lasts) -> goOn(since.plus(lasts).compareTo(now) <= 0);
                case null -> goOn(true);
            }
            return answer != null;
        }

        /** An unbind starts at once, since it takes the link away first; everything else when its time has come. */
        private void goOn(boolean due) {
            boolean unbind = write instanceof KernelWrite.Sysfs(String path, String value) && path.endsWith("/unbind");
            if (outcome == null && (due || unbind)) {
                outcome = model.core().write(write);
            }
            if (!due) {
                return;
            }
            switch (outcome) {
                // unbind_store (drivers/base/bus.c) compares the driver before it waits for the device's lock.
                case DriverCore.Outcome.Returned(Answer.Failed none) when again && unbind -> answer = new Answer.Done();
                case DriverCore.Outcome.Returned(Answer given) -> answer = given;
                case DriverCore.Outcome.Waits waits when waits.over().getAsBoolean() -> {
                    waits.then().run();
                    answer = new Answer.Done();
                }
                case DriverCore.Outcome.Waits waits -> {}
                case null -> {}
            }
        }
    }
}
