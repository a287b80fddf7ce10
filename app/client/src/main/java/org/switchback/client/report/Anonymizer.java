package org.switchback.client.report;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.UsbNodes;

/** Removes personal names from a snapshot: user names and the host name, wherever they occur as whole words. */
public final class Anonymizer {
    private static final String HOST_NAME_PATH = "/proc/sys/kernel/hostname";
    private static final String HOST_PLACEHOLDER = "<host>";
    private static final String USER_PLACEHOLDER = "<user>";

    /** {@code (user@host)}: the builder of the kernel, a personal name for a self-built kernel. */
    private static final Pattern BUILDER_PATTERN = Pattern.compile("\\([^()@\\s]+@[^()@\\s]+\\)");

    /** Host names and users' home directories in a kernel command line, also of other machines. */
    private static final Pattern HOST_OPTION_PATTERN = Pattern.compile("(?<=\\bhostname=)[^\\s\"]+");

    private static final Pattern HOME_DIRECTORY_PATTERN = Pattern.compile("(?<=/home/)[^/\\s\"]+");

    /** Users in the mount points of udisks: {@code /run/media/USER/LABEL}, {@code /media/USER/LABEL}. */
    private static final Pattern MEDIA_DIRECTORY_PATTERN = Pattern.compile("(?<=/media/)[^/\\s]+(?=/)");

    /** Names that exist on every machine and identify no person. */
    private static final Set<String> COMMON_NAMES = Set.of("root", "nobody", "localhost", "debian", "linux");

    private Anonymizer() {}

    /** Returns the snapshot without personal names; all facts about the machine are kept. */
    public static MachineSnapshot anonymize(MachineSnapshot snapshot) {
        Map<String, String> replacements = new HashMap<>();
        snapshot.text(HOST_NAME_PATH).ifPresent(host -> addReplacement(replacements, host.strip(), HOST_PLACEHOLDER));
        processOwners(snapshot).forEach(owner -> addReplacement(replacements, owner, USER_PLACEHOLDER));
        addReplacement(replacements, System.getProperty("user.name", ""), USER_PLACEHOLDER);
        Map<String, Optional<MachineSnapshot.SnapshotEntry>> changes = new HashMap<>();
        snapshot.entries().forEach((path, entry) -> {
            if (entry instanceof MachineSnapshot.TextEntry(String text)) {
                String anonymized = removeNames(path, text, replacements);
                if (!anonymized.equals(text)) {
                    changes.put(path, Optional.of(new MachineSnapshot.TextEntry(anonymized)));
                }
            }
        });
        return snapshot.withChanges(changes);
    }

    /** Other files are returned unchanged: a word that equals a user's name is not a name there. */
    private static String removeNames(String path, String text, Map<String, String> replacements) {
        if (path.startsWith("/proc/") && path.endsWith("/owner")) {
            // The parser treats an empty owner as omitted.
            return COMMON_NAMES.contains(text.strip()) ? text : "";
        }
        if (path.equals("/proc/version")) {
            return replaceNames(BUILDER_PATTERN.matcher(text).replaceAll("(<builder>)"), replacements);
        }
        if (path.equals("/proc/cmdline")) {
            String replaced = HOST_OPTION_PATTERN.matcher(text).replaceAll(HOST_PLACEHOLDER);
            return replaceNames(HOME_DIRECTORY_PATTERN.matcher(replaced).replaceAll(USER_PLACEHOLDER), replacements);
        }
        if (path.equals(UsbNodes.MOUNTS)) {
            String replaced = MEDIA_DIRECTORY_PATTERN.matcher(text).replaceAll(USER_PLACEHOLDER);
            return replaceNames(HOME_DIRECTORY_PATTERN.matcher(replaced).replaceAll(USER_PLACEHOLDER), replacements);
        }
        boolean mayContainNames = path.equals(HOST_NAME_PATH)
                || (path.startsWith("/proc/") && path.endsWith("/cgroup"))
                || (path.startsWith("/proc/") && path.endsWith("/comm"));
        return mayContainNames ? replaceNames(text, replacements) : text;
    }

    private static Set<String> processOwners(MachineSnapshot snapshot) {
        Set<String> owners = new LinkedHashSet<>();
        for (String process : snapshot.childNames("/proc")) {
            snapshot.text("/proc/" + process + "/owner").map(String::strip).ifPresent(owners::add);
        }
        return owners;
    }

    private static void addReplacement(Map<String, String> replacements, String name, String placeholder) {
        if (!name.isEmpty() && !COMMON_NAMES.contains(name)) {
            replacements.putIfAbsent(name, placeholder);
        }
    }

    private static String replaceNames(String text, Map<String, String> replacements) {
        String anonymized = text;
        for (Map.Entry<String, String> name : replacements.entrySet()) {
            if (anonymized.contains(name.getKey())) {
                anonymized = Pattern.compile(
                                "(?<![\\p{L}\\p{N}_])" + Pattern.quote(name.getKey()) + "(?![\\p{L}\\p{N}_])")
                        .matcher(anonymized)
                        .replaceAll(Matcher.quoteReplacement(name.getValue()));
            }
        }
        return anonymized;
    }
}
