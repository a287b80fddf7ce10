package org.switchback.cli;

import com.google.gson.JsonObject;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.switchback.client.activity.ActivityLog;
import org.switchback.client.activity.SwitchRecord;
import org.switchback.client.activity.SwitchRecordFormatter;
import org.switchback.hardware.KebabCase;
import org.switchback.job.SwitchRun;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code activity}: shows the activity log. */
@Command(name = "activity", sortOptions = false)
final class ActivityCommand extends AbstractMachineCommand {
    @Parameters(index = "0", arity = "0..1", paramLabel = "NUMBER", descriptionKey = "parameter.record")
    @Nullable
    String number;

    @Override
    public Integer call() throws CommandException {
        ActivityLog.ActivityLogContent content = context().activityLog().load();
        Optional<String> problem = content.problem().map(logProblem -> logProblem.format(messages()));
        List<SwitchRecord> records = content.records();
        if (problem.isPresent() && records.isEmpty()) {
            throw new CommandException(ExitCode.FAILED, problem.get());
        }
        problem.ifPresent(terminal().err()::println);
        if (number != null) {
            records = List.of(findRecord(number, records));
        }
        if (json) {
            JsonObject object = new JsonObject();
            object.add("records", JsonFormatter.formatAll(records, this::toJson));
            printJson(object);
        } else if (number != null) {
            terminal().out().print(formatter(records.getFirst()).toPlainText());
        } else if (records.isEmpty()) {
            println(messages().text("activity.empty"));
        } else {
            printList(records);
        }
        return ExitCode.OK;
    }

    private SwitchRecord findRecord(String argument, List<SwitchRecord> records) throws CommandException {
        try {
            return records.get(Integer.parseInt(argument) - 1);
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            throw context().createException(ExitCode.USAGE, "activity.no-such", TextFileReader.quote(argument));
        }
    }

    private SwitchRecordFormatter formatter(SwitchRecord switchRecord) {
        return new SwitchRecordFormatter(messages(), ZoneId.systemDefault(), switchRecord);
    }

    private void printList(List<SwitchRecord> records) {
        int width = Integer.toString(records.size()).length();
        int number = 1;
        for (SwitchRecord switchRecord : records) {
            SwitchRecordFormatter formatter = formatter(switchRecord);
            String result =
                    formatter.result() + (formatter.duration().isEmpty() ? "" : " (" + formatter.duration() + ")");
            println(TextColumns.padLeft(Integer.toString(number++), width) + "  "
                    + terminal().bold(formatter.title()));
            String indent = " ".repeat(width + 2);
            println(indent + terminal().faint(formatter.context()));
            println(indent
                    + (switchRecord.result() == SwitchRun.Result.SUCCEEDED
                            ? terminal().success(result)
                            : TextColumns.hangingIndent(result, width + 2)));
        }
    }

    private JsonObject toJson(SwitchRecord switchRecord) {
        SwitchRecordFormatter formatter = formatter(switchRecord);
        JsonObject object = new JsonObject();
        object.addProperty("began", switchRecord.startedAt().toString());
        object.addProperty("by", KebabCase.of(switchRecord.initiator()));
        object.addProperty("gpu", switchRecord.gpu().toString());
        object.addProperty("name", formatter.gpuName());
        object.addProperty("target", switchRecord.target().wireName());
        object.addProperty(
                "result",
                switchRecord
                        .startFailure()
                        .map(Enum::name)
                        .or(() -> switchRecord.end().map(end -> end.outcome().wireName()))
                        .orElse("unknown"));
        switchRecord
                .end()
                .ifPresent(end -> object.addProperty("took", end.elapsed().toNanos() / 1e9));
        object.add(
                "steps", new JsonFormatter(messages()).formatSteps(switchRecord.steps(), switchRecord.machineBefore()));
        object.add("events", JsonFormatter.formatAll(switchRecord.events(), event -> {
            JsonObject eventObject = JsonFormatter.formatEvent(event, Optional.empty());
            eventObject.addProperty("at", event.elapsed().toNanos() / 1e9);
            return eventObject;
        }));
        object.add("writes", JsonFormatter.formatStrings(switchRecord.shellCommands()));
        object.addProperty("mapBefore", formatter.memoryMapBefore());
        object.addProperty("mapAfter", formatter.memoryMapAfter());
        object.addProperty("mapChanges", formatter.memoryMapChanges());
        object.addProperty("text", formatter.result());
        return object;
    }
}
