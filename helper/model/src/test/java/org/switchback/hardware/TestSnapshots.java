package org.switchback.hardware;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Snapshots for tests: those of real kernels, the samples that come with the app, and cases from public threads. */
public final class TestSnapshots {
    private static final List<Path> FOLDERS = List.of(
            Path.of("../../helper/model/src/test/resources/captures"),
            Path.of("../../app/client/src/main/resources/org/switchback/client/samples"),
            Path.of("../../helper/model/src/test/resources/cases"));

    private TestSnapshots() {}

    public static MachineSnapshot load(String name) {
        for (Path folder : FOLDERS) {
            Path file = folder.resolve(name + ".capture");
            if (Files.exists(file)) {
                try {
                    return MachineSnapshot.parse(Files.readString(file));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                } catch (MachineSnapshot.MalformedSnapshotException e) {
                    throw new AssertionError(file + ": " + e.getMessage(), e);
                }
            }
        }
        throw new AssertionError("no snapshot named " + name);
    }

    /** {@code q35-6.1-0380} as with SYSFB_SIMPLEFB and simplefb, and with this project's kernel module installed. */
    public static MachineSnapshot withBootfb() {
        String text = load("q35-6.1-0380")
                .toText()
                .replace(
                        "|       c0000000-c03e7fff : efifb\n",
                        "|       c0000000-c03e7fff : BOOTFB\n|         c0000000-c03e7fff : simplefb\n")
                .replace("efi-framebuffer", "simple-framebuffer");
        try {
            return MachineSnapshot.parse(text + "/lib/modules/6.1.0-56-amd64/switchback_bootfb = unsigned\n");
        } catch (MachineSnapshot.MalformedSnapshotException e) {
            throw new AssertionError(e);
        }
    }

    public static Machine parseMachine(String name) {
        return SnapshotParser.parse(load(name));
    }

    /** Names of all snapshots of real kernels, sorted. */
    public static List<String> realKernelNames() {
        try (var files = Files.list(FOLDERS.getFirst())) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".capture"))
                    .map(name -> name.substring(0, name.length() - ".capture".length()))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
