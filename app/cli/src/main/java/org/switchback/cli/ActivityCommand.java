package org.switchback.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.switchback.client.activity.ActivityLog;
import org.switchback.client.activity.SwitchRecord;
import org.switchback.client.activity.SwitchRecordFormatter;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.KebabCase;
import org.switchback.job.JobEvent;
import org.switchback.job.SwitchRun;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code activity}: every attempt to switch a GPU. */
@Command(name = "activity", sortOptions = false)
final class ActivityCommand extends MachineCommand {
    @Parameters(index = "0", arity = "0..1", paramLabel = "NUMBER", descriptionKey = "parameter.record")
    @Nullable
    String number;

    ActivityCommand(CliContext surroundings, RootCommand root) {
        super(surroundings, root);
    }

    @Override
    public Integer call() throws CommandException {
        ActivityLog.ActivityLogContent content = context().activityLog().load();
        Optional<String> trouble = content.problem().map(known -> known.format(messages()));
        List<SwitchRecord> attempts = content.records();
        if (trouble.isPresent() && attempts.isEmpty()) {
            throw new CommandException(ExitCode.FAILED, trouble.get());
        }
        trouble.ifPresent(terminal().err()::println);
        if (number != null) {
            attempts = List.of(findRecord(number, attempts));
        }
        if (json) {
            JsonArray array = new JsonArray();
            attempts.forEach(attempt -> array.add(toJson(attempt)));
            JsonObject object = new JsonObject();
            object.add("attempts", array);
            printJson(object);
        } else if (number != null) {
            terminal().out().print(formatter(attempts.getFirst()).toPlainText());
        } else if (attempts.isEmpty()) {
            terminal().out().println(messages().text("activity.empty"));
        } else {
            printList(attempts);
        }
        return ExitCode.OK;
    }

    private SwitchRecord findRecord(String typed, List<SwitchRecord> attempts) throws CommandException {
        try {
            return attempts.get(Integer.parseInt(typed) - 1);
        } catch (NumberFormatException | IndexOutOfBoundsException none) {
            throw context().createException(ExitCode.USAGE, "activity.no-such", TextFileReader.quote(typed));
        }
    }

    private SwitchRecordFormatter formatter(SwitchRecord attempt) {
        return new SwitchRecordFormatter(messages(), ZoneId.systemDefault(), attempt);
    }

    private void printList(List<SwitchRecord> attempts) {
        int width = Integer.toString(attempts.size()).length();
        int at = 1;
        for (SwitchRecord attempt : attempts) {
            SwitchRecordFormatter text = formatter(attempt);
            String result = text.result() + (text.duration().isEmpty() ? "" : " (" + text.duration() + ")");
            terminal()
                    .out()
                    .println(TextColumns.padLeft(Integer.toString(at++), width) + "  "
                            + terminal().bold(text.title()));
            String indent = " ".repeat(width + 2);
            terminal().out().println(indent + terminal().faint(text.context()));
            terminal()
                    .out()
                    .println(indent
                            + (attempt.result() == SwitchRun.Result.SUCCEEDED
                                    ? terminal().success(result)
                                    : TextColumns.hangingIndent(result, width + 2)));
        }
    }

    private JsonObject toJson(SwitchRecord attempt) {
        SwitchRecordFormatter text = formatter(attempt);
        Messages words = messages();
        JsonObject object = new JsonObject();
        object.addProperty("began", attempt.startedAt().toString());
        object.addProperty("by", KebabCase.of(attempt.initiator()));
        object.addProperty("gpu", attempt.gpu().toString());
        object.addProperty("name", text.gpuName());
        object.addProperty("target", attempt.target().wireName());
        object.addProperty(
                "result",
                attempt.startFailure()
                        .map(Enum::name)
                        .or(() -> attempt.end().map(end -> end.outcome().wireName()))
                        .orElse("unknown"));
        attempt.end().ifPresent(end -> object.addProperty("took", end.elapsed().toNanos() / 1e9));
        object.add("steps", new JsonFormatter(words).formatSteps(attempt.steps(), attempt.machineBefore()));
        JsonArray events = new JsonArray();
        for (JobEvent entry : attempt.events()) {
            JsonObject event = JsonFormatter.formatEvent(entry, Optional.empty());
            event.addProperty("at", entry.elapsed().toNanos() / 1e9);
            events.add(event);
        }
        object.add("events", events);
        JsonArray writes = new JsonArray();
        attempt.shellCommands().forEach(writes::add);
        object.add("writes", writes);
        object.addProperty("mapBefore", text.memoryMapBefore());
        object.addProperty("mapAfter", text.memoryMapAfter());
        object.addProperty("mapChanges", text.memoryMapChanges());
        object.addProperty("text", text.result());
        return object;
    }
}
