package org.switchback.app.cli;

import com.google.gson.JsonObject;
import org.switchback.app.helper.HelperConnection;
import org.switchback.app.helper.HelperProblem;
import org.switchback.hardware.Capture;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code report}: the machine as a text, for a bug report and for {@code --machine}. */
@Command(name = "report", sortOptions = false)
final class ReportCommand extends MachineCommand {
    @Option(names = "--with-names")
    boolean withNames;

    ReportCommand(Surroundings surroundings, RootCommand root) {
        super(surroundings, root);
    }

    @Override
    public Integer call() throws CommandFailure {
        try (HelperConnection connection = root().connect()) {
            Capture capture = capture(connection);
            String text = (withNames ? capture : Anonymous.of(capture)).toText();
            if (json) {
                JsonObject object = new JsonObject();
                object.add("source", Json.source(connection.source()));
                object.addProperty("names", withNames);
                object.addProperty("report", text);
                print(object);
            } else {
                terminal().out().print(text);
            }
        }
        return ExitCode.OK;
    }

    /** With the whole memory map where that is allowed, else with what anybody may see. */
    private Capture capture(HelperConnection connection) throws CommandFailure {
        try {
            return connection.inspect(true);
        } catch (HelperProblem problem) {
            terminal().err().println(words().text("cli.report.partly", words().problem(problem.kind())));
        }
        try {
            return connection.inspect(false);
        } catch (HelperProblem problem) {
            throw surroundings().failure(problem);
        }
    }
}
