package org.switchback.app.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.math.BigInteger;
import java.util.List;
import java.util.Optional;
import org.switchback.app.helper.Source;
import org.switchback.app.words.Words;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.Bar;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Holder;
import org.switchback.hardware.Machine;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Spelling;
import org.switchback.protocol.JobEntry;
import org.switchback.protocol.PlanReply;
import org.switchback.protocol.PlannedRefusal;
import org.switchback.protocol.PlannedStep;

/**
 * What {@code --json} prints. Keys are never renamed and never change their meaning; {@code app/command-line.md} says
 * what each means. Codes and addresses are for programs, {@code text} is for people.
 */
final class Json {
    private final Words words;

    Json(Words words) {
        this.words = words;
    }

    static JsonObject source(Source source) {
        JsonObject object = new JsonObject();
        switch (source) {
            case Source.ThisMachine() -> object.addProperty("kind", "this-machine");
            case Source.LookOnly(var why) -> {
                object.addProperty("kind", "look-only");
                object.addProperty("problem", Spelling.of(why));
            }
            case Source.Sample(String name) -> {
                object.addProperty("kind", "sample");
                object.addProperty("name", name);
            }
            case Source.SavedReport(String file) -> {
                object.addProperty("kind", "report");
                object.addProperty("file", file);
            }
        }
        return object;
    }

    JsonObject machine(Machine machine) {
        JsonObject object = new JsonObject();
        object.addProperty("kernel", machine.kernel().release());
        object.addProperty("iommu", !machine.groups().isEmpty());
        object.addProperty("vfio", Spelling.of(machine.vfio()));
        return object;
    }

    JsonObject gpu(Gpu gpu) {
        JsonObject object = device(gpu.graphics());
        object.addProperty("mode", Spelling.of(gpu.mode()));
        object.addProperty("drivesDisplay", gpu.drivesDisplay());
        object.add("displays", strings(gpu.graphics().displays()));
        JsonArray bars = new JsonArray();
        for (Bar bar : gpu.graphics().bars()) {
            JsonObject one = bar(bar, gpu.overlaps().stream().filter(o -> o.bar().equals(bar)).toList());
            gpu.graphics().largest(bar.index()).ifPresent(largest -> one.add("largest", size(largest)));
            bars.add(one);
        }
        object.add("bars", bars);
        gpu.graphics().link().ifPresent(link -> {
            JsonObject one = new JsonObject();
            one.addProperty("speed", link.speed());
            one.addProperty("width", link.width());
            one.addProperty("maxSpeed", link.maxSpeed());
            one.addProperty("maxWidth", link.maxWidth());
            object.add("link", one);
        });
        object.add("resetMethods", strings(gpu.graphics().resetMethods()));
        JsonObject power = new JsonObject();
        power.addProperty("control", gpu.graphics().power().control());
        power.addProperty("status", gpu.graphics().power().runtimeStatus());
        power.addProperty("level", gpu.graphics().power().state());
        object.add("power", power);
        JsonArray companions = new JsonArray();
        gpu.companions().forEach(companion -> companions.add(device(companion)));
        object.add("companions", companions);
        JsonArray users = new JsonArray();
        gpu.holders().forEach(holder -> users.add(user(holder)));
        object.add("users", users);
        return object;
    }

    JsonObject device(PciDevice device) {
        JsonObject object = new JsonObject();
        object.addProperty("address", device.address().toString());
        object.addProperty("name", device.name());
        object.addProperty("ids", device.ids().toString());
        object.addProperty("class", device.kind().toString());
        device.driver().ifPresent(driver -> object.addProperty("driver", driver));
        device.group().ifPresent(group -> object.addProperty("group", group));
        return object;
    }

    private JsonObject bar(Bar bar, List<Overlap> overlaps) {
        JsonObject object = new JsonObject();
        object.addProperty("index", bar.index());
        object.addProperty("space", bar.space() == Bar.Space.MEMORY ? "memory" : "ports");
        range(object, bar.range());
        JsonArray array = new JsonArray();
        overlaps.forEach(overlap -> array.add(overlap(overlap)));
        object.add("overlaps", array);
        return object;
    }

