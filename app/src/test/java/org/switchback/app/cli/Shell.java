package org.switchback.app.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.switchback.app.activity.ActivityLog;
import org.switchback.app.helper.HelperConnections;

/** Runs commands and keeps what they print. */
final class Shell {
    private final HelperConnections connections;
    private InputStream in = InputStream.nullInputStream();
    private boolean asks;
    private boolean coloured;
    private Charset charset = StandardCharsets.UTF_8;
    private ActivityLog activity = ActivityLog.inMemory();

    Shell(HelperConnections connections) {
        this.connections = connections;
    }

    /** What a command came to. */
    record Result(int exitCode, String out, String err) {}

    Shell typing(String text) {
        in = new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
        asks = true;
        return this;
    }

    Shell piping(byte[] bytes) {
        in = new ByteArrayInputStream(bytes);
        return this;
    }

    /** Remembers what it switches in that log. */
    Shell recording(ActivityLog log) {
        activity = log;
        return this;
    }

    Shell coloured() {
        coloured = true;
        return this;
    }

    Shell in(Charset wanted) {
        charset = wanted;
        return this;
    }

    Result run(String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Terminal terminal = new Terminal(
                new PrintStream(out, false, charset), new PrintStream(err, true, charset), in, asks, coloured);
        int exitCode = CommandLineMain.run(terminal, connections, activity, args);
        terminal.out().flush();
        return new Result(exitCode, out.toString(charset), err.toString(charset));
    }
}
