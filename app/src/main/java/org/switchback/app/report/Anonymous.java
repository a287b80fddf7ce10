package org.switchback.app.report;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.switchback.hardware.Capture;

/** Leaves out of a capture who somebody is: names of users and of the host, wherever they stand as a word. */
public final class Anonymous {
    private static final String HOST_NAME = "/proc/sys/kernel/hostname";
    private static final String HOST = "<host>";
    private static final String USER = "<user>";

    /** Who built the kernel: for one that was built at home, somebody at some host. */
    private static final Pattern BUILDER = Pattern.compile("\\([^()@\\s]+@[^()@\\s]+\\)");

    /** What a command line says of a host or a user by its form, whatever their names here. */
    private static final Pattern HOST_OPTION = Pattern.compile("(?<=\\bhostname=)[^\\s\"]+");
    private static final Pattern HOME = Pattern.compile("(?<=/home/)[^/\\s\"]+");

    /** Users that every machine has say nothing about a person. */
    private static final Set<String> EVERYBODYS = Set.of("root", "nobody", "localhost", "debian", "linux");

    private Anonymous() {}

    /** The capture without them; what it says of the machine stays. */
    public static Capture of(Capture capture) {
        Map<String, String> replacements = new HashMap<>();
        capture.text(HOST_NAME).ifPresent(host -> add(replacements, host.strip(), HOST));
        owners(capture).forEach(owner -> add(replacements, owner, USER));
        add(replacements, System.getProperty("user.name", ""), USER);
        Map<String, Optional<Capture.Entry>> changes = new HashMap<>();
        capture.entries().forEach((path, entry) -> {
            if (entry instanceof Capture.Text(String text)) {
                String without = withoutNames(path, text, replacements);
                if (!without.equals(text)) {
                    changes.put(path, Optional.of(new Capture.Text(without)));
                }
            }
        });
        return capture.with(changes);
    }

    /** In the other files a word that happens to be somebody's name is none. */
    private static String withoutNames(String path, String text, Map<String, String> replacements) {
        if (path.startsWith("/proc/") && path.endsWith("/owner")) {
            // The reader takes an empty owner for one that was left out.
            return EVERYBODYS.contains(text.strip()) ? text : "";
        }
        if (path.equals("/proc/version")) {
            return replace(BUILDER.matcher(text).replaceAll("(<builder>)"), replacements);
        }
        if (path.equals("/proc/cmdline")) {
            String formal = HOST_OPTION.matcher(text).replaceAll(HOST);
            return replace(HOME.matcher(formal).replaceAll(USER), replacements);
        }
        boolean free = path.equals(HOST_NAME)
                || (path.startsWith("/proc/") && path.endsWith("/cgroup"))
                || (path.startsWith("/proc/") && path.endsWith("/comm"));
        return free ? replace(text, replacements) : text;
    }

    private static Set<String> owners(Capture capture) {
        Set<String> owners = new LinkedHashSet<>();
        for (String process : capture.names("/proc")) {
            capture.text("/proc/" + process + "/owner").map(String::strip).ifPresent(owners::add);
        }
        return owners;
    }

    private static void add(Map<String, String> replacements, String name, String by) {
        if (!name.isEmpty() && !EVERYBODYS.contains(name)) {
            replacements.putIfAbsent(name, by);
        }
    }

    private static String replace(String text, Map<String, String> replacements) {
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
