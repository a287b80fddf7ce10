package org.switchback.transaction;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.Holder;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.kernel.Kernel;
import org.switchback.plan.HostSettings;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Rung;
import org.switchback.plan.Setting;
import org.switchback.plan.Step;
import org.switchback.plan.SwitchPlan;

/** One switch under way: its steps in order, and back in reverse. */
final class Execution {
    /** What is said of a program that stands in the way. */
    private static final String IN_USE = "in-use";

    /** After this long in the kernel a write counts as stuck; a slow one was seen to take three minutes. */
    private static final Duration PATIENCE = Duration.ofSeconds(200);

    /** They take any function by its override, and only keep it. */
    private static final Set<String> KEEPERS = Set.of("pci-stub", "pciback");

    private final Kernel kernel;
    private final Journal journal;
    /** As planned, with their places in the ladder. */
    private final List<Step> planned;
    /** What each of them is by itself. */
    private final List<Step> steps;
    /** Rungs on which something went wrong. */
    private final Set<Rung.Way> broken = EnumSet.noneOf(Rung.Way.class);
    private final Consumer<Event> progress;
    private final long start = System.nanoTime();

    Execution(Kernel kernel, Journal journal, List<Step> steps, Consumer<Event> progress) {
        this.kernel = kernel;
        this.journal = journal;
        this.planned = steps;
        this.steps = steps.stream().map(Step::bare).toList();
        this.progress = progress;
    }

    /** What became of a step. */
    private sealed interface Result {
        record Fine() implements Result {}

        record Failed(String detail, List<String> values) implements Result {}

        record Frozen(Outcome why) implements Result {}

        static Result failed(String detail, String... values) {
            return new Failed(detail, List.of(values));
        }
    }

    /** What must be on the medium before the switch counts as done. */
    interface Commit {
        void write() throws IOException;
    }

    Outcome run(BooleanSupplier cancelled, Commit commit, HostSettings remembered) {
        for (int i = 0; i < steps.size(); i++) {
            if (cancelled.getAsBoolean()) {
                return undo(i - 1, Outcome.CANCELLED);
            }
            if (isSpared(i)) {
                tell(Phase.SKIPPED, i);
                continue;
            }
            tell(Phase.STARTED, i);
            int step = i;
            Result result = framebufferHeld(i)
                    .map(Execution::inUse)
                    .orElseGet(() -> released(step, take(step, remembered)));
            if (result instanceof Result.Frozen(Outcome why)) {
                return why;
            }
            if (result instanceof Result.Failed(String detail, List<String> values)) {
                tell(Phase.FAILED, i, detail, values);
                // A program in the way of one rung is in the way of all.
                if (detail.equals(IN_USE) || !hasRungBelow(i)) {
                    return undo(i, Outcome.PUT_BACK);
                }
                continue;
            }
            tell(Phase.DONE, i);
        }
        try {
            commit.write();
            journal.append(Journal.Kind.END, List.of(Outcome.DONE.word()));
            return Outcome.DONE;
        } catch (IOException unwritable) {
            return undo(steps.size() - 1, Outcome.PUT_BACK);
        }
    }

    /** Whether nothing is to be done on this rung any more: the region has gone, or the rung is broken already. */
    private boolean isSpared(int i) {
        if (!(planned.get(i) instanceof Step.OnRung(Rung rung, Step step))) {
            return false;
        }
        return switch (rung.part()) {
            case PREPARES, RELEASES -> broken.contains(rung.way()) || isGone(rung.claim());
            case CLEANS_UP -> switch (step) {
                case Step.Change change -> kernel.read(change.setting()).equals(change.after());
                case Step.Withdraw(PciAddress function) -> kernel.read(new Setting.Driver(function)).isEmpty();
                default -> false;
            };
        };
    }

    private boolean isGone(Rung.Claim claim) {
        return kernel.read(claim.setting()).isEmpty();
    }

