package org.switchback.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.switchback.client.activity.ActivityLog;
import org.switchback.client.samples.SampleMachines;
import org.switchback.plan.KernelWrite;
import org.switchback.simulator.SimulatedFault;

class JsonFormatterTest extends CommandTestCase {
    @Test
    void everyKeyIsDocumented() throws IOException {
        Set<String> keys = new TreeSet<>();
        for (String sample : SampleMachines.names()) {
            collectKeys(parseJson(runOnSample(sample, "status", "--json")), keys);
            collectKeys(parseJson(runOnSample(sample, "iomem", "--json")), keys);
            collectKeys(parseJson(runOnSample(sample, "readiness", "--json")), keys);
            collectKeys(parseJson(runOnSample(sample, "report", "--json")), keys);
        }
        collectKeys(parseJson(runOnSample("x99-gtx1080", "plan", "vm", "gtx", "--json")), keys);
        collectKeys(parseJson(runOnSample(SampleMachines.DEFAULT, "switch", "vm", "gtx", "--json")), keys);
        collectKeys(parseJson(new CliRunner(connectionsWithoutHelper("iommu-off")).run("status", "--json")), keys);
        collectKeys(
                parseJson(new CliRunner(connectionsTo(SampleMachines.DEFAULT)
                                .withKernelSetup(kernel -> kernel.injectOnce(
                                        write -> write instanceof KernelWrite.WriteSysfs(String path, String value)
                                                && path.endsWith("nvidia/unbind"),
                                        new SimulatedFault.FalseSuccess())))
                        .run("switch", "vm", "gtx", "--yes", "--json")),
                keys);
        CliRunner recordingRunner =
                new CliRunner(connectionsTo(SampleMachines.DEFAULT)).withActivityLog(ActivityLog.inMemory());
        recordingRunner.run("switch", "vm", "gtx", "--yes");
        collectKeys(parseJson(recordingRunner.run("activity", "--json")), keys);
        Path map = Files.writeString(directory.resolve("map"), "c0000000-c0000fff : x\n");
        Path other = Files.writeString(directory.resolve("other"), "d0000000-d0000fff : x\n");
        CliRunner runner = new CliRunner(connectionsTo(SampleMachines.DEFAULT));
        collectKeys(parseJson(runner.run("iomem", "--json", "--diff", map.toString(), other.toString())), keys);
        collectKeys(parseJson(runner.run("--machine", writeReport(), "status", "--json")), keys);
        String documentation = Files.readString(Path.of("../command-line.md"));
        assertThat(keys).hasSizeGreaterThan(50).allSatisfy(key -> assertThat(documentation)
                .contains("`" + key + "`"));
    }

    private String writeReport() throws IOException {
        return Files.writeString(
                        directory.resolve("report"),
                        runOnSample("iommu-off", "report").out())
                .toString();
    }

    @Test
    void planHasStepsInversesAndRefusals() {
        JsonObject plan = parseJson(new CliRunner(connectionsWithoutModule()).run("plan", "vm", "04:00.0", "--json"));
        assertThat(plan.get("ready").getAsBoolean()).isFalse();
        assertThat(plan.getAsJsonArray("functions").toString()).isEqualTo("[\"0000:04:00.0\",\"0000:04:00.1\"]");
        JsonObject unbind = plan.getAsJsonArray("steps").get(5).getAsJsonObject();
        assertThat(unbind.get("text").getAsString()).isEqualTo("Unbind 04:00.0 from nvidia");
        assertThat(unbind.get("command").getAsString()).endsWith("drivers/nvidia/unbind");
        assertThat(unbind.get("inverse").getAsString()).endsWith("drivers/nvidia/bind");
        JsonObject refusal = plan.getAsJsonArray("refusals").get(0).getAsJsonObject();
        assertThat(refusal.get("code").getAsString()).isEqualTo("module-missing");
        assertThat(refusal.getAsJsonArray("details").get(3).getAsString()).isEqualTo("c0000000-c086ffff");
    }

