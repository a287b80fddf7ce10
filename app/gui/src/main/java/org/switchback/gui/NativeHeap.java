package org.switchback.gui;

import com.sun.jna.Function;

/** What malloc keeps for later in a program that has just started and will mostly wait. */
final class NativeHeap {
    private NativeHeap() {}

    /** Gives the pages that nothing uses back to the system (malloc_trim(3)): 10 MiB of the compiler's after a start. */
    static void trim() {
        try {
            Function.getFunction("libc.so.6", "malloc_trim").invokeInt(new Object[] {0L});
        } catch (UnsatisfiedLinkError otherLibC) {
            // Only glibc has it.
        }
    }
}
