package org.switchback.service;

/**
 * Who called.
 *
 * @param sender unique name on the bus; empty on a private connection, where there is only one
 * @param uid user id of the process; -1 on a private connection
 */
record Caller(String sender, long uid) {
    /** The other end of a private connection. */
    static final Caller PEER = new Caller("", -1);
}
