package org.switchback.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.math.BigInteger;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.switchback.client.MachineSource;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.Bar;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.KebabCase;
import org.switchback.hardware.KernelReference;
import org.switchback.hardware.Machine;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciDevice;
import org.switchback.job.JobEvent;
import org.switchback.job.PlanReply;
import org.switchback.job.PlannedStep;
import org.switchback.job.RefusalSummary;
import org.switchback.plan.Target;
import org.switchback.protocol.JobEventStruct;

/**
 * Builds the output of {@code --json}. Keys are never renamed and never change their meaning;
 * {@code app/command-line.md} documents them. Codes and addresses are for programs, {@code text} is for people.
 */
final class JsonFormatter {
    private final Messages messages;

    JsonFormatter(Messages messages) {
        this.messages = messages;
    }

    static JsonObject formatSource(MachineSource source) {
        JsonObject object = new JsonObject();
        switch (source) {
            case MachineSource.ThisMachine() -> object.addProperty("kind", "this-machine");
            case MachineSource.ReadOnlyMachine(var reason) -> {
                object.addProperty("kind", "look-only");
                object.addProperty("problem", KebabCase.of(reason));
            }
            case MachineSource.SampleMachine(String name) -> {
                object.addProperty("kind", "sample");
                object.addProperty("name", name);
            }
            case MachineSource.SavedReport(String file) -> {
                object.addProperty("kind", "report");
                object.addProperty("file", file);
            }
        }
        return object;
    }

    JsonObject formatMachine(Machine machine) {
        JsonObject object = new JsonObject();
        object.addProperty("kernel", machine.kernelVersion().release());
        object.addProperty("iommu", !machine.iommuGroups().isEmpty());
        object.addProperty("vfio", KebabCase.of(machine.vfioDriverState()));
        return object;
    }

    JsonObject formatGpu(Gpu gpu) {
        JsonObject object = formatDevice(gpu.graphics());
        object.addProperty("mode", KebabCase.of(gpu.mode()));
        object.addProperty("drivesDisplay", gpu.hasActiveDisplay());
        object.add("displays", formatStrings(gpu.graphics().activeConnectors()));
        object.add("bars", formatAll(gpu.graphics().bars(), bar -> formatBar(bar, gpu)));
        gpu.graphics().link().ifPresent(link -> {
            JsonObject linkObject = new JsonObject();
            linkObject.addProperty("speed", link.speed());
            linkObject.addProperty("width", link.width());
            linkObject.addProperty("maxSpeed", link.maxSpeed());
            linkObject.addProperty("maxWidth", link.maxWidth());
            object.add("link", linkObject);
        });
        object.add("resetMethods", formatStrings(gpu.graphics().resetMethods()));
        JsonObject power = new JsonObject();
        power.addProperty("control", gpu.graphics().power().control());
        power.addProperty("status", gpu.graphics().power().runtimeStatus());
        power.addProperty("level", gpu.graphics().power().powerState());
        object.add("power", power);
        object.add("companions", formatAll(gpu.companions(), this::formatDevice));
        object.add("users", formatAll(gpu.deviceUsers(), JsonFormatter::formatDeviceUser));
        object.add("possibleUsers", formatAll(gpu.possibleUsers(), possible -> formatDeviceUser(possible.user())));
        object.add("references", formatAll(gpu.kernelReferences(), JsonFormatter::formatKernelReference));
        return object;
    }

    JsonObject formatDevice(PciDevice device) {
        JsonObject object = new JsonObject();
        object.addProperty("address", device.address().toString());
        object.addProperty("name", device.name());
        object.addProperty("ids", device.ids().toString());
        object.addProperty("class", device.pciClass().toString());
        device.driver().ifPresent(driver -> object.addProperty("driver", driver));
        device.iommuGroup().ifPresent(group -> object.addProperty("group", group));
        return object;
    }

    private JsonObject formatBar(Bar bar, Gpu gpu) {
        JsonObject object = new JsonObject();
        object.addProperty("index", bar.index());
        object.addProperty("space", bar.space() == Bar.AddressSpace.MEMORY ? "memory" : "ports");
        addRange(object, bar.range());
        List<Overlap> overlaps = gpu.overlaps().stream()
                .filter(overlap -> overlap.bar().equals(bar))
                .toList();
        object.add("overlaps", formatAll(overlaps, this::formatOverlap));
        gpu.graphics().maxBarSize(bar.index()).ifPresent(largest -> object.add("largest", formatSize(largest)));
        return object;
    }

