package org.switchback.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.NativeLong;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

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

    /** {@code enum kcmp_type}, include/uapi/linux/kcmp.h. */
    private static final int KCMP_FILES = 2;

    /** Link count of /proc/PID/task with one thread. */
    private static final int LINKS_OF_ONE_THREAD = 3;

    private static final boolean IS_ROOT = System.getProperty("user.name", "").equals("root");

    private static final int ESRCH = 3;
    private static final int ENOSYS = 38;

    private final KernelFileReader files;
    private final Set<String> kernelThreads = new HashSet<>();
    private volatile @Nullable LibC libc;

    ProcessTable(KernelFileReader files) {
        this.files = files;
    }

    /**
     * Returns the threads of a process with a table of descriptors of their own ({@code unshare(CLONE_FILES)}); nearly
     * always none. For root the kernel compares the tables (kcmp(2)). Another user sees only a part of the processes
     * anyway, so there the number of descriptors decides, which avoids to load JNA; kernels before 6.2 do not report it
     * (proc_fd_getattr, fs/proc/fd.c).
     *
     * @param pid a process
     * @return thread IDs, without that of the main thread
     */
    List<String> listThreadsWithOwnDescriptors(String pid) {
        String folder = "/proc/" + pid + "/task";
        if (files.readLinkCount(folder) == LINKS_OF_ONE_THREAD) {
            return List.of();
        }
        List<String> threads = new ArrayList<>();
        for (String thread : files.list(folder)) {
            boolean isShared = thread.equals(pid)
                    || (IS_ROOT
                            ? sharesDescriptors(pid, thread)
                            : files.readSize("/proc/" + pid + "/fd") == files.readSize(folder + "/" + thread + "/fd"));
            if (!isShared) {
                threads.add(thread);
            }
        }
        return threads;
    }

    private boolean sharesDescriptors(String pid, String thread) {
        int number =
                switch (System.getProperty("os.arch", "")) {
                    case "amd64" -> 312;
                    case "aarch64", "riscv64" -> 272;
                    default -> 0;
                };
        if (number == 0) {
            return false;
        }
        try {
            LibC current = libc;
            if (current == null) {
                current = LibC.open();
                libc = current;
            }
            return current.syscall(
                                    new NativeLong(number),
                                    new NativeLong(parseNumber(pid)),
                                    new NativeLong(parseNumber(thread)),
                                    new NativeLong(KCMP_FILES),
                                    new NativeLong(0),
                                    new NativeLong(0))
                            .intValue()
                    == 0;
        } catch (LastErrorException e) {
            // The files of a process that must not be compared cannot be read either.
            return e.getErrorCode() != ESRCH && e.getErrorCode() != ENOSYS;
        } catch (UnsatisfiedLinkError e) {
            return false;
        }
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