    /** What a step that should have the region go has come to, by what /proc/iomem says. */
    private Result released(int i, Result result) {
        return result instanceof Result.Fine
                        && planned.get(i) instanceof Step.OnRung(Rung rung, Step step)
                        && rung.part() == Rung.Part.RELEASES
                        && !isGone(rung.claim())
                ? Result.failed("still-there", rung.claim().region(), rung.claim().range().toString())
                : result;
    }

    /** Whether the switch can go on although this step failed: there is another way to have the region go. */
    private boolean hasRungBelow(int i) {
        if (!(planned.get(i) instanceof Step.OnRung(Rung rung, Step step)) || rung.part() == Rung.Part.CLEANS_UP) {
            return false;
        }
        broken.add(rung.way());
        return planned.subList(i + 1, planned.size()).stream()
                .anyMatch(later -> later instanceof Step.OnRung(Rung other, Step s)
                        && other.claim().equals(rung.claim())
                        && !broken.contains(other.way()));
    }

    /** @param last the last step that may have been written; -1 for none */
    Outcome putBack(int last) {
        return undo(last, Outcome.PUT_BACK);
    }

    private Result take(int i, HostSettings remembered) {
        return switch (steps.get(i)) {
            case Step.Check(Step.Question question, List<PciAddress> functions) ->
                ask(question, functions, remembered);
            case Step.Change(Setting setting, String before, String after, Step.Undo undo) -> {
                Optional<Holder> holder = holderInTheWay(setting, before);
                if (holder.isPresent()) {
                    yield inUse(holder.get());
                }
                String now = kernel.read(setting);
                // Drivers set the power control of their function themselves when they are bound, and one that was loaded
                // for one function has taken others too.
                if (now.equals(after) && (setting instanceof Setting.PowerControl || isBinding(setting, after))) {
                    yield new Result.Fine();
                }
                if (!now.equals(before)) {
                    yield Result.failed("changed", now);
                }
                Result result = write(i, Journal.Kind.INTENT, setting, before, after);
                if (setting instanceof Setting.Driver driver
                        && isBinding(setting, after)
                        && result instanceof Result.Failed(String errno, var values)
                        && errno.equals("ENOENT")) {
                    yield bindLoaded(i, driver, after);
                }
                yield isUnloading(setting, after) && result instanceof Result.Failed ? new Result.Fine() : result;
            }
            // The kernel does it; the proof at the end tells whether it did.
            case Step.Eviction eviction -> new Result.Fine();
            case Step.Offer(PciAddress function) -> {
                Setting.Driver driver = new Setting.Driver(function);
                Result result = journalled(i, Journal.Kind.INTENT, "", "?", KernelWrite.offer(function));
                if (kernel.read(driver).equals(PciDevice.VFIO_PCI)) {
                    result = offerToEach(i, driver);
                }
                // No driver for it is an answer too: it had none that anybody knew of.
                yield result instanceof Result.Failed && kernel.read(driver).isEmpty() ? new Result.Fine() : result;
            }
            case Step.Summon(PciAddress function) -> {
                Result result = journalled(i, Journal.Kind.INTENT, "", "?", new KernelWrite.LoadDriver(function));
                // The one it needs may be there without a module; whether it is, the next step shows.
                yield result instanceof Result.Failed ? new Result.Fine() : result;
            }
            case Step.Withdraw(PciAddress function) -> {
                Setting.Driver driver = new Setting.Driver(function);
                String now = kernel.read(driver);
                Optional<Holder> holder = holderInTheWay(driver, now);
                yield holder.isPresent() ? inUse(holder.get()) : write(i, Journal.Kind.INTENT, driver, now, "");
            }
            case Step.OnRung nested -> throw new IllegalStateException("a rung within a rung");
        };
    }

