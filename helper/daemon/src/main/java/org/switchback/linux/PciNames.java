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
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.PciIdsExcerpt;

/** The part of the system's {@code pci.ids} that names a machine's functions, kept until it has others. */
final class PciNames {
    /** Where captures have it; Debian's and Fedora's files lie in different places. */
    static final String PATH = "/usr/share/misc/pci.ids";

    private static final String HWDATA_PATH = "/usr/share/hwdata/pci.ids";
    private static final int SIZE_LIMIT = 16 << 20;

    private final KernelFiles files;
    private @Nullable Set<String> cachedIds;
    private Optional<String> excerpt = Optional.empty();

    PciNames(KernelFiles files) {
        this.files = files;
    }

    /** @return empty when the system has no such file, or can't read it */
    synchronized Optional<String> excerptFor(Map<String, SnapshotEntry> found) {
        Set<String> wanted = new TreeSet<>();
        found.forEach((path, entry) -> {
            if (path.startsWith(SnapshotParser.PCI_DEVICES) && path.endsWith("/vendor")) {
                String device = path.substring(0, path.length() - "vendor".length()) + "device";
                if (entry instanceof TextEntry(String vendor) && found.get(device) instanceof TextEntry(String model)) {
                    String id = stripHexPrefix(vendor) + ":" + stripHexPrefix(model);
                    if (id.length() == 9) {
                        wanted.add(id);
                    }
                }
            }
        });
        if (!wanted.equals(cachedIds)) {
            cachedIds = wanted;
            PciIdsExcerpt names = new PciIdsExcerpt(wanted);
            Stream.of(PATH, HWDATA_PATH).filter(files::isFile).findFirst().ifPresent(path ->
                    files.anyChunkMatches(path, SIZE_LIMIT, names::add));
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
