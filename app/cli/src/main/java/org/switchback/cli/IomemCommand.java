package org.switchback.cli;

import com.google.gson.JsonObject;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.switchback.client.messages.MemoryMapMessages;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.MemoryMapDiff;
import org.switchback.hardware.Region;
import org.switchback.hardware.SnapshotParser;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code iomem}: prints the memory map of a machine or a file, or the differences between two files. */
@Command(name = "iomem", sortOptions = false)
final class IomemCommand extends AbstractMachineCommand {
    @Parameters(index = "0", arity = "0..1", paramLabel = "FILE", descriptionKey = "parameter.map")
    @Nullable
    String file;

    @Option(names = "--diff", arity = "2", paramLabel = "FILE")
    String @Nullable [] diff;

    @Option(names = "--sizes")
    boolean sizes;

    @Option(names = "--gpu", paramLabel = "GPU")
    @Nullable
    String gpuName;

    @Override
    public Integer call() throws CommandException, IOException {
        String name = file;
        String[] files = diff;
        if (files != null) {
            if (name != null) {
                throw context().createException(ExitCode.USAGE, "cli.iomem.diff-and-file");
            }
            printDiff(readMap(files[0]), readMap(files[1]));
        } else if (name != null) {
            if (gpuName != null) {
                throw context().createException(ExitCode.USAGE, "cli.iomem.gpu-and-file");
            }
            MemoryMap map = readMap(name);
            printMap(map, map.roots(), List.of(), true);
        } else {
            printMachineMap();
        }
        return ExitCode.OK;
    }

    private MemoryMap readMap(String name) throws CommandException {
        String text = TextFileReader.read(name, context());
        MemoryMap map = MemoryMap.parse(
                MachineSnapshot.hasSnapshotHeader(text)
                        ? TextFileReader.parseReport(text, name, context())
                                .text("/proc/iomem")
                                .orElse("")
                        : text);
        if (map.isEmpty()) {
            throw context()
                    .createException(
                            ExitCode.FAILED, "cli.iomem.no-region", TextFileReader.displayName(name, context()));
        }
        return map;
    }

    private void printDiff(MemoryMap before, MemoryMap after) {
        MemoryMapDiff mapDiff = MemoryMapDiff.between(before, after);
        if (json) {
            JsonObject object = new JsonObject();
            object.add("removed", JsonFormatter.formatAll(mapDiff.removed(), IomemCommand::toJson));
            object.add("added", JsonFormatter.formatAll(mapDiff.added(), IomemCommand::toJson));
            object.addProperty("namesOnly", mapDiff.onlyNamesCompared());
            object.addProperty("text", new MemoryMapMessages(messages()).formatDiff(mapDiff));
            printJson(object);
            return;
        }
        if (mapDiff.onlyNamesCompared()) {
            terminal().err().println(messages().text("map.diff.hidden"));
        }
        new MemoryMapFormatter(terminal(), messages()).print(mapDiff);
    }

    private static JsonObject toJson(Region region) {
        JsonObject object = new JsonObject();
        object.addProperty("name", region.name());
        JsonFormatter.addRange(object, region.range());
        return object;
    }

    /**
     * @param roots the shown part of the map
     * @param fromFile whether the map was read from a file and not from a machine
     */
    private void printMap(MemoryMap map, List<Region> roots, List<Gpu> gpus, boolean fromFile) throws IOException {
        if (json) {
            writeJson(new MemoryMap(
                    roots, map.addressesHidden(), map.omissionCount(), map.regionCount(), map.unreadableLineCount()));
            return;
        }
        MemoryMapFormatter formatter = new MemoryMapFormatter(terminal(), messages());
        if (sizes || gpuName != null) {
            formatter.printSizes(map, roots, gpus);
        } else {
            terminal().out().print(map.toText());
        }
        terminal().out().flush();
        formatter.formatNotes(map, fromFile).forEach(terminal().err()::println);
    }

    private void printMachineMap() throws CommandException, IOException {
        try (MachineSession session = rootCommand().openSession(true)) {
            Machine machine = SnapshotParser.parse(session.snapshot());
            MemoryMap map = machine.memoryMap();
            if (map.isEmpty()) {
                throw context().createException(ExitCode.FAILED, "map.empty");
            }
            List<Region> roots = gpuName == null
                    ? map.roots()
                    : MemoryMapFormatter.regionsAroundGpu(map, new GpuSelector(machine, context()).find(gpuName));
            printMap(map, roots, machine.gpus(), false);
        }
    }

    /** Streams the JSON: a map can have a hundred thousand regions. */
    private void writeJson(MemoryMap map) throws IOException {
        JsonWriter writer = new JsonWriter(new OutputStreamWriter(terminal().out(), StandardCharsets.UTF_8));
        writer.setIndent("  ");
        writer.beginObject();
        writer.name("regions").value(map.regionCount());
        writer.name("hidden").value(map.addressesHidden());
        writer.name("omissions").value(map.omissionCount());
        writer.name("unreadable").value(map.unreadableLineCount());
        writer.name("map");
        writeJson(map.roots(), map.addressesHidden(), writer);
        writer.endObject();
        writer.flush();
        println("");
    }

    private static void writeJson(List<Region> level, boolean hidden, JsonWriter writer) throws IOException {
        writer.beginArray();
        for (Region region : level) {
            writer.beginObject();
            writer.name("name").value(region.name());
            if (!hidden) {
                writer.name("first")
                        .value(JsonFormatter.formatHex(region.range().first()));
                writer.name("last").value(JsonFormatter.formatHex(region.range().last()));
                writer.name("size")
                        .value(JsonFormatter.formatSize(region.range().length()).getAsNumber());
            }
            writer.name("children");
            writeJson(region.children(), hidden, writer);
            writer.endObject();
        }
        writer.endArray();
    }
}
