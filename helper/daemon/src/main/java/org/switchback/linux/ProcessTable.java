package org.switchback.linux;

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
final class ProcessTable {
    /** Father of all threads of the kernel but itself ({@code rest_init}, init/main.c), except in a container. */
    private static final String KTHREADD = "2";

    /** {@code include/linux/sched.h}. */
    private static final long PF_KTHREAD = 0x20_0000;

    /** The flags in /proc/PID/stat, counted from behind the name, which may have anything in it (proc_pid_stat(5)). */
    private static final int FLAGS_FIELD = 6;

    private final KernelFiles files;
    private final Set<String> kernelThreads = new HashSet<>();

    ProcessTable(KernelFiles files) {
        this.files = files;
    }

    /** Their numbers, as /proc lists them. */
    synchronized List<String> listPids() {
        Set<String> children = new HashSet<>(List.of(
                files.readLine("/proc/" + KTHREADD + "/task/" + KTHREADD + "/children").orElse("").split(" ")));
        children.add(KTHREADD);
        // A thread that has ended may leave its number to a program.
        kernelThreads.retainAll(children);
        List<String> programs = new ArrayList<>();
        for (String process : files.list("/proc")) {
            char first = process.charAt(0);
            if (first >= '1' && first <= '9' && !(children.contains(process) && isKernelThread(process))) {
                programs.add(process);
            }
        }
        return programs;
    }

    /** The kernel also starts programs as children of the same father. */
    private boolean isKernelThread(String process) {
        if (kernelThreads.contains(process)) {
            return true;
        }
        String stat = files.readLine("/proc/" + process + "/stat").orElse("");
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ");
        boolean thread = fields.length > FLAGS_FIELD && (parseNumber(fields[FLAGS_FIELD]) & PF_KTHREAD) != 0;
        if (thread) {
            kernelThreads.add(process);
        }
        return thread;
    }

    private static long parseNumber(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException none) {
            return 0;
        }
    }
}
