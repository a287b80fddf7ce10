package org.switchback.protocol;

/** Names shared by the helper, its clients and the files in {@code packaging/}. */
public final class DBusNames {
    public static final String BUS_NAME = "org.switchback.Helper1";
    public static final String HELPER_PATH = "/org/switchback/Helper1";
    /** Followed by the PCI address with {@code _} in place of {@code :} and {@code .}. */
    public static final String GPU_PATH_PREFIX = HELPER_PATH + "/gpu/";
    /** Followed by the number of the job, counted from 1 since the helper started. */
    public static final String JOB_PATH_PREFIX = HELPER_PATH + "/job/";

    /** Version of the interfaces. A client and a helper with equal versions are compatible. */
    public static final int PROTOCOL_VERSION = 3;

    private DBusNames() {}
}
