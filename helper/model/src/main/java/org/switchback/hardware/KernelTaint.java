package org.switchback.hardware;

/**
 * What the kernel says has happened to it (/proc/sys/kernel/tainted; Documentation/admin-guide/tainted-kernels.rst).
 *
 * @param bits as printed
 */
public record KernelTaint(long bits) {
    /** The bit that an oops or a BUG sets. */
    public static final long OOPS = 1 << 7;

    /** A module from outside the kernel's tree was loaded. */
    public static final long OUT_OF_TREE_MODULE = 1 << 12;

    /** A module without a signature was loaded. */
    public static final long UNSIGNED_MODULE = 1 << 13;

    /** An oops or a BUG has happened: no more drivers should be moved before a restart. */
    public boolean hasOops() {
        return (bits & OOPS) != 0;
    }
}
