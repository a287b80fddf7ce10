package org.switchback.app.activity;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.switchback.hardware.Capture;
import org.switchback.hardware.PciAddress;
import org.switchback.protocol.JobEntry;
import org.switchback.protocol.PlannedStep;

/** An attempt as one line of JSON, and back. */
final class AttemptLine {
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    private AttemptLine() {}

    static String write(Attempt attempt) {
        JsonObject object = new JsonObject();
        object.addProperty("id", attempt.id());
        object.addProperty("began", attempt.began().toString());
        object.addProperty("by", attempt.by().name());
        object.addProperty("gpu", attempt.gpu().toString());
        object.addProperty("target", attempt.target());
        JsonArray steps = new JsonArray();
        for (PlannedStep step : attempt.steps()) {
            JsonArray one = texts(List.of(
                    step.kind,
                    step.subject,
                    step.before,
                    step.after,
                    step.undo,
                    step.shell,
                    step.inverse,
                    step.rung,
                    step.why));
            steps.add(one);
        }
        object.add("steps", steps);
        JsonArray log = new JsonArray();
        for (JobEntry entry : attempt.log()) {
            JsonObject one = new JsonObject();
            one.addProperty("what", entry.what);
            one.addProperty("step", entry.step);
            one.addProperty("micros", entry.micros);
            one.addProperty("detail", entry.detail);
            one.add("values", texts(entry.values));
            log.add(one);
        }
        object.add("log", log);
        object.addProperty("before", attempt.before().toText());
        attempt.after().ifPresent(after -> object.addProperty("after", after.toText()));
        return GSON.toJson(object);
    }

    private static JsonArray texts(List<String> texts) {
        JsonArray array = new JsonArray();
        texts.forEach(array::add);
        return array;
    }

    /** @return empty when the line is no attempt */
    static Optional<Attempt> read(String line) {
        try {
            JsonObject object = JsonParser.parseString(line).getAsJsonObject();
            List<PlannedStep> steps = new ArrayList<>();
            for (JsonElement element : object.getAsJsonArray("steps")) {
                List<String> step = texts(element.getAsJsonArray());
                steps.add(new PlannedStep(
                        step.get(0),
                        step.get(1),
                        step.get(2),
                        step.get(3),
                        step.get(4),
                        step.get(5),
                        step.get(6),
                        step.get(7),
                        step.get(8)));
            }
            List<JobEntry> log = new ArrayList<>();
            for (JsonElement element : object.getAsJsonArray("log")) {
                JsonObject entry = element.getAsJsonObject();
                log.add(new JobEntry(
                        entry.get("what").getAsString(),
                        entry.get("step").getAsInt(),
                        entry.get("micros").getAsLong(),
                        entry.get("detail").getAsString(),
                        texts(entry.getAsJsonArray("values"))));
            }
            return Optional.of(new Attempt(
                    object.get("id").getAsString(),
                    Instant.parse(object.get("began").getAsString()),
                    Attempt.By.valueOf(object.get("by").getAsString()),
                    "",
                    PciAddress.parse(object.get("gpu").getAsString()).orElseThrow(),
                    object.get("target").getAsString(),
                    steps,
                    log,
                    Capture.parse(object.get("before").getAsString()),
                    object.has("after")
                            ? Optional.of(Capture.parse(object.get("after").getAsString()))
                            : Optional.empty()));
        } catch (Capture.MalformedCapture
                | JsonParseException
                | DateTimeException
                | IllegalStateException
                | IllegalArgumentException
                | IndexOutOfBoundsException
                | NullPointerException
                | UnsupportedOperationException
                | NoSuchElementException damaged) {
            // Whatever a damaged line may hold, it is set aside and never fatal.
            return Optional.empty();
        }
    }

    private static List<String> texts(JsonArray array) {
        List<String> texts = new ArrayList<>();
        array.forEach(element -> texts.add(element.getAsString()));
        return texts;
    }
}
