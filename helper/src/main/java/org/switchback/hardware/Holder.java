package org.switchback.hardware;

/**
 * A program that has a device node of a function open.
 *
 * @param pid     process ID
 * @param program as /proc/PID/comm has it
 * @param owner   name of the user it runs as; empty when it was left out of a report
 * @param node    the device node without {@code /dev/}: {@code dri/card0}, {@code vfio/27}
 */
public record Holder(int pid, String program, String owner, String node) {
    /**
     * Sound servers keep the control node of every card open and let go when it is removed, so it holds nothing up; an
     * open stream does.
     */
    public boolean blocks() {
        return !node.startsWith("snd/control") && !node.equals("snd/seq") && !node.equals("snd/timer");
    }
}
