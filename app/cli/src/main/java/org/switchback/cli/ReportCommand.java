package org.switchback.cli;

import com.google.gson.JsonObject;
import org.switchback.client.report.Anonymizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code report}: the machine as a text, for a bug report and for {@code --machine}. */
@Command(name = "report", sortOptions = false)
final class ReportCommand extends MachineCommand {
    @Option(names = "--with-names")
    boolean withNames;

    ReportCommand(CliContext surroundings, RootCommand root) {
        super(surroundings, root);
    }

    @Override
    public Integer call() throws CommandException {
        try (MachineSession sight = rootCommand().openSession(true)) {
            String text = (withNames ? sight.snapshot() : Anonymizer.anonymize(sight.snapshot())).toText();
            if (json) {
                JsonObject object = new JsonObject();
                object.add(
                        "source", JsonFormatter.formatSource(sight.connection().source()));
                object.addProperty("names", withNames);
                object.addProperty("report", text);
                printJson(object);
            } else {
                terminal().out().print(text);
            }
        }
        return ExitCode.OK;
    }
}
