package org.switchback.app.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.switchback.app.activity.ActivityLog;
import org.switchback.app.activity.Attempt;
import org.switchback.app.activity.AttemptText;
import org.switchback.app.words.Words;
import org.switchback.hardware.Spelling;
import org.switchback.protocol.JobEntry;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code activity}: every attempt to switch a GPU. */
@Command(name = "activity", sortOptions = false)
final class ActivityCommand extends MachineCommand {
    @Parameters(index = "0", arity = "0..1", paramLabel = "NUMBER", descriptionKey = "parameter.attempt")
    @Nullable String number;

    ActivityCommand(Surroundings surroundings, RootCommand root) {
        super(surroundings, root);
    }

    @Override
    public Integer call() throws CommandFailure {
        ActivityLog.Content content = surroundings().activity().content();
        Optional<String> trouble = content.trouble().map(known -> known.text(words()));
        List<Attempt> attempts = content.attempts();
        if (trouble.isPresent() && attempts.isEmpty()) {
            throw new CommandFailure(ExitCode.FAILED, trouble.get());
        }
        trouble.ifPresent(terminal().err()::println);
        if (number != null) {
            attempts = List.of(wanted(number, attempts));
        }
        if (json) {
            JsonArray array = new JsonArray();
            attempts.forEach(attempt -> array.add(json(attempt)));
            JsonObject object = new JsonObject();
            object.add("attempts", array);
            print(object);
        } else if (number != null) {
            terminal().out().print(text(attempts.getFirst()).plain());
        } else if (attempts.isEmpty()) {
            terminal().out().println(words().text("activity.empty"));
        } else {
            list(attempts);
        }
        return ExitCode.OK;
    }

    private Attempt wanted(String typed, List<Attempt> attempts) throws CommandFailure {
        try {
            return attempts.get(Integer.parseInt(typed) - 1);
        } catch (NumberFormatException | IndexOutOfBoundsException none) {
            throw surroundings().failure(ExitCode.USAGE, "activity.no-such", TextFile.quoted(typed));
        }
    }

    private AttemptText text(Attempt attempt) {
        return new AttemptText(words(), ZoneId.systemDefault(), attempt);
    }

    private void list(List<Attempt> attempts) {
        int width = Integer.toString(attempts.size()).length();
        int at = 1;
        for (Attempt attempt : attempts) {
            AttemptText text = text(attempt);
            String result = text.result() + (text.took().isEmpty() ? "" : " (" + text.took() + ")");
            terminal().out().println(Columns.right(Integer.toString(at++), width) + "  "
                    + terminal().bold(text.title()));
            String indent = " ".repeat(width + 2);
            terminal().out().println(indent + terminal().faint(text.circumstances()));
            terminal().out().println(indent + (attempt.succeeded() ? terminal().good(result) : Columns.hanging(result, width + 2)));
        }
    }

    private JsonObject json(Attempt attempt) {
        AttemptText text = text(attempt);
        Words words = words();
        JsonObject object = new JsonObject();
        object.addProperty("began", attempt.began().toString());
        object.addProperty("by", Spelling.of(attempt.by()));
        object.addProperty("gpu", attempt.gpu().toString());
        object.addProperty("name", text.gpu());
        object.addProperty("target", attempt.target());
        object.addProperty("result", attempt.end().map(end -> end.detail).orElse("unknown"));
        attempt.end().ifPresent(end -> object.addProperty("took", end.micros / 1e6));
        object.add("steps", new Json(words).steps(attempt.steps(), attempt.machine()));
        JsonArray events = new JsonArray();
        for (JobEntry entry : attempt.log()) {
            JsonObject event = Json.event(entry, Optional.empty());
            event.addProperty("at", entry.micros / 1e6);
            events.add(event);
        }
        object.add("events", events);
        JsonArray writes = new JsonArray();
        attempt.writes().forEach(writes::add);
        object.add("writes", writes);
        object.addProperty("mapBefore", text.mapBefore());
        object.addProperty("mapAfter", text.mapAfter());
        object.addProperty("mapChanges", text.changes());
        object.addProperty("text", text.result());
        return object;
    }
}
