package org.switchback.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import org.switchback.hardware.MachineSnapshot;

/** Makes files and links of a capture again, so that the reader of the running kernel can be tried on it. */
final class SnapshotFileTree {
    private SnapshotFileTree() {}

    /** @param root an empty folder; the capture's {@code /sys} comes to lie in it */
    static void write(MachineSnapshot capture, Path root) throws IOException {
        // A link to a folder comes before what is in it, and needs the folder to lead to.
        for (Map.Entry<String, MachineSnapshot.SnapshotEntry> entry : capture.entries().entrySet()) {
            Path path = root.resolve(entry.getKey().substring(1));
            if (!Files.isDirectory(path.getParent())) {
                Files.createDirectories(path.getParent());
            }
            switch (entry.getValue()) {
                case MachineSnapshot.TextEntry(String text) -> Files.writeString(path, text + "\n");
                case MachineSnapshot.BinaryEntry(String hex) -> Files.write(path, HexFormat.of().parseHex(hex));
                case MachineSnapshot.DirectoryEntry() -> Files.createDirectories(path);
                case MachineSnapshot.LinkEntry(String target) -> {
                    Files.createSymbolicLink(path, Path.of(target));
                    if (!target.startsWith("/")) {
                        Files.createDirectories(path.getParent().resolve(target).normalize());
                    }
                }
                case MachineSnapshot.UnreadableEntry unreadable -> {}
            }
        }
    }
}
