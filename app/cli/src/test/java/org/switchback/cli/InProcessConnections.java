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
 * Helpers on a simulated kernel in the same thread, without D-Bus. Planner and transactions are the real ones. The test
 * chooses the machine that stands for this computer.
 */
final class InProcessConnections implements HelperConnections {
    private final MachineSnapshot thisMachineSnapshot;
    private final MachineSource source;
    private final Path directory;
    private Consumer<SimulatedKernel> kernelSetup = kernel -> {};
    private Optional<HelperException.FailureKind> fullInspectFailure = Optional.empty();
    private Optional<HelperException.FailureKind> inspectFailure = Optional.empty();
    private Optional<HelperException.FailureKind> applyFailure = Optional.empty();
    private final AtomicInteger busyCount = new AtomicInteger();
    private Optional<String> fixedResult = Optional.empty();

    /** @param directory for the journal */
    InProcessConnections(MachineSnapshot thisMachineSnapshot, MachineSource source, Path directory) {
        this.thisMachineSnapshot = thisMachineSnapshot;
        this.source = source;
        this.directory = directory;
    }

    /** Sets an action that prepares each kernel before the first call. */
    InProcessConnections withKernelSetup(Consumer<SimulatedKernel> setup) {
        kernelSetup = setup;
        return this;
    }

    InProcessConnections withFullInspectFailure(HelperException.FailureKind kind) {
        fullInspectFailure = Optional.of(kind);
        return this;
    }

    /** The system helper rejects every inspection. */
    InProcessConnections withInspectFailure(HelperException.FailureKind kind) {
        inspectFailure = Optional.of(kind);
        return this;
    }

    InProcessConnections withApplyFailure(HelperException.FailureKind kind) {
        applyFailure = Optional.of(kind);
        return this;
    }

    /** Number of attempts to start a switch that fail because another one is running. */
    InProcessConnections withBusyCount(int times) {
        busyCount.set(times);
        return this;
    }

    /** Every switch ends at once with this outcome, without running a step. */
    InProcessConnections withFixedResult(String detail) {
        fixedResult = Optional.of(detail);
        return this;
    }

    @Override
    public HelperConnection openThisMachine() {
        return new InProcessConnection(thisMachineSnapshot, source);
    }

    @Override
    public HelperConnection openReadOnly(HelperException.FailureKind kind) {
        return new InProcessConnection(thisMachineSnapshot, new MachineSource.ReadOnlyMachine(kind));
    }

    @Override
    public HelperConnection openSimulated(
            MachineSnapshot snapshot, MachineSource simulatedSource, FailureScenario scenario) {
        return new InProcessConnection(snapshot, simulatedSource);
    }

    private final class InProcessConnection implements HelperConnection {
        private final SimulatedKernel kernel;
        private final MachineSource machineSource;
        private final TransactionRunner transactions;
        private final List<SwitchPlan> plans = new ArrayList<>();

        InProcessConnection(MachineSnapshot snapshot, MachineSource machineSource) {
            this.kernel = new SimulatedKernel(snapshot);
            this.machineSource = machineSource;
            kernelSetup.accept(kernel);
            try {
                transactions = TransactionRunner.open(kernel, Files.createTempDirectory(directory, "journal"));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (JournalException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public MachineSource source() {
            return machineSource;
        }

        @Override
        public MachineSnapshot inspect(boolean wholeMap) throws HelperException {
            if (inspectFailure.isPresent() && machineSource.canSwitchThisMachine()) {
                throw new HelperException(inspectFailure.get());
            }
            if (wholeMap && fullInspectFailure.isPresent()) {
                throw new HelperException(fullInspectFailure.get());
            }
            return kernel.readSnapshot();
        }

        @Override
        public PlanReply plan(PciAddress gpu, Target target, List<PciAddress> companions, boolean nativeDriver) {
            Planner.PlanningResult result = Planner.plan(
                    SnapshotParser.parse(kernel.readSnapshot()),
                    new SwitchRequest(gpu, target, companions, nativeDriver),
                    transactions.savedHostSettings(gpu));
            SwitchPlan plan = ((Planner.PlanningResult.PlanCreated) result).plan();
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
            JobEvent.Finished finished = new JobEvent.Finished(outcome, Duration.ZERO);
            listener.accept(finished);
            return createEndedSwitch(finished);
        }

        @Override
        public RunningSwitch restore(PciAddress gpu, Consumer<JobEvent> listener) {
            // Simulates an interrupted switch to VM mode: runs all its steps, then reports a rollback.
            for (SwitchPlan plan : plans) {
                transactions.run(plan, () -> false, event -> {});
            }
            JobEvent.Finished finished = new JobEvent.Finished(Outcome.ROLLED_BACK, Duration.ZERO);
            listener.accept(finished);
            return createEndedSwitch(finished);
        }

        private static RunningSwitch createEndedSwitch(JobEvent.Finished finished) {
            return new RunningSwitch() {
                @Override
                public void cancel() {
                    // The switch has already ended.
                }

                @Override
                public JobEvent.Finished awaitEnd() {
                    return finished;
                }
            };
        }

        @Override
        public void addChangeListener(Runnable listener) {
            throw new UnsupportedOperationException("no command adds a change listener");
        }

        @Override
        public void close() {
            transactions.close();
        }
    }
}
