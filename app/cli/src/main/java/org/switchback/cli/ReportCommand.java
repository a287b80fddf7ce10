package org.switchback.cli;

import com.google.gson.JsonObject;
import org.switchback.client.report.Anonymizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code report}: prints a snapshot of the machine for bug reports and {@code --machine}. */
@Command(name = "report", sortOptions = false)
final class ReportCommand extends AbstractMachineCommand {
    @Option(names = "--with-names")
    boolean withNames;

    @Override
    public Integer call() throws CommandException {
        try (MachineSession session = rootCommand().openSession(true)) {
            String text = (withNames ? session.snapshot() : Anonymizer.anonymize(session.snapshot())).toText();
            if (json) {
                JsonObject object = new JsonObject();
                object.add(
                        "source",
                        JsonFormatter.formatSource(session.connection().source()));
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
