package org.switchback.app.cli;

import com.google.gson.JsonObject;
import org.switchback.app.report.Anonymous;
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
        try (Sight sight = root().look(true)) {
            String text = (withNames ? sight.capture() : Anonymous.of(sight.capture())).toText();
            if (json) {
                JsonObject object = new JsonObject();
                object.add("source", Json.source(sight.connection().source()));
                object.addProperty("names", withNames);
                object.addProperty("report", text);
                print(object);
            } else {
                terminal().out().print(text);
            }
        }
        return ExitCode.OK;
    }
}
