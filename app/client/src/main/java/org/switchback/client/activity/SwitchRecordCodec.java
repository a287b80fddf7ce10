package org.switchback.client.activity;

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
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.protocol.JobEvent;
import org.switchback.protocol.PlannedStep;

/** An attempt as one line of JSON, and back. */
final class SwitchRecordCodec {
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    private SwitchRecordCodec() {}

    static String write(SwitchRecord attempt) {
        JsonObject object = new JsonObject();
        object.addProperty("id", attempt.id());
        object.addProperty("began", attempt.startedAt().toString());
        object.addProperty("by", attempt.initiator().name());
        object.addProperty("gpu", attempt.gpu().toString());
        object.addProperty("target", attempt.target());
        JsonArray steps = new JsonArray();
        for (PlannedStep step : attempt.steps()) {
            JsonArray one = convertStrings(List.of(
                    step.kind,
                    step.subject,
                    step.before,
                    step.after,
                    step.undoPolicy,
                    step.shellCommand,
                    step.undoCommand,
                    step.releaseMethod,
                    step.releaseReason));
            steps.add(one);
        }
        object.add("steps", steps);
        JsonArray log = new JsonArray();
        for (JobEvent entry : attempt.events()) {
            JsonObject one = new JsonObject();
            one.addProperty("what", entry.type);
            one.addProperty("step", entry.step);
            one.addProperty("micros", entry.elapsedMicros);
            one.addProperty("detail", entry.detail);
            one.add("values", convertStrings(entry.values));
            log.add(one);
        }
        object.add("log", log);
        object.addProperty("before", attempt.snapshotBefore().toText());
        attempt.snapshotAfter().ifPresent(after -> object.addProperty("after", after.toText()));
        return GSON.toJson(object);
    }

    private static JsonArray convertStrings(List<String> texts) {
        JsonArray array = new JsonArray();
        texts.forEach(array::add);
        return array;
    }

    /** @return empty when the line is no attempt */
    static Optional<SwitchRecord> read(String line) {
        try {
            JsonObject object = JsonParser.parseString(line).getAsJsonObject();
            List<PlannedStep> steps = new ArrayList<>();
            for (JsonElement element : object.getAsJsonArray("steps")) {
                List<String> step = convertStrings(element.getAsJsonArray());
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
            List<JobEvent> log = new ArrayList<>();
            for (JsonElement element : object.getAsJsonArray("log")) {
                JsonObject entry = element.getAsJsonObject();
                log.add(new JobEvent(
                        entry.get("what").getAsString(),
                        entry.get("step").getAsInt(),
                        entry.get("micros").getAsLong(),
                        entry.get("detail").getAsString(),
                        convertStrings(entry.getAsJsonArray("values"))));
            }
            return Optional.of(new SwitchRecord(
                    object.get("id").getAsString(),
                    Instant.parse(object.get("began").getAsString()),
                    SwitchRecord.SwitchInitiator.valueOf(object.get("by").getAsString()),
                    "",
                    PciAddress.parse(object.get("gpu").getAsString()).orElseThrow(),
                    object.get("target").getAsString(),
                    steps,
                    log,
                    MachineSnapshot.parse(object.get("before").getAsString()),
                    object.has("after")
                            ? Optional.of(MachineSnapshot.parse(object.get("after").getAsString()))
                            : Optional.empty()));
        } catch (MachineSnapshot.MalformedSnapshotException
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

    private static List<String> convertStrings(JsonArray array) {
        List<String> texts = new ArrayList<>();
        array.forEach(element -> texts.add(element.getAsString()));
        return texts;
    }
}
