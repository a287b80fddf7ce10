package org.freedesktop.PolicyKit1.Error;

import org.freedesktop.dbus.exceptions.DBusExecutionException;

/** With this an agent tells polkit that the person closed the prompt; its name on the bus is its class's. */
public final class Cancelled extends DBusExecutionException {
    private static final long serialVersionUID = 1;

    public Cancelled() {
        super("closed");
    }
}
