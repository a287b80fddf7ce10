package org.switchback.hardware;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A program that has a device node of a function open.
 *
 * @param pid     process ID
 * @param program as /proc/PID/comm has it
 * @param owner   name of the user it runs as; empty when it was left out of a report
 * @param deviceNode    the device node without {@code /dev/}: {@code dri/card0}, {@code vfio/27}
 * @param virtualMachine   name of the virtual machine it runs, as libvirt registered it with systemd; empty for any other program
 */
public record DeviceUser(int pid, String program, String owner, String deviceNode, String virtualMachine) {
    /** {@code machine-qemu\x2d3\x2dwin10.scope}: libvirt's number and name of the machine, escaped by systemd. */
    private static final Pattern MACHINE_SCOPE = Pattern.compile("/machine-qemu\\\\x2d\\d+\\\\x2d([^/\\n]+)\\.scope");

    private static final Pattern SYSTEMD_ESCAPE = Pattern.compile("\\\\x([0-9a-f]{2})");

    /** A program that runs no virtual machine, as far as is known. */
    public DeviceUser(int pid, String program, String owner, String deviceNode) {
        this(pid, program, owner, deviceNode, "");
    }

    /** @param cgroup content of /proc/PID/cgroup */
    static String parseVirtualMachine(String cgroup) {
        Matcher scope = MACHINE_SCOPE.matcher(cgroup);
        return scope.find()
                ? SYSTEMD_ESCAPE.matcher(scope.group(1))
                        .replaceAll(code -> Matcher.quoteReplacement(
                                Character.toString(Integer.parseInt(code.group(1), 16))))
                : "";
    }

    /**
     * Sound servers keep the control node of every card open and let go when it is removed, so it holds nothing up; an
     * open stream does.
     */
    public boolean isBlockingUnbind() {
        return !deviceNode.startsWith("snd/control") && !deviceNode.equals("snd/seq") && !deviceNode.equals("snd/timer");
    }
}
