package org.switchback.app.activity;

import java.time.Clock;
import org.switchback.app.helper.HelperConnection;
import org.switchback.app.helper.HelperConnections;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.Mishap;
import org.switchback.app.helper.Source;
import org.switchback.hardware.Capture;

/** Connections whose switches are all written down, whoever asks for them. */
public final class RecordedConnections implements HelperConnections {
    private final HelperConnections connections;
    private final ActivityLog log;
    private final Attempt.By by;
    private final Clock clock;

    public RecordedConnections(HelperConnections connections, ActivityLog log, Attempt.By by, Clock clock) {
        this.connections = connections;
        this.log = log;
        this.by = by;
        this.clock = clock;
    }

    @Override
    public HelperConnection thisMachine() {
        return recorded(connections.thisMachine());
    }

    /** Nothing can be switched through it. */
    @Override
    public HelperConnection lookOnly(HelperProblem.Kind why) {
        return connections.lookOnly(why);
    }

    @Override
    public HelperConnection simulated(Capture machine, Source source, Mishap mishap) {
        return recorded(connections.simulated(machine, source, mishap));
    }

    private HelperConnection recorded(HelperConnection connection) {
        return new RecordedConnection(connection, log, by, clock);
    }
}
