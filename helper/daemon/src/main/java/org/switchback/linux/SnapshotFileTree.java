package org.switchback.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import org.switchback.hardware.MachineSnapshot;

/** Writes a snapshot as files and links, for a {@link LinuxKernel} on that tree. */
public final class SnapshotFileTree {
    private SnapshotFileTree() {}

    /**
     * Writes all readable entries of a snapshot.
     *
     * @param root an empty directory; the snapshot's {@code /sys} becomes {@code root/sys}
     */
    public static void write(MachineSnapshot snapshot, Path root) throws IOException {
        // A link to a folder precedes the entries in it, so its target must exist.
        for (Map.Entry<String, MachineSnapshot.SnapshotEntry> entry :
                snapshot.entries().entrySet()) {
            Path path = root.resolve(entry.getKey().substring(1));
            Path parent = Objects.requireNonNull(path.getParent());
            if (!Files.isDirectory(parent)) {
                Files.createDirectories(parent);
            }
            switch (entry.getValue()) {
                case MachineSnapshot.TextEntry(String text) -> Files.writeString(path, text + "\n");
                case MachineSnapshot.BinaryEntry(String hex) ->
                    Files.write(path, HexFormat.of().parseHex(hex));
                case MachineSnapshot.DirectoryEntry() -> Files.createDirectories(path);
                case MachineSnapshot.LinkEntry(String target) -> {
                    Files.createSymbolicLink(path, Path.of(target));
                    if (!target.startsWith("/")) {
                        Files.createDirectories(parent.resolve(target).normalize());
                    }
                }
                case MachineSnapshot.UnreadableEntry unreadable -> {}
            }
        }
    }
}
