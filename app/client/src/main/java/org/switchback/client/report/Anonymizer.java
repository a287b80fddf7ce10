package org.switchback.client.report;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.switchback.hardware.MachineSnapshot;

/** Leaves out of a capture who somebody is: names of users and of the host, wherever they stand as a word. */
public final class Anonymizer {
    private static final String HOST_NAME_PATH = "/proc/sys/kernel/hostname";
    private static final String HOST_PLACEHOLDER = "<host>";
    private static final String USER_PLACEHOLDER = "<user>";

    /** Who built the kernel: for one that was built at home, somebody at some host. */
    private static final Pattern BUILDER_PATTERN = Pattern.compile("\\([^()@\\s]+@[^()@\\s]+\\)");

    /** What a command line says of a host or a user by its form, whatever their names here. */
    private static final Pattern HOST_OPTION_PATTERN = Pattern.compile("(?<=\\bhostname=)[^\\s\"]+");

    private static final Pattern HOME_DIRECTORY_PATTERN = Pattern.compile("(?<=/home/)[^/\\s\"]+");

    /** Users that every machine has say nothing about a person. */
    private static final Set<String> COMMON_NAMES = Set.of("root", "nobody", "localhost", "debian", "linux");

    private Anonymizer() {}

    /** The capture without them; what it says of the machine stays. */
    public static MachineSnapshot anonymize(MachineSnapshot capture) {
        Map<String, String> replacements = new HashMap<>();
        capture.text(HOST_NAME_PATH).ifPresent(host -> addReplacement(replacements, host.strip(), HOST_PLACEHOLDER));
        processOwners(capture).forEach(owner -> addReplacement(replacements, owner, USER_PLACEHOLDER));
        addReplacement(replacements, System.getProperty("user.name", ""), USER_PLACEHOLDER);
        Map<String, Optional<MachineSnapshot.SnapshotEntry>> changes = new HashMap<>();
        capture.entries().forEach((path, entry) -> {
            if (entry instanceof MachineSnapshot.TextEntry(String text)) {
                String without = removeNames(path, text, replacements);
                if (!without.equals(text)) {
                    changes.put(path, Optional.of(new MachineSnapshot.TextEntry(without)));
                }
            }
        });
        return capture.withChanges(changes);
    }

    /** In the other files a word that happens to be somebody's name is none. */
    private static String removeNames(String path, String text, Map<String, String> replacements) {
        if (path.startsWith("/proc/") && path.endsWith("/owner")) {
            // The reader takes an empty owner for one that was left out.
            return COMMON_NAMES.contains(text.strip()) ? text : "";
        }
        if (path.equals("/proc/version")) {
            return replaceNames(BUILDER_PATTERN.matcher(text).replaceAll("(<builder>)"), replacements);
        }
        if (path.equals("/proc/cmdline")) {
            String formal = HOST_OPTION_PATTERN.matcher(text).replaceAll(HOST_PLACEHOLDER);
            return replaceNames(HOME_DIRECTORY_PATTERN.matcher(formal).replaceAll(USER_PLACEHOLDER), replacements);
        }
        boolean free = path.equals(HOST_NAME_PATH)
                || (path.startsWith("/proc/") && path.endsWith("/cgroup"))
                || (path.startsWith("/proc/") && path.endsWith("/comm"));
        return free ? replaceNames(text, replacements) : text;
    }

    private static Set<String> processOwners(MachineSnapshot capture) {
        Set<String> owners = new LinkedHashSet<>();
        for (String process : capture.childNames("/proc")) {
            capture.text("/proc/" + process + "/owner").map(String::strip).ifPresent(owners::add);
        }
        return owners;
    }

    private static void addReplacement(Map<String, String> replacements, String name, String by) {
        if (!name.isEmpty() && !COMMON_NAMES.contains(name)) {
            replacements.putIfAbsent(name, by);
        }
    }

    private static String replaceNames(String text, Map<String, String> replacements) {
        String without = text;
        for (Map.Entry<String, String> name : replacements.entrySet()) {
            if (without.contains(name.getKey())) {
                without = Pattern.compile("(?<![\\p{L}\\p{N}_])" + Pattern.quote(name.getKey()) + "(?![\\p{L}\\p{N}_])")
                        .matcher(without)
                        .replaceAll(Matcher.quoteReplacement(name.getValue()));
            }
        }
        return without;
    }
}
