package org.switchback.linux;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Lists the running processes without kernel threads. Most entries of /proc are kernel threads; they have no open
 * files, and inspecting all of them takes longer than inspecting all processes.
 *
 * <p>Thread-safe.
 */
final class ProcessTable {
    /** The parent of all other kernel threads ({@code rest_init}, init/main.c), except in a container. */
    private static final String KTHREADD = "2";

    /** {@code include/linux/sched.h}. */
    private static final long PF_KTHREAD = 0x20_0000;

    /** Index of the flags in /proc/PID/stat after the name, which may contain any character (proc_pid_stat(5)). */
    private static final int FLAGS_FIELD = 6;

    private final KernelFiles files;
    private final Set<String> kernelThreads = new HashSet<>();

    ProcessTable(KernelFiles files) {
        this.files = files;
    }

    /** The process IDs, sorted as text. */
    synchronized List<String> listPids() {
        Set<String> children =
                new HashSet<>(List.of(files.readString("/proc/" + KTHREADD + "/task/" + KTHREADD + "/children")
                        .orElse("")
                        .split(" ")));
        children.add(KTHREADD);
        // The ID of an ended kernel thread may be reused by a process.
        kernelThreads.retainAll(children);
        List<String> pids = new ArrayList<>();
        for (String name : files.list("/proc")) {
            char first = name.charAt(0);
            if (first >= '1' && first <= '9' && !(children.contains(name) && isKernelThread(name))) {
                pids.add(name);
            }
        }
        return pids;
    }

    /** Checks the flags: the kernel also starts processes as children of the same parent. */
    private boolean isKernelThread(String pid) {
        if (kernelThreads.contains(pid)) {
            return true;
        }
        String stat = files.readString("/proc/" + pid + "/stat").orElse("");
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ");
        boolean isKernelThread = fields.length > FLAGS_FIELD && (parseNumber(fields[FLAGS_FIELD]) & PF_KTHREAD) != 0;
        if (isKernelThread) {
            kernelThreads.add(pid);
        }
        return isKernelThread;
    }

    private static long parseNumber(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            return 0;
        }
    }
}
