package org.switchback.app.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.switchback.app.helper.HelperConnection;
import org.switchback.app.helper.HelperConnections;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.Mishap;
import org.switchback.app.helper.Source;
import org.switchback.hardware.Capture;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.kernel.SimulatedKernel;
import org.switchback.plan.Planner;
import org.switchback.plan.Request;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.Target;
import org.switchback.protocol.JobEntry;
import org.switchback.protocol.PlanReply;
import org.switchback.service.PlanReplies;
import org.switchback.transaction.JournalProblem;
import org.switchback.transaction.Transactions;

/**
 * Helpers on a simulated kernel in the same thread, without a bus between: planner, transaction and kernel are the real
 * ones. What this computer is, the test decides.
 */
final class HelpersWithoutABus implements HelperConnections {
    private final Capture thisComputer;
    private final Source source;
    private final Path folder;
    private Consumer<SimulatedKernel> prepare = kernel -> {};
    private Optional<HelperProblem.Kind> wholeMap = Optional.empty();
    private Optional<HelperProblem.Kind> look = Optional.empty();
    private Optional<HelperProblem.Kind> apply = Optional.empty();
    private final AtomicInteger busy = new AtomicInteger();
    private Optional<String> end = Optional.empty();

    /** @param folder for the journal */
    HelpersWithoutABus(Capture thisComputer, Source source, Path folder) {
        this.thisComputer = thisComputer;
        this.source = source;
        this.folder = folder;
    }

    /** What is done to the kernel before anybody looks at it. */
    HelpersWithoutABus prepared(Consumer<SimulatedKernel> preparation) {
        prepare = preparation;
        return this;
    }

    HelpersWithoutABus refusingTheWholeMap(HelperProblem.Kind why) {
        wholeMap = Optional.of(why);
        return this;
    }

    /** The helper of the system lets nobody look. */
    HelpersWithoutABus refusingToLook(HelperProblem.Kind why) {
        look = Optional.of(why);
        return this;
    }

    HelpersWithoutABus refusingToApply(HelperProblem.Kind why) {
        apply = Optional.of(why);
        return this;
    }

    /** As often, another switch runs when one is asked for. */
    HelpersWithoutABus busy(int times) {
        busy.set(times);
        return this;
    }

    /** A switch ends at once, before it has begun. */
    HelpersWithoutABus ending(String detail) {
        end = Optional.of(detail);
        return this;
    }

    @Override
    public HelperConnection thisMachine() {
        return new Connection(thisComputer, source);
    }

    @Override
    public HelperConnection lookOnly(HelperProblem.Kind why) {
        return new Connection(thisComputer, new Source.LookOnly(why));
    }

    @Override
    public HelperConnection simulated(Capture machine, Source of, Mishap mishap) {
        return new Connection(machine, of);
    }

    private final class Connection implements HelperConnection {
        private final SimulatedKernel kernel;
        private final Source of;
        private final Transactions transactions;
        private final List<SwitchPlan> plans = new ArrayList<>();

        Connection(Capture machine, Source of) {
            this.kernel = new SimulatedKernel(machine);
            this.of = of;
            prepare.accept(kernel);
            try {
                transactions = Transactions.open(kernel, Files.createTempDirectory(folder, "journal"));
            } catch (IOException unwritable) {
                throw new UncheckedIOException(unwritable);
            } catch (JournalProblem problem) {
                throw new IllegalStateException(problem);
            }
        }

        @Override
        public Source source() {
            return of;
        }

        @Override
        public Capture inspect(boolean all) throws HelperProblem {
            if (look.isPresent() && of.real()) {
                throw new HelperProblem(look.get());
            }
            if (all && wholeMap.isPresent()) {
                throw new HelperProblem(wholeMap.get());
            }
            return kernel.capture();
        }

        @Override
        public PlanReply plan(PciAddress gpu, String target, List<PciAddress> with, boolean nativeDriver) {
            Planner.Answer answer = Planner.plan(
                    MachineReader.read(kernel.capture()),
                    new Request(gpu, Target.ofWord(target).orElseThrow(), with, nativeDriver),
                    transactions.remembered(gpu));
            SwitchPlan plan = ((Planner.Answer.Planned) answer).plan();
            plans.add(plan);
            return PlanReplies.reply(plan.refused() ? "" : Integer.toString(plans.size() - 1), plan);
        }

        @Override
        public RunningSwitch apply(String planId, Consumer<JobEntry> listener) throws HelperProblem {
            if (busy.getAndUpdate(times -> Math.max(0, times - 1)) > 0) {
                throw new HelperProblem(HelperProblem.Kind.BUSY);
            }
            if (apply.isPresent()) {
                throw new HelperProblem(apply.get());
            }
            String outcome = end.orElseGet(() -> transactions
                    .run(
                            plans.get(Integer.parseInt(planId)),
                            () -> false,
                            event -> listener.accept(new JobEntry(
                                    event.phase().word(),
                                    event.step(),
                                    event.since().toNanos() / 1000,
                                    event.detail(),
                                    event.values())))
                    .word());
            JobEntry last = new JobEntry("finished", -1, 0, outcome, List.of());
            listener.accept(last);
            return ended(last);
        }

        @Override
        public RunningSwitch restore(PciAddress gpu, Consumer<JobEntry> listener) {
            // As if the switch to VM mode had been interrupted at its very end.
            for (SwitchPlan plan : plans) {
                transactions.run(plan, () -> false, event -> {});
            }
            JobEntry last = new JobEntry("finished", -1, 0, "put-back", List.of());
            listener.accept(last);
            return ended(last);
        }

        private static RunningSwitch ended(JobEntry last) {
            return new RunningSwitch() {
                @Override
                public void cancel() {
                    // It is over.
                }

                @Override
                public JobEntry await() {
                    return last;
                }
            };
        }

        @Override
        public void onChange(Runnable listener) {
            throw new UnsupportedOperationException("no command asks for it");
        }

        @Override
        public void close() {
            transactions.close();
        }
    }
}
