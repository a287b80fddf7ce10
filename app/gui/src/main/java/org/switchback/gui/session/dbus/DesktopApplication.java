package org.switchback.gui.session.dbus;

import java.util.List;
import java.util.Map;
import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.types.Variant;

/** A program that runs once (freedesktop.org, Desktop Entry Specification, D-Bus Activation). */
@DBusInterfaceName("org.freedesktop.Application")
public interface DesktopApplication extends DBusInterface {
    /** Shows the window. */
    void Activate(Map<String, Variant<?>> platform);

    /** Shows files. */
    void Open(List<String> uris, Map<String, Variant<?>> platform);

    /** @param parameter none or one */
    void ActivateAction(String action, List<Variant<?>> parameter, Map<String, Variant<?>> platform);
}
