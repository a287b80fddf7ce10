package org.switchback.client.activity;

import java.time.Clock;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperConnections;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.simulator.FailureScenario;

/** Connections whose switches are all written down, whoever asks for them. */
public final class RecordingConnections implements HelperConnections {
    private final HelperConnections connections;
    private final ActivityLog activityLog;
    private final SwitchRecord.SwitchInitiator initiator;
    private final Clock clock;

    public RecordingConnections(
            HelperConnections connections,
            ActivityLog activityLog,
            SwitchRecord.SwitchInitiator initiator,
            Clock clock) {
        this.connections = connections;
        this.activityLog = activityLog;
        this.initiator = initiator;
        this.clock = clock;
    }

    @Override
    public HelperConnection openThisMachine() {
        return wrap(connections.openThisMachine());
    }

    /** Nothing can be switched through it. */
    @Override
    public HelperConnection openReadOnly(HelperException.FailureKind why) {
        return connections.openReadOnly(why);
    }

    @Override
    public HelperConnection openSimulated(MachineSnapshot machine, MachineSource source, FailureScenario mishap) {
        return wrap(connections.openSimulated(machine, source, mishap));
    }

    private HelperConnection wrap(HelperConnection connection) {
        return new RecordingConnection(connection, activityLog, initiator, clock);
    }
}
