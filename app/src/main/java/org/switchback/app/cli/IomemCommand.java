package org.switchback.app.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.switchback.app.words.MapWords;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.MapChanges;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.Region;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code iomem}: the memory map of a machine or out of a text, nested; or what changed between two texts. */
@Command(name = "iomem", sortOptions = false)
final class IomemCommand extends MachineCommand {
    @Parameters(index = "0", arity = "0..1", paramLabel = "FILE", descriptionKey = "parameter.map")
    @Nullable String file;

    @Option(names = "--diff", arity = "2", paramLabel = "FILE")
    String @Nullable [] diff;

    @Option(names = "--sizes")
    boolean sizes;

    @Option(names = "--gpu", paramLabel = "GPU")
    @Nullable String around;

    IomemCommand(Surroundings surroundings, RootCommand root) {
        super(surroundings, root);
    }

    @Override
    public Integer call() throws CommandFailure, IOException {
        String name = file;
        String[] pair = diff;
        if (pair != null) {
            if (name != null) {
                throw surroundings().failure(ExitCode.USAGE, "cli.iomem.diff-and-file");
            }
            difference(map(pair[0]), map(pair[1]));
        } else if (name != null) {
            if (around != null) {
                throw surroundings().failure(ExitCode.USAGE, "cli.iomem.gpu-and-file");
            }
            text(map(name));
        } else {
            machine();
        }
        return ExitCode.OK;
    }

    private MemoryMap map(String name) throws CommandFailure {
        String text = TextFile.read(name, surroundings());
        MemoryMap map = MemoryMap.parse(
                Capture.looksLike(text)
                        ? TextFile.report(text, name, surroundings()).text("/proc/iomem").orElse("")
                        : text);
        if (map.isEmpty()) {
            throw surroundings().failure(ExitCode.FAILED, "cli.iomem.no-region", TextFile.named(name, surroundings()));
        }
        return map;
    }

    private void difference(MemoryMap before, MemoryMap after) {
        MapText text = new MapText(terminal(), words());
        MapChanges changes = MapChanges.between(before, after);
        if (json) {
            JsonObject object = new JsonObject();
            object.add("removed", regions(changes.removed()));
            object.add("added", regions(changes.added()));
            object.addProperty("namesOnly", changes.namesOnly());
            object.addProperty("text", new MapWords(words()).changes(changes));
            print(object);
            return;
        }
        if (changes.namesOnly()) {
            terminal().err().println(words().text("map.diff.hidden"));
        }
        text.print(changes);
    }

    private static JsonArray regions(List<Region> regions) {
        JsonArray array = new JsonArray();
        for (Region region : regions) {
            JsonObject object = new JsonObject();
            object.addProperty("name", region.name());
            Json.range(object, region.range());
            array.add(object);
        }
        return array;
    }

    private void text(MemoryMap map) throws IOException {
        MapText text = new MapText(terminal(), words());
        if (json) {
            print(map);
            return;
        }
        if (sizes) {
            text.printSizes(map, map.roots(), List.of());
        } else {
            terminal().out().print(map.toText());
        }
        terminal().out().flush();
        text.notes(map, true).forEach(terminal().err()::println);
    }

    private void machine() throws CommandFailure, IOException {
        try (Sight sight = root().look(true)) {
            Machine machine = MachineReader.read(sight.capture());
            MemoryMap map = machine.memory();
            if (map.isEmpty()) {
                throw surroundings().failure(ExitCode.FAILED, "map.empty");
            }
            MapText text = new MapText(terminal(), words());
            String name = around;
            List<Region> roots = map.roots();
            if (name != null) {
                Gpu gpu = new GpuChoice(machine, surroundings()).find(name);
                roots = MapText.around(map, gpu);
            }
            if (json) {
                print(new MemoryMap(roots, map.hidden(), map.omissions(), map.regions(), map.unreadable()));
                return;
            }
            if (sizes || name != null) {
                text.printSizes(map, roots, machine.gpus());
            } else {
                terminal().out().print(map.toText());
            }
            terminal().out().flush();
            text.notes(map, false).forEach(terminal().err()::println);
        }
    }

    /** Written as it goes: a map can have a hundred thousand regions. */
    private void print(MemoryMap map) throws IOException {
        JsonWriter writer = new JsonWriter(new OutputStreamWriter(terminal().out(), StandardCharsets.UTF_8));
        writer.setIndent("  ");
        writer.beginObject();
        writer.name("regions").value(map.regions());
        writer.name("hidden").value(map.hidden());
        writer.name("omissions").value(map.omissions());
        writer.name("unreadable").value(map.unreadable());
        writer.name("map");
        print(map.roots(), map.hidden(), writer);
        writer.endObject();
        writer.flush();
        terminal().out().println();
    }

    private static void print(List<Region> level, boolean hidden, JsonWriter writer) throws IOException {
        writer.beginArray();
        for (Region region : level) {
            writer.beginObject();
            writer.name("name").value(region.name());
            if (!hidden) {
                writer.name("first").value(Json.hex(region.range().first()));
                writer.name("last").value(Json.hex(region.range().last()));
                writer.name("size").value(Json.size(region.range().length()).getAsNumber());
            }
            writer.name("children");
            print(region.children(), hidden, writer);
            writer.endObject();
        }
        writer.endArray();
    }
}
