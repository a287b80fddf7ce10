package org.switchback.service;

/**
 * The sender of a D-Bus call.
 *
 * @param sender unique name on the bus; empty on a private connection, which has only one caller
 * @param uid user ID of the process; -1 on a private connection
 */
record Caller(String sender, long uid) {
    static final long ROOT_UID = 0;

    /** The caller on a private connection. */
    static final Caller PEER = new Caller("", -1);
}
