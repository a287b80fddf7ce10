package org.switchback.kernel;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.switchback.hardware.Capture.Entry;
import org.switchback.hardware.Capture.Text;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciIdsExcerpt;

/** The part of the system's {@code pci.ids} that names a machine's functions, kept until it has others. */
final class PciNames {
    /** Where captures have it; Debian's and Fedora's files lie in different places. */
    static final String PATH = "/usr/share/misc/pci.ids";

    private static final String OTHER_PATH = "/usr/share/hwdata/pci.ids";
    private static final int LIMIT = 16 << 20;

    private final KernelFiles files;
    private @Nullable Set<String> known;
    private Optional<String> excerpt = Optional.empty();

    PciNames(KernelFiles files) {
        this.files = files;
    }

    /** @return empty when the system has no such file, or can't read it */
    synchronized Optional<String> of(Map<String, Entry> found) {
        Set<String> wanted = new TreeSet<>();
        found.forEach((path, entry) -> {
            if (path.startsWith(MachineReader.PCI_DEVICES) && path.endsWith("/vendor")) {
                String device = path.substring(0, path.length() - "vendor".length()) + "device";
                if (entry instanceof Text(String vendor) && found.get(device) instanceof Text(String model)) {
                    String id = digits(vendor) + ":" + digits(model);
                    if (id.length() == 9) {
                        wanted.add(id);
                    }
                }
            }
        });
        if (!wanted.equals(known)) {
            known = wanted;
            PciIdsExcerpt names = new PciIdsExcerpt(wanted);
            Stream.of(PATH, OTHER_PATH).filter(files::isFile).findFirst().ifPresent(path ->
                    files.anyPiece(path, LIMIT, names::add));
            excerpt = Optional.of(names.text())
                    .filter(text -> !text.isEmpty())
                    .map(text -> new String(text.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8));
        }
        return excerpt;
    }

    private static String digits(String number) {
        return number.startsWith("0x") ? number.substring(2) : number;
    }
}
