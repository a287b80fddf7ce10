package org.switchback.kernel;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The programs that run. The kernel's own threads have a number too and nothing open; most of what /proc lists is such,
 * and to look into every one takes longer than to look into all programs.
 *
 * <p>Safe for several threads.
 */
final class Programs {
    /** Father of all threads of the kernel but itself ({@code rest_init}, init/main.c), except in a container. */
    private static final String KTHREADD = "2";

    /** {@code include/linux/sched.h}. */
    private static final long PF_KTHREAD = 0x20_0000;

    /** The flags in /proc/PID/stat, counted from behind the name, which may have anything in it (proc_pid_stat(5)). */
    private static final int FLAGS = 6;

    private final KernelFiles files;
    private final Set<String> threads = new HashSet<>();

    Programs(KernelFiles files) {
        this.files = files;
    }

    /** Their numbers, as /proc lists them. */
    synchronized List<String> now() {
        Set<String> children = new HashSet<>(List.of(
                files.line("/proc/" + KTHREADD + "/task/" + KTHREADD + "/children").orElse("").split(" ")));
        children.add(KTHREADD);
        // A thread that has ended may leave its number to a program.
        threads.retainAll(children);
        List<String> programs = new ArrayList<>();
        for (String process : files.names("/proc")) {
            char first = process.charAt(0);
            if (first >= '1' && first <= '9' && !(children.contains(process) && isThread(process))) {
                programs.add(process);
            }
        }
        return programs;
    }

    /** The kernel also starts programs as children of the same father. */
    private boolean isThread(String process) {
        if (threads.contains(process)) {
            return true;
        }
        String stat = files.line("/proc/" + process + "/stat").orElse("");
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ");
        boolean thread = fields.length > FLAGS && (number(fields[FLAGS]) & PF_KTHREAD) != 0;
        if (thread) {
            threads.add(process);
        }
        return thread;
    }

    private static long number(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException none) {
            return 0;
        }
    }
}