    /**
     * Where vfio-pci was told to take every card of a model ({@code vfio-pci.ids=}, {@code new_id}), the kernel chooses it
     * again and again. Then the host's drivers are named one by one; those that don't know the card answer ENODEV at once.
     */
    private Result offerToEach(int i, Setting.Driver driver) {
        Result result = write(i, Journal.Kind.INTENT, driver, PciDevice.VFIO_PCI, "");
        for (String name : kernel.capture().names(MachineReader.PCI_DRIVERS)) {
            if (result instanceof Result.Frozen || !kernel.read(driver).isEmpty()) {
                break;
            }
            if (!name.contains("vfio") && !KEEPERS.contains(name)) {
                result = write(i, Journal.Kind.INTENT, driver, "", name);
            }
        }
        return result;
    }

    /** A driver is there only while its module is loaded, and somebody has unloaded that since it had the function. */
    private Result bindLoaded(int i, Setting.Driver driver, String name) {
        Result loading = journalled(i, Journal.Kind.INTENT, "", "?", new KernelWrite.LoadDriver(driver.function()));
        if (loading instanceof Result.Frozen) {
            return loading;
        }
        String now = kernel.read(driver);
        if (now.equals(name)) {
            return new Result.Fine();
        }
        // Several may know the function, and what was loaded takes it at once.
        if (!now.isEmpty()) {
            Optional<Holder> holder = holderInTheWay(driver, now);
            Result away = holder.isPresent() ? inUse(holder.get()) : write(i, Journal.Kind.INTENT, driver, now, "");
            if (!(away instanceof Result.Fine)) {
                return away;
            }
        }
        return write(i, Journal.Kind.INTENT, driver, "", name);
    }

    /** Whether a driver of the host's is bound by its name. */
    private static boolean isBinding(Setting setting, String after) {
        return setting instanceof Setting.Driver && !after.isEmpty() && !after.equals(PciDevice.VFIO_PCI);
    }

    /** A module that does not go does no harm where it is: it is left, and nothing is put back for it. */
    private static boolean isUnloading(Setting setting, String after) {
        return setting instanceof Setting.Module && after.isEmpty();
    }

    /** A later rung has taken the framebuffer's device with it: until restart there is nothing to give its driver back. */
    private static boolean isGoneForGood(Setting setting, String errno) {
        return setting instanceof Setting.FramebufferDriver && errno.equals("ENODEV");
    }

    private Result ask(Step.Question question, List<PciAddress> functions, HostSettings remembered) {
        return switch (question) {
            case UNUSED -> blocking(functions).map(Execution::inUse).orElse(new Result.Fine());
            case PROVEN -> switch (kernel.prove(functions)) {
                case Kernel.Proof.Whole(int bars) -> new Result.Fine();
                case Kernel.Proof.Broken(PciAddress function, String what, List<Kernel.Denied> denied) ->
                    denied.isEmpty()
                            ? Result.failed("not-proven", function.brief(), what)
                            : Result.failed(
                                    "not-reserved",
                                    denied.getFirst().function().brief(),
                                    denied.getFirst().bar(),
                                    denied.getFirst().range().toString());
            };
            case BACK -> functions.stream()
                    .filter(f -> !isBack(f, Optional.ofNullable(remembered.functions().get(f))))
                    .findFirst()
                    .map(f -> Result.failed("not-back", f.brief(), kernel.read(new Setting.Driver(f))))
                    .orElse(new Result.Fine());
        };
    }

    private boolean isBack(PciAddress function, Optional<HostSettings.Function> before) {
        String driver = kernel.read(new Setting.Driver(function));
        return before.map(f -> f.driver().equals(driver)).orElse(!driver.equals(PciDevice.VFIO_PCI));
    }

    private static Result inUse(Holder holder) {
        return Result.failed(
                IN_USE, holder.program(), Integer.toString(holder.pid()), holder.owner(), "/dev/" + holder.node());
    }

    /** Unbinding a driver under a program that uses the function is what the kernel does not prevent. */
    private Optional<Holder> holderInTheWay(Setting setting, String driver) {
        return setting instanceof Setting.Driver(PciAddress function) && !driver.isEmpty()
                ? blocking(List.of(function))
                : Optional.empty();
    }

