package org.switchback.client.activity;

import java.time.Clock;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperConnections;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.simulator.FailureScenario;

/** Opens connections that record every switch in the activity log. */
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

    /** Not recorded: this connection cannot switch. */
    @Override
    public HelperConnection openReadOnly(HelperException.FailureKind reason) {
        return connections.openReadOnly(reason);
    }

    @Override
    public HelperConnection openSimulated(MachineSnapshot snapshot, MachineSource source, FailureScenario scenario) {
        return wrap(connections.openSimulated(snapshot, source, scenario));
    }

    private HelperConnection wrap(HelperConnection connection) {
        return new RecordingConnection(connection, activityLog, initiator, clock);
    }
}
