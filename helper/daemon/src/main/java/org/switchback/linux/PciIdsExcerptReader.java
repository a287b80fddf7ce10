package org.switchback.linux;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.switchback.hardware.MachineSnapshot.SnapshotEntry;
import org.switchback.hardware.MachineSnapshot.TextEntry;
import org.switchback.hardware.PciIdsExcerpt;
import org.switchback.hardware.SnapshotParser;

/** The part of the system's {@code pci.ids} that names the functions of a machine; cached until they change. */
final class PciIdsExcerptReader {
    /** The path in snapshots, which is that of Debian; Fedora uses another. */
    static final String PATH = "/usr/share/misc/pci.ids";

    private static final String HWDATA_PATH = "/usr/share/hwdata/pci.ids";
    private static final int SIZE_LIMIT = 16 << 20;

    private final KernelFileReader files;
    private @Nullable Set<String> cachedIds;
    private Optional<String> excerpt = Optional.empty();

    PciIdsExcerptReader(KernelFileReader files) {
        this.files = files;
    }

    /** @return empty when the file is missing or unreadable, or names none of the functions */
    synchronized Optional<String> excerptFor(Map<String, SnapshotEntry> entries) {
        Set<String> ids = new TreeSet<>();
        entries.forEach((path, entry) -> {
            if (path.startsWith(SnapshotParser.PCI_DEVICES) && path.endsWith("/vendor")) {
                String device = path.substring(0, path.length() - "vendor".length()) + "device";
                if (entry instanceof TextEntry(String vendorId)
                        && entries.get(device) instanceof TextEntry(String deviceId)) {
                    String id = stripHexPrefix(vendorId) + ":" + stripHexPrefix(deviceId);
                    if (id.length() == 9) {
                        ids.add(id);
                    }
                }
            }
        });
        if (!ids.equals(cachedIds)) {
            cachedIds = ids;
            PciIdsExcerpt names = new PciIdsExcerpt(ids);
            Stream.of(PATH, HWDATA_PATH)
                    .filter(files::isFile)
                    .findFirst()
                    .ifPresent(path -> files.anyChunkMatches(path, SIZE_LIMIT, names::add));
            excerpt = Optional.of(names.toText())
                    .filter(text -> !text.isEmpty())
                    .map(text -> new String(text.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8));
        }
        return excerpt;
    }

    private static String stripHexPrefix(String number) {
        return number.startsWith("0x") ? number.substring(2) : number;
    }
}
