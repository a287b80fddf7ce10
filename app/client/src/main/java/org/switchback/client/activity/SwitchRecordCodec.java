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
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.switchback.client.HelperException;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.job.JobEvent;
import org.switchback.job.PlannedStep;
import org.switchback.plan.Target;
import org.switchback.protocol.JobEventStruct;
import org.switchback.protocol.PlannedStepStruct;

/** Writes a switch record as one line of JSON and reads it back. */
final class SwitchRecordCodec {
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    /** Type of the pseudo event for {@link SwitchRecord#startFailure}. */
    private static final String START_FAILURE = "problem";

    private static final Map<String, String> OLD_NAMES = Map.ofEntries(
            Map.entry("check-proven", "check-vfio-usable"),
            Map.entry("check-back", "check-host-drivers-bound"),
            Map.entry("override", "driver-override"),
            Map.entry("power", "power-control"),
            Map.entry("framebuffer", "framebuffer-driver"),
            Map.entry("region", "framebuffer-region"),
            Map.entry("module", "kernel-module"),
            Map.entry("offer", "probe-any"),
            Map.entry("summon", "load-driver"),
            Map.entry("withdraw", "unbind-any"),
            Map.entry("eviction", "framebuffer-eviction"),
            Map.entry("stays", "kept"),
            Map.entry("until-restart", "needs-restart"),
            Map.entry("vga", "vga-class"),
            Map.entry("goes-with-driver", "owned-by-platform-driver"),
            Map.entry("allowed", "native-driver-allowed"),
            Map.entry("outlives-driver", "owned-by-platform-device"),
            Map.entry("put-back", "rolled-back"),
            Map.entry("mixed", "rollback-failed"),
            Map.entry("kernel-died", "kernel-oops"),
            Map.entry("framebuffer-stays", "framebuffer-not-removable"),
            Map.entry("framebuffer-spent", "framebuffer-orphaned"),
            Map.entry("unknown-claim", "unknown-region"),
            Map.entry("never-moves-bridge", "bridge-not-movable"),
            Map.entry("never-moves-storage", "storage-not-movable"),
            Map.entry("never-moves-network", "network-not-movable"));

    private SwitchRecordCodec() {}

    static String write(SwitchRecord switchRecord) {
        JsonObject object = new JsonObject();
        object.addProperty("id", switchRecord.id());
        object.addProperty("began", switchRecord.startedAt().toString());
        object.addProperty("by", switchRecord.initiator().name());
        object.addProperty("gpu", switchRecord.gpu().toString());
        object.addProperty("target", switchRecord.target().wireName());
        JsonArray steps = new JsonArray();
        for (PlannedStep planned : switchRecord.steps()) {
            PlannedStepStruct step = PlannedStepStruct.encode(planned);
            steps.add(GSON.toJsonTree(List.of(
                    step.kind,
                    step.subject,
                    step.before,
                    step.after,
                    step.undoPolicy,
                    step.shellCommand,
                    step.undoCommand,
                    step.releaseMethod,
                    step.releaseReason)));
        }
        object.add("steps", steps);
        JsonArray events = new JsonArray();
        switchRecord.events().forEach(event -> events.add(writeEvent(JobEventStruct.encode(event))));
        switchRecord
                .startFailure()
                .ifPresent(kind ->
                        events.add(writeEvent(new JobEventStruct(START_FAILURE, -1, 0, kind.name(), List.of()))));
        object.add("log", events);
        object.addProperty("before", switchRecord.snapshotBefore().toText());
        switchRecord.snapshotAfter().ifPresent(after -> object.addProperty("after", after.toText()));
        return GSON.toJson(object);
    }

    private static JsonObject writeEvent(JobEventStruct event) {
        JsonObject object = new JsonObject();
        object.addProperty("what", event.type);
        object.addProperty("step", event.step);
        object.addProperty("micros", event.elapsedMicros);
        object.addProperty("detail", event.detail);
        object.add("values", GSON.toJsonTree(event.values));
        return object;
    }

    /** @return empty when the line is damaged */
    static Optional<SwitchRecord> read(String line) {
        try {
            JsonObject object = JsonParser.parseString(line).getAsJsonObject();
            List<PlannedStep> steps = new ArrayList<>();
            for (JsonElement element : object.getAsJsonArray("steps")) {
                List<String> step = convertStrings(element.getAsJsonArray());
                steps.add(new PlannedStepStruct(
                                currentName(step.get(0)),
                                step.get(1),
                                step.get(2),
                                step.get(3),
                                currentName(step.get(4)),
                                step.get(5),
                                step.get(6),
                                step.get(7),
                                currentName(step.get(8)))
                        .decode());
            }
            List<JobEvent> events = new ArrayList<>();
            Optional<HelperException.FailureKind> startFailure = Optional.empty();
            for (JsonElement element : object.getAsJsonArray("log")) {
                JobEventStruct event = readEvent(element.getAsJsonObject());
                if (event.type.equals(START_FAILURE)) {
                    startFailure = Optional.of(HelperException.FailureKind.valueOf(event.detail));
                } else {
                    events.add(event.decode().orElseThrow());
                }
            }
            return Optional.of(new SwitchRecord(
                    object.get("id").getAsString(),
                    Instant.parse(object.get("began").getAsString()),
                    SwitchRecord.SwitchInitiator.valueOf(object.get("by").getAsString()),
                    "",
                    PciAddress.parse(object.get("gpu").getAsString()).orElseThrow(),
                    Target.parse(object.get("target").getAsString()).orElseThrow(),
                    steps,
                    events,
                    startFailure,
                    MachineSnapshot.parse(object.get("before").getAsString()),
                    object.has("after")
                            ? Optional.of(
                                    MachineSnapshot.parse(object.get("after").getAsString()))
                            : Optional.empty()));
        } catch (MachineSnapshot.MalformedSnapshotException
                | JsonParseException
                | DateTimeException
                | IllegalStateException
                | IllegalArgumentException
                | IndexOutOfBoundsException
                | NullPointerException
                | UnsupportedOperationException
                | NoSuchElementException ignored) {
            // A damaged line may fail in any of these ways; the caller keeps a backup of the file.
            return Optional.empty();
        }
    }

    private static JobEventStruct readEvent(JsonObject object) {
        String type = object.get("what").getAsString();
        int step = object.get("step").getAsInt();
        return new JobEventStruct(
                type.equals("failed") && step < 0 ? "refused" : type,
                step,
                object.get("micros").getAsLong(),
                currentName(object.get("detail").getAsString()),
                convertStrings(object.getAsJsonArray("values")));
    }

    /** Translates names that version 0.1.0 wrote into its records. */
    private static String currentName(String name) {
        return OLD_NAMES.getOrDefault(name, name);
    }

    private static List<String> convertStrings(JsonArray array) {
        List<String> texts = new ArrayList<>();
        array.forEach(element -> texts.add(element.getAsString()));
        return texts;
    }
}
