package org.switchback.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.switchback.client.HelperConnections;
import org.switchback.client.activity.ActivityLog;

/** Runs commands and keeps what they print. */
final class CliRunner {
    private final HelperConnections connections;
    private InputStream in = InputStream.nullInputStream();
    private boolean interactive;
    private boolean colored;
    private Charset charset = StandardCharsets.UTF_8;
    private ActivityLog activityLog = ActivityLog.inMemory();

    CliRunner(HelperConnections connections) {
        this.connections = connections;
    }

    /** What a command came to. */
    record CliResult(int exitCode, String out, String err) {}

    CliRunner withTypedInput(String text) {
        in = new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
        interactive = true;
        return this;
    }

    CliRunner withPipedInput(byte[] bytes) {
        in = new ByteArrayInputStream(bytes);
        return this;
    }

    /** Remembers what it switches in that log. */
    CliRunner withActivityLog(ActivityLog log) {
        activityLog = log;
        return this;
    }

    CliRunner withColors() {
        colored = true;
        return this;
    }

    CliRunner withCharset(Charset wanted) {
        charset = wanted;
        return this;
    }

    CliResult run(String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Terminal terminal = new Terminal(
                new PrintStream(out, false, charset), new PrintStream(err, true, charset), in, interactive, colored);
        int exitCode = CommandLineMain.run(terminal, connections, activityLog, args);
        terminal.out().flush();
        return new CliResult(exitCode, out.toString(charset), err.toString(charset));
    }
}
