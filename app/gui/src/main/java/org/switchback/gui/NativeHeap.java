package org.switchback.gui;

import com.sun.jna.Function;

/** The heap of malloc, which keeps freed memory for later use. */
final class NativeHeap {
    private NativeHeap() {}

    /** Returns unused pages to the system (malloc_trim(3)): after a start 10 MiB, used by the compiler before. */
    static void trim() {
        try {
            Function.getFunction("libc.so.6", "malloc_trim").invokeInt(new Object[] {0L});
        } catch (UnsatisfiedLinkError ignored) {
            // Only glibc has this function.
        }
    }
}
