package org.switchback.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperConnections;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.job.JobEvent;
import org.switchback.job.Outcome;
import org.switchback.job.PlanReply;
import org.switchback.plan.Planner;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.SwitchRequest;
import org.switchback.plan.Target;
import org.switchback.simulator.FailureScenario;
import org.switchback.simulator.SimulatedKernel;
import org.switchback.transaction.JournalException;
import org.switchback.transaction.TransactionRunner;

/**
 * Helpers on a simulated kernel in the same thread, without a bus between: planner, transaction and kernel are the real
 * ones. What this computer is, the test decides.
 */
final class InProcessConnections implements HelperConnections {
    private final MachineSnapshot thisMachineSnapshot;
    private final MachineSource source;
    private final Path folder;
    private Consumer<SimulatedKernel> kernelSetup = kernel -> {};
    private Optional<HelperException.FailureKind> fullInspectFailure = Optional.empty();
    private Optional<HelperException.FailureKind> inspectFailure = Optional.empty();
    private Optional<HelperException.FailureKind> applyFailure = Optional.empty();
    private final AtomicInteger busyCount = new AtomicInteger();
    private Optional<String> fixedResult = Optional.empty();

    /** @param folder for the journal */
    InProcessConnections(MachineSnapshot thisMachineSnapshot, MachineSource source, Path folder) {
        this.thisMachineSnapshot = thisMachineSnapshot;
        this.source = source;
        this.folder = folder;
    }

    /** What is done to the kernel before anybody looks at it. */
    InProcessConnections withKernelSetup(Consumer<SimulatedKernel> preparation) {
        kernelSetup = preparation;
        return this;
    }

    InProcessConnections withFullInspectFailure(HelperException.FailureKind why) {
        fullInspectFailure = Optional.of(why);
        return this;
    }

    /** The helper of the system lets nobody look. */
    InProcessConnections withInspectFailure(HelperException.FailureKind why) {
        inspectFailure = Optional.of(why);
        return this;
    }

    InProcessConnections withApplyFailure(HelperException.FailureKind why) {
        applyFailure = Optional.of(why);
        return this;
    }

    /** As often, another switch runs when one is asked for. */
    InProcessConnections withBusyCount(int times) {
        busyCount.set(times);
        return this;
    }

    /** A switch ends at once, before it has begun. */
    InProcessConnections withFixedResult(String detail) {
        fixedResult = Optional.of(detail);
        return this;
    }

    @Override
    public HelperConnection openThisMachine() {
        return new InProcessConnection(thisMachineSnapshot, source);
    }

    @Override
    public HelperConnection openReadOnly(HelperException.FailureKind why) {
        return new InProcessConnection(thisMachineSnapshot, new MachineSource.ReadOnlyMachine(why));
    }

    @Override
    public HelperConnection openSimulated(MachineSnapshot machine, MachineSource of, FailureScenario mishap) {
        return new InProcessConnection(machine, of);
    }

    private final class InProcessConnection implements HelperConnection {
        private final SimulatedKernel kernel;
        private final MachineSource machineSource;
        private final TransactionRunner transactions;
        private final List<SwitchPlan> plans = new ArrayList<>();

        InProcessConnection(MachineSnapshot machine, MachineSource machineSource) {
            this.kernel = new SimulatedKernel(machine);
            this.machineSource = machineSource;
            kernelSetup.accept(kernel);
            try {
                transactions = TransactionRunner.open(kernel, Files.createTempDirectory(folder, "journal"));
            } catch (IOException unwritable) {
                throw new UncheckedIOException(unwritable);
            } catch (JournalException problem) {
                throw new IllegalStateException(problem);
            }
        }

        @Override
        public MachineSource source() {
            return machineSource;
        }

        @Override
        public MachineSnapshot inspect(boolean all) throws HelperException {
            if (inspectFailure.isPresent() && machineSource.canSwitchThisMachine()) {
                throw new HelperException(inspectFailure.get());
            }
            if (all && fullInspectFailure.isPresent()) {
                throw new HelperException(fullInspectFailure.get());
            }
            return kernel.readSnapshot();
        }

        @Override
        public PlanReply plan(PciAddress gpu, Target target, List<PciAddress> with, boolean nativeDriver) {
            Planner.PlanningResult answer = Planner.plan(
                    SnapshotParser.parse(kernel.readSnapshot()),
                    new SwitchRequest(gpu, target, with, nativeDriver),
                    transactions.savedHostSettings(gpu));
            SwitchPlan plan = ((Planner.PlanningResult.PlanCreated) answer).plan();
            plans.add(plan);
            return PlanReply.of(plan.isRefused() ? "" : Integer.toString(plans.size() - 1), plan);
        }

        @Override
        public RunningSwitch apply(String planId, Consumer<JobEvent> listener) throws HelperException {
            if (busyCount.getAndUpdate(times -> Math.max(0, times - 1)) > 0) {
                throw new HelperException(HelperException.FailureKind.BUSY);
            }
            if (applyFailure.isPresent()) {
                throw new HelperException(applyFailure.get());
            }
            Outcome outcome = fixedResult
                    .map(name -> Outcome.parse(name).orElseThrow())
                    .orElseGet(
                            () -> transactions.run(plans.get(Integer.parseInt(planId)), () -> false, listener::accept));
            JobEvent.Finished last = new JobEvent.Finished(outcome, Duration.ZERO);
            listener.accept(last);
            return createEndedSwitch(last);
        }

        @Override
        public RunningSwitch restore(PciAddress gpu, Consumer<JobEvent> listener) {
            // As if the switch to VM mode had been interrupted at its very end.
            for (SwitchPlan plan : plans) {
                transactions.run(plan, () -> false, event -> {});
            }
            JobEvent.Finished last = new JobEvent.Finished(Outcome.ROLLED_BACK, Duration.ZERO);
            listener.accept(last);
            return createEndedSwitch(last);
        }

        private static RunningSwitch createEndedSwitch(JobEvent.Finished last) {
            return new RunningSwitch() {
                @Override
                public void cancel() {
                    // It is over.
                }

                @Override
                public JobEvent.Finished awaitEnd() {
                    return last;
                }
            };
        }

        @Override
        public void addChangeListener(Runnable listener) {
            throw new UnsupportedOperationException("no command asks for it");
        }

        @Override
        public void close() {
            transactions.close();
        }
    }
}
