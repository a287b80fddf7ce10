package org.switchback.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import org.switchback.hardware.Capture;

/** Makes files and links of a capture again, so that the reader of the running kernel can be tried on it. */
final class CapturedTree {
    private CapturedTree() {}

    /** @param root an empty folder; the capture's {@code /sys} comes to lie in it */
    static void write(Capture capture, Path root) throws IOException {
        // A link to a folder comes before what is in it, and needs the folder to lead to.
        for (Map.Entry<String, Capture.Entry> entry : capture.entries().entrySet()) {
            Path path = root.resolve(entry.getKey().substring(1));
            if (!Files.isDirectory(path.getParent())) {
                Files.createDirectories(path.getParent());
            }
            switch (entry.getValue()) {
                case Capture.Text(String text) -> Files.writeString(path, text + "\n");
                case Capture.Bytes(String hex) -> Files.write(path, HexFormat.of().parseHex(hex));
                case Capture.Directory() -> Files.createDirectories(path);
                case Capture.Link(String target) -> {
                    Files.createSymbolicLink(path, Path.of(target));
                    if (!target.startsWith("/")) {
                        Files.createDirectories(path.getParent().resolve(target).normalize());
                    }
                }
                case Capture.Unreadable unreadable -> {}
            }
        }
    }
}
