package org.switchback.hardware;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A program that has a device node of a function open.
 *
 * @param pid     process ID
 * @param program as /proc/PID/comm has it
 * @param owner   name of the user it runs as; empty when it was left out of a report
 * @param node    the device node without {@code /dev/}: {@code dri/card0}, {@code vfio/27}
 * @param guest   name of the virtual machine it runs, as libvirt registered it with systemd; empty for any other program
 */
public record Holder(int pid, String program, String owner, String node, String guest) {
    /** {@code machine-qemu\x2d3\x2dwin10.scope}: libvirt's number and name of the machine, escaped by systemd. */
    private static final Pattern SCOPE = Pattern.compile("/machine-qemu\\\\x2d\\d+\\\\x2d([^/\\n]+)\\.scope");

    private static final Pattern ESCAPED = Pattern.compile("\\\\x([0-9a-f]{2})");

    /** A program that runs no virtual machine, as far as is known. */
    public Holder(int pid, String program, String owner, String node) {
        this(pid, program, owner, node, "");
    }

    /** @param cgroup content of /proc/PID/cgroup */
    static String guest(String cgroup) {
        Matcher scope = SCOPE.matcher(cgroup);
        return scope.find()
                ? ESCAPED.matcher(scope.group(1))
                        .replaceAll(code -> Matcher.quoteReplacement(
                                Character.toString(Integer.parseInt(code.group(1), 16))))
                : "";
    }

    /**
     * Sound servers keep the control node of every card open and let go when it is removed, so it holds nothing up; an
     * open stream does.
     */
    public boolean blocks() {
        return !node.startsWith("snd/control") && !node.equals("snd/seq") && !node.equals("snd/timer");
    }
}