    @Test
    void releaseStepHasItsMethodAndReason() {
        JsonObject plan = parseJson(runOnSample("x99-gtx1080", "plan", "vm", "04:00.0", "--json"));
        assertThat(plan.getAsJsonArray("steps").asList())
                .map(step -> step.getAsJsonObject())
                .filteredOn(step -> step.has("why"))
                .singleElement()
                .satisfies(step -> {
                    assertThat(step.get("kind").getAsString()).isEqualTo("framebuffer-region");
                    assertThat(step.get("subject").getAsString()).isEqualTo("0000:04:00.0 c0000000-c086ffff");
                    assertThat(step.get("method").getAsString()).isEqualTo("module");
                    assertThat(step.get("why").getAsString()).isEqualTo("no-driver");
                    assertThat(step.get("undo").getAsString()).isEqualTo("needs-restart");
                });
    }

    @Test
    void statusHasOverlapsWithVerdicts() {
        JsonObject gpu = parseJson(runOnSample("strix-halo-32g", "status", "--json"))
                .getAsJsonArray("gpus")
                .get(0)
                .getAsJsonObject();
        JsonObject bar = gpu.getAsJsonArray("bars").get(0).getAsJsonObject();
        assertThat(bar.get("size").getAsLong()).isEqualTo(32L << 30);
        JsonObject overlap = bar.getAsJsonArray("overlaps").get(0).getAsJsonObject();
        assertThat(overlap.get("first").getAsString()).isEqualTo("0x2800000000");
        assertThat(overlap.get("size").getAsLong()).isEqualTo(33177600);
        assertThat(overlap.getAsJsonArray("names").toString()).isEqualTo("[\"BOOTFB\",\"simpledrm\"]");
        assertThat(overlap.get("verdict").getAsString()).isEqualTo("conflict");
    }

    /** Keys and codes are language-independent; only texts for people differ. */
    @Test
    void keysAndCodesAreTheSameInGerman() {
        String[][] commands = {
            {"status"},
            {"readiness"},
            {"plan", "vm", "gtx"},
            {"plan", "host", "gtx"},
            {"iomem"},
            {"switch", "vm", "gtx"}
        };
        for (String[] command : commands) {
            String[] line =
                    Stream.concat(Stream.of(command), Stream.of("--json")).toArray(String[]::new);
            Locale.setDefault(Locale.ENGLISH);
            JsonObject english = parseJson(runOnSample("x99-gtx1080", line));
            Locale.setDefault(Locale.GERMANY);
            JsonObject german = parseJson(runOnSample("x99-gtx1080", line));
            assertThat(withoutTexts(german)).as(command[0]).isEqualTo(withoutTexts(english));
            if (!command[0].equals("iomem")) {
                assertThat(german).as(command[0]).isNotEqualTo(english);
            }
        }
    }

    /** Removes texts for people and durations. */
    private static JsonElement withoutTexts(JsonElement element) {
        if (element.isJsonArray()) {
            JsonArray array = new JsonArray();
            element.getAsJsonArray().forEach(item -> array.add(withoutTexts(item)));
            return array;
        }
        if (element.isJsonObject()) {
            JsonObject object = new JsonObject();
            element.getAsJsonObject()
                    .entrySet()
                    .forEach(entry -> object.add(
                            entry.getKey(),
                            Set.of("text", "advice", "seconds", "took").contains(entry.getKey())
                                    ? new JsonPrimitive("")
                                    : withoutTexts(entry.getValue())));
            return object;
        }
        return element;
    }

    private static JsonObject parseJson(CliRunner.CliResult result) {
        return JsonParser.parseString(result.out()).getAsJsonObject();
    }

    private static void collectKeys(JsonElement element, Set<String> keys) {
        if (element.isJsonObject()) {
            element.getAsJsonObject().entrySet().forEach(entry -> {
                keys.add(entry.getKey());
                collectKeys(entry.getValue(), keys);
            });
        } else if (element.isJsonArray()) {
            element.getAsJsonArray().forEach(item -> collectKeys(item, keys));
        }
    }
}
