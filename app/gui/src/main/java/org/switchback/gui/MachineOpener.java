package org.switchback.gui;

import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperConnections;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.activity.ActivityLog;
import org.switchback.client.samples.SampleMachines;
import org.switchback.gui.gpus.MachineOverview;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.simulator.FailureScenario;

/** Connects to this computer or simulates another machine. Every method blocks. */
final class MachineOpener {
    private final HelperConnections connections;
    private final ActivityLog activityLog;
    private final BooleanSupplier firstStart;

    /**
     * A machine that is not this computer.
     *
     * @param snapshot its initial state
     * @param source where the snapshot is from
     * @param failure the failure to simulate on it
     */
    record Simulation(MachineSnapshot snapshot, MachineSource source, FailureScenario failure) {
        /** A sample machine that exists, without a failure. */
        static Simulation ofSample(String name) {
            return new Simulation(
                    SampleMachines.load(name).orElseThrow(),
                    new MachineSource.SampleMachine(name),
                    FailureScenario.NONE);
        }
    }

    /**
     * An open connection with the first reading of its machine.
     *
     * @param simulation empty for this computer
     * @param overview empty if the machine could not be read
     * @param exception why the machine could not be read; empty otherwise
     */
    record OpenedMachine(
            HelperConnection connection,
            Optional<Simulation> simulation,
            Optional<MachineOverview> overview,
            Optional<HelperException> exception) {}

    MachineOpener(HelperConnections connections, ActivityLog activityLog, BooleanSupplier firstStart) {
        this.connections = connections;
        this.activityLog = activityLog;
        this.firstStart = firstStart;
    }

    /** Opens this computer, or the default sample at the first start on a computer without a switchable GPU. */
    OpenedMachine openInitialMachine() {
        return firstStart.getAsBoolean() && !hasSwitchableGpu()
                ? openSimulation(Simulation.ofSample(SampleMachines.DEFAULT))
                : openThisMachine();
    }

    OpenedMachine openThisMachine() {
        return readOrFallBack(connections.openThisMachine());
    }

    /** @param why why the helper cannot be used */
    OpenedMachine openReadOnly(HelperException.FailureKind why) {
        return readOrFallBack(connections.openReadOnly(why));
    }

    OpenedMachine openSimulation(Simulation simulation) {
        HelperConnection connection =
                connections.openSimulated(simulation.snapshot(), simulation.source(), simulation.failure());
        return read(connection, Optional.of(simulation));
    }

    /** Reads world-readable files only: opening a sample must not authenticate anyone on the system bus. */
    private boolean hasSwitchableGpu() {
        HelperConnection connection = connections.openReadOnly(HelperException.FailureKind.MISSING);
        try {
            return readOrFallBack(connection)
                    .overview()
                    .map(MachineOverview::hasSwitchableGpu)
                    .orElse(false);
        } finally {
            connection.close();
        }
    }

    /** Where the helper refuses, what the kernel shows to every user can still be read. */
    private OpenedMachine readOrFallBack(HelperConnection connection) {
        OpenedMachine opened = read(connection, Optional.empty());
        if (opened.exception().isEmpty() || connection.source() instanceof MachineSource.ReadOnlyMachine) {
            return opened;
        }
        connection.close();
        return openReadOnly(opened.exception().get().kind());
    }

    private OpenedMachine read(HelperConnection connection, Optional<Simulation> simulation) {
        try {
            MachineOverview overview = MachineOverview.load(connection, activityLog);
            return new OpenedMachine(connection, simulation, Optional.of(overview), Optional.empty());
        } catch (HelperException e) {
            return new OpenedMachine(connection, simulation, Optional.empty(), Optional.of(e));
        }
    }
}