    /**
     * No way to have a framebuffer go looks whether a program draws on it, and the GPU may have no driver whose unbind
     * would have been the occasion to look.
     */
    private Optional<Holder> framebufferHeld(int i) {
        return planned.get(i) instanceof Step.OnRung(Rung rung, Step step) && rung.part() == Rung.Part.RELEASES
                ? blocking(List.of(rung.claim().function()))
                : Optional.empty();
    }

    private Optional<Holder> blocking(List<PciAddress> functions) {
        return kernel.holders(functions).stream().filter(Holder::blocks).findFirst();
    }

    /** Undoes every step up to the given one, last first; stops at the first that can't be undone. */
    private Outcome undo(int last, Outcome whenUndone) {
        if (kernel.oops()) {
            return freeze(Outcome.KERNEL_DIED, Journal.Kind.DIED, last);
        }
        List<Integer> order = new ArrayList<>(boundAhead(last));
        order.addAll(SwitchPlan.undoOrder(steps.subList(0, last + 1)));
        for (int i : order) {
            Result result = undoStep(i);
            if (result instanceof Result.Failed && isUnplugged(steps.get(i))) {
                tell(Phase.UNDONE, i);
                continue;
            }
            if (result instanceof Result.Frozen(Outcome why)) {
                return why;
            }
            if (result instanceof Result.Failed(String detail, List<String> values)) {
                tell(Phase.UNDO_FAILED, i, detail, values);
                return Outcome.MIXED;
            }
        }
        try {
            journal.append(Journal.Kind.END, List.of(whenUndone.word()));
            return whenUndone;
        } catch (IOException unwritable) {
            // Everything is back; only the note about it is missing, and undoing again does nothing.
            return whenUndone;
        }
    }

    /** Later steps that have come true by themselves: a driver that was loaded for one function has taken others too. */
    private List<Integer> boundAhead(int last) {
        return IntStream.range(last + 1, last < 0 ? 0 : steps.size())
                .filter(i -> steps.get(i) instanceof Step.Change(Setting.Driver driver, var before, String after, var u)
                        && isBinding(driver, after)
                        && kernel.read(driver).equals(after))
                .boxed()
                .toList();
    }

    private Result undoStep(int i) {
        return switch (steps.get(i)) {
            case Step.Change(Setting setting, String before, String after, Step.Undo undo)
            when undo == Step.Undo.REVERSIBLE -> {
                String now = kernel.read(setting);
                // An undo that was itself cut off may have got past this step.
                if (now.equals(before) || (now.equals(original(setting)) && isDoneWith(setting))) {
                    yield new Result.Fine();
                }
                Result result =
                        now.equals(after) ? undoWrite(i, setting, now, before) : Result.failed("changed", now);
                yield result instanceof Result.Failed(String why, var values)
                                && (isUnloading(setting, before) || isGoneForGood(setting, why))
                        ? new Result.Fine()
                        : result;
            }
            case Step.Offer(PciAddress function) -> {
                Setting driver = new Setting.Driver(function);
                String now = kernel.read(driver);
                yield now.isEmpty() || now.equals(original(driver))
                        ? new Result.Fine()
                        : undoWrite(i, driver, now, "");
            }
            case Step.Change stays -> new Result.Fine();
            case Step.Check check -> new Result.Fine();
            case Step.Eviction eviction -> new Result.Fine();
            case Step.Summon stays -> new Result.Fine();
            case Step.Withdraw gone -> new Result.Fine();
            case Step.OnRung nested -> throw new IllegalStateException("a rung within a rung");
        };
    }

    /** There is nothing left to put back on a function that somebody pulled out. Asked seldom: it is not cheap. */
    private boolean isUnplugged(Step step) {
        return switch (step) {
            case Step.Offer(PciAddress function) -> !kernel.has(function);
            case Step.Change(Setting.Driver(PciAddress function), var b, var a, var u) -> !kernel.has(function);
            case Step.Change(Setting.Override(PciAddress function), var b, var a, var u) -> !kernel.has(function);
            case Step.Change(Setting.PowerControl(PciAddress function), var b, var a, var u) -> !kernel.has(function);
            default -> false;
        };
    }