    private JsonObject overlap(Overlap overlap) {
        JsonObject object = new JsonObject();
        JsonArray names = new JsonArray();
        overlap.regions().forEach(region -> names.add(region.name()));
        object.add("names", names);
        if (overlap.addressed()) {
            range(object, overlap.region().range());
        }
        overlap.framebuffer().ifPresent(framebuffer -> {
            object.addProperty("framebuffer", framebuffer.device());
            framebuffer.driver().ifPresent(driver -> object.addProperty("framebufferDriver", driver));
        });
        object.addProperty("verdict", Spelling.of(overlap.verdict()));
        object.addProperty("text", words.overlap(overlap) + ".");
        return object;
    }

    private static JsonObject user(Holder holder) {
        JsonObject object = new JsonObject();
        object.addProperty("pid", holder.pid());
        object.addProperty("program", holder.program());
        if (!holder.owner().isEmpty()) {
            object.addProperty("user", holder.owner());
        }
        if (!holder.guest().isEmpty()) {
            object.addProperty("guest", holder.guest());
        }
        object.addProperty("node", "/dev/" + holder.node());
        object.addProperty("blocks", holder.blocks());
        return object;
    }

    /** First, last and size; both ends inclusive. */
    static void range(JsonObject object, AddressRange range) {
        object.addProperty("first", hex(range.first()));
        object.addProperty("last", hex(range.last()));
        object.add("size", size(range.length()));
    }

    static String hex(long address) {
        return "0x" + Long.toHexString(address);
    }

    static JsonPrimitive size(long length) {
        return length == 0
                ? new JsonPrimitive(BigInteger.TWO.pow(64))
                : length > 0 ? new JsonPrimitive(length) : new JsonPrimitive(new BigInteger(Long.toUnsignedString(length)));
    }

    JsonObject plan(Gpu gpu, String target, PlanReply plan, Machine machine) {
        JsonObject object = new JsonObject();
        object.addProperty("gpu", gpu.address().toString());
        object.addProperty("name", gpu.graphics().name());
        object.addProperty("target", target);
        object.addProperty("ready", plan.refusals.isEmpty());
        object.addProperty("permission", plan.action);
        object.add("functions", strings(plan.functions));
        object.add("steps", steps(plan.steps, machine));
        object.add("inverse", strings(plan.inverse));
        object.add("refusals", refusals(plan.refusals));
        return object;
    }

    private static JsonArray strings(List<String> texts) {
        JsonArray array = new JsonArray();
        texts.forEach(array::add);
        return array;
    }

    JsonArray refusals(List<PlannedRefusal> refusals) {
        JsonArray array = new JsonArray();
        for (PlannedRefusal refusal : refusals) {
            JsonObject object = new JsonObject();
            object.addProperty("code", refusal.code);
            object.add("details", strings(refusal.details));
            object.addProperty("text", words.refusal(refusal));
            array.add(object);
        }
        return array;
    }

    JsonArray steps(List<PlannedStep> steps, Machine machine) {
        JsonArray array = new JsonArray();
        steps.forEach(step -> array.add(step(step, machine)));
        return array;
    }

    private JsonObject step(PlannedStep step, Machine machine) {
        JsonObject object = new JsonObject();
        object.addProperty("kind", step.kind);
        object.addProperty("subject", step.subject);
        object.addProperty("before", step.before);
        object.addProperty("after", step.after);
        object.addProperty("undo", step.undo);
        object.addProperty("command", step.shell);
        object.addProperty("inverse", step.inverse);
        if (!step.rung.isEmpty()) {
            object.addProperty("rung", step.rung);
        }
        if (!step.why.isEmpty()) {
            object.addProperty("why", step.why);
        }
        object.addProperty("text", words.step(step, machine));
        return object;
    }

    /** What happened to the steps of a plan: the last word on each, and how long it took. */
    static JsonObject event(JobEntry entry, Optional<Double> seconds) {
        JsonObject object = new JsonObject();
        object.addProperty("what", entry.what);
        if (entry.step >= 0) {
            object.addProperty("step", entry.step + 1);
        }
        seconds.ifPresent(s -> object.addProperty("seconds", s));
        if (!entry.detail.isEmpty()) {
            object.addProperty("detail", entry.detail);
        }
        if (!entry.values.isEmpty()) {
            object.add("values", strings(entry.values));
        }
        return object;
    }
}
