package org.switchback.hardware;

/**
 * Taint flags of the kernel (/proc/sys/kernel/tainted; Documentation/admin-guide/tainted-kernels.rst).
 *
 * @param bits value of the file
 */
public record KernelTaint(long bits) {
    /** Set by an oops or a BUG. */
    public static final long OOPS = 1 << 7;

    /** Set by a module from outside the kernel tree. */
    public static final long OUT_OF_TREE_MODULE = 1 << 12;

    /** Set by a module without a signature. */
    public static final long UNSIGNED_MODULE = 1 << 13;

    /** Whether an oops or a BUG has happened. No driver should be bound or unbound until the machine is restarted. */
    public boolean hasOops() {
        return (bits & OOPS) != 0;
    }
}
