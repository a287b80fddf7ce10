package org.switchback.protocol;

/** Names that both ends of the bus and the files in {@code packaging/} agree on. */
public final class DBusNames {
    public static final String BUS_NAME = "org.switchback.Helper1";
    public static final String HELPER_PATH = "/org/switchback/Helper1";
    /** Followed by the address with {@code _} for {@code :} and {@code .}. */
    public static final String GPU_PATH_PREFIX = HELPER_PATH + "/gpu/";
    /** Followed by a number counted from 1 since the helper started. */
    public static final String JOB_PATH_PREFIX = HELPER_PATH + "/job/";

    /** Compatible clients see the same number here. */
    public static final int PROTOCOL_VERSION = 3;

    private DBusNames() {}
}