    /**
     * Whether undoing needs a setting no more. An override may be what it was because nobody has undone it yet: it is needed
     * until the function has its driver back.
     */
    private boolean isDoneWith(Setting setting) {
        return !(setting instanceof Setting.Override(PciAddress function))
                || kernel.read(new Setting.Driver(function)).equals(original(new Setting.Driver(function)));
    }

    /** The value a setting had before the switch; the empty text when the switch does not change it. */
    private String original(Setting setting) {
        for (Step step : steps) {
            if (step instanceof Step.Change change && change.setting().equals(setting)) {
                return change.before();
            }
        }
        return "";
    }

    private Result undoWrite(int i, Setting setting, String now, String before) {
        Optional<Holder> holder = holderInTheWay(setting, now);
        if (holder.isPresent()) {
            return inUse(holder.get());
        }
        tell(Phase.UNDOING, i);
        Result result = write(i, Journal.Kind.UNDO_INTENT, setting, now, before);
        if (result instanceof Result.Fine) {
            tell(Phase.UNDONE, i);
        }
        return result;
    }

    /** Writes, and believes the setting rather than the answer. */
    private Result write(int i, Journal.Kind intent, Setting setting, String from, String to) {
        Result result = journalled(i, intent, from, to, KernelWrite.of(setting, from, to));
        if (!(result instanceof Result.Fine)) {
            return result;
        }
        String now = kernel.read(setting);
        if (now.equals(to)) {
            return result;
        }
        return setting instanceof Setting.FirmwareRegion(PciAddress function, AddressRange range)
                ? Result.failed("still-there", now, range.toString())
                : Result.failed("not-true", now);
    }

    /** No durable intent, no write. */
    private Result journalled(int i, Journal.Kind intent, String from, String to, KernelWrite write) {
        try {
            journal.append(intent, List.of(Integer.toString(i), from, to));
        } catch (IOException unwritable) {
            return Result.failed("journal-unwritable");
        }
        Kernel.Answer answer = kernel.write(
                write,
                PATIENCE,
                waited -> tell(Phase.WAITING, i, "", List.of(Long.toString(waited.toSeconds()))));
        if (answer instanceof Kernel.Answer.Stuck) {
            tell(Phase.STUCK, i);
            return new Result.Frozen(freeze(Outcome.STUCK, Journal.Kind.STUCK, i));
        }
        if (kernel.oops()) {
            return new Result.Frozen(freeze(Outcome.KERNEL_DIED, Journal.Kind.DIED, i));
        }
        if (answer instanceof Kernel.Answer.Failed(String errno)) {
            return Result.failed(prefix(write) + errno);
        }
        try {
            Journal.Kind done = intent == Journal.Kind.INTENT ? Journal.Kind.DONE : Journal.Kind.UNDONE;
            journal.append(done, List.of(Integer.toString(i), from, to));
        } catch (IOException unwritable) {
            return Result.failed("journal-unwritable");
        }
        return new Result.Fine();
    }

    /** An errno of the module's, or of loading one, has a meaning of its own. */
    private static String prefix(KernelWrite write) {
        return switch (write) {
            case KernelWrite.Modprobe modprobe -> "load-";
            case KernelWrite.Sysfs(String path, String value) when path.startsWith(KernelWrite.MODULES) -> "release-";
            default -> "";
        };
    }

    private Outcome freeze(Outcome why, Journal.Kind kind, int step) {
        try {
            journal.append(kind, List.of(Integer.toString(step)));
        } catch (IOException unwritable) {
            // Nothing is written to the kernel after this either way.
        }
        return why;
    }

    private void tell(Phase phase, int step) {
        tell(phase, step, "", List.of());
    }

    private void tell(Phase phase, int step, String detail, List<String> values) {
        progress.accept(new Event(phase, step, Duration.ofNanos(System.nanoTime() - start), detail, values));
    }
}