    private JsonObject formatOverlap(Overlap overlap) {
        JsonObject object = new JsonObject();
        object.add("names", formatAll(overlap.regions(), region -> new JsonPrimitive(region.name())));
        if (overlap.hasAddress()) {
            addRange(object, overlap.outermostRegion().range());
        }
        overlap.framebuffer().ifPresent(framebuffer -> {
            object.addProperty("framebuffer", framebuffer.platformDevice());
            framebuffer.driver().ifPresent(driver -> object.addProperty("framebufferDriver", driver));
        });
        object.addProperty("verdict", KebabCase.of(overlap.resolution()));
        object.addProperty("text", messages.formatOverlap(overlap) + ".");
        return object;
    }

    private static JsonObject formatKernelReference(KernelReference reference) {
        JsonObject object = new JsonObject();
        object.addProperty("kind", KebabCase.of(reference.kind()));
        object.addProperty("blocks", reference.isBlockingUnbind());
        return object;
    }

    private static JsonObject formatDeviceUser(DeviceUser user) {
        JsonObject object = new JsonObject();
        if (user.isMount()) {
            object.addProperty("mount", user.program());
        } else {
            object.addProperty("pid", user.pid());
            object.addProperty("program", user.program());
        }
        if (!user.owner().isEmpty()) {
            object.addProperty("user", user.owner());
        }
        if (!user.virtualMachine().isEmpty()) {
            object.addProperty("guest", user.virtualMachine());
        }
        object.addProperty("node", "/dev/" + user.deviceNode());
        object.addProperty("blocks", user.isBlockingUnbind());
        return object;
    }

    /** Adds first and last address, both inclusive, and size in bytes. */
    static void addRange(JsonObject object, AddressRange range) {
        object.addProperty("first", formatHex(range.first()));
        object.addProperty("last", formatHex(range.last()));
        object.add("size", formatSize(range.length()));
    }

    static String formatHex(long address) {
        return "0x" + Long.toHexString(address);
    }

    static JsonPrimitive formatSize(long length) {
        return new JsonPrimitive(length == 0 ? BigInteger.TWO.pow(64) : new BigInteger(Long.toUnsignedString(length)));
    }

    JsonObject formatPlan(Gpu gpu, Target target, PlanReply plan, Machine machine) {
        JsonObject object = new JsonObject();
        object.addProperty("gpu", gpu.address().toString());
        object.addProperty("name", gpu.graphics().name());
        object.addProperty("target", target.wireName());
        object.addProperty("ready", plan.refusals().isEmpty());
        object.addProperty("permission", KebabCase.of(plan.permission()));
        object.add("functions", formatAll(plan.functions(), address -> new JsonPrimitive(address.toString())));
        object.add("steps", formatSteps(plan.steps(), machine));
        object.add("inverse", formatStrings(plan.undoCommands()));
        object.add("refusals", formatRefusals(plan.refusals()));
        return object;
    }

    static JsonArray formatStrings(List<String> texts) {
        return formatAll(texts, JsonPrimitive::new);
    }

    static <T> JsonArray formatAll(List<T> items, Function<T, JsonElement> format) {
        JsonArray array = new JsonArray();
        items.forEach(item -> array.add(format.apply(item)));
        return array;
    }

    JsonArray formatRefusals(List<RefusalSummary> refusals) {
        return formatAll(refusals, refusal -> {
            JsonObject object = new JsonObject();
            object.addProperty("code", refusal.code().wireName());
            object.add("details", formatStrings(refusal.details()));
            object.addProperty("text", messages.formatRefusal(refusal));
            return object;
        });
    }

    JsonArray formatSteps(List<PlannedStep> steps, Machine machine) {
        return formatAll(steps, step -> formatStep(step, machine));
    }

    private JsonObject formatStep(PlannedStep step, Machine machine) {
        JsonObject object = new JsonObject();
        object.addProperty("kind", step.kind().wireName());
        object.addProperty("subject", step.subject());
        object.addProperty("before", step.before());
        object.addProperty("after", step.after());
        object.addProperty("undo", KebabCase.of(step.undoPolicy()));
        object.addProperty("command", step.shellCommand());
        object.addProperty("inverse", step.undoCommand());
        step.releaseMethod().ifPresent(method -> object.addProperty("method", method.wireName()));
        step.releaseReason().ifPresent(reason -> object.addProperty("why", reason.wireName()));
        object.addProperty("text", messages.formatStep(step, machine));
        return object;
    }

    /**
     * Formats an event of a switch.
     *
     * @param seconds duration of the step that the event ends; empty when unknown
     */
    static JsonObject formatEvent(JobEvent event, Optional<Double> seconds) {
        JobEventStruct struct = JobEventStruct.encode(event);
        JsonObject object = new JsonObject();
        object.addProperty("what", struct.type);
        if (struct.step >= 0) {
            object.addProperty("step", struct.step + 1);
        }
        seconds.ifPresent(value -> object.addProperty("seconds", value));
        if (!struct.detail.isEmpty()) {
            object.addProperty("detail", struct.detail);
        }
        if (!struct.values.isEmpty()) {
            object.add("values", formatStrings(struct.values));
        }
        return object;
    }
}
