package org.switchback.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.switchback.client.HelperConnections;
import org.switchback.client.activity.ActivityLog;

/** Runs commands and captures their output. */
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

    /** Exit code and output of a command. */
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

    /** Records switches in an activity log. */
    CliRunner withActivityLog(ActivityLog newLog) {
        activityLog = newLog;
        return this;
    }

    CliRunner withColors() {
        colored = true;
        return this;
    }

    CliRunner withCharset(Charset newCharset) {
        charset = newCharset;
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
