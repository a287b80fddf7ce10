package org.switchback.linux;

import java.util.regex.Pattern;

/** Decides by its path whether an open file may be a device node, to save reading its device number. */
final class NodePaths {
    /**
     * Names of nodes outside a folder {@code /dev}: in another mount namespace the kernel may print a path that ends at
     * the root of a detached mount.
     */
    private static final Pattern NODE_NAME = Pattern.compile(
            "(card\\d+|renderD\\d+|nvidia.*|fb\\d+|i2c-\\d+|drm_dp_aux\\d+|kfd|vfio\\d+)( \\(deleted\\))?");

    private NodePaths() {}

    /**
     * Whether the file may be a registered node; false for nodes that nearly every process has open. Regular files are
     * not looked at: their file system may not answer.
     *
     * @param target path as the kernel prints it; any text
     */
    static boolean isCandidate(String target) {
        if (!target.startsWith("/")) {
            return false;
        }
        int start = target.indexOf("/dev/");
        if (start < 0) {
            return NODE_NAME
                    .matcher(target.substring(target.lastIndexOf('/') + 1))
                    .matches();
        }
        String node = target.substring(start + 5);
        return !node.startsWith("null")
                && !node.startsWith("pts/")
                && !node.startsWith("shm/")
                && !node.startsWith("tty")
                && !node.startsWith("urandom")
                && !node.startsWith("zero (deleted)");
    }
}
