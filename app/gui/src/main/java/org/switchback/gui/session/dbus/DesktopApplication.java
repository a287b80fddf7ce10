package org.switchback.gui.session.dbus;

import java.util.List;
import java.util.Map;
import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.types.Variant;

/** A single-instance program (freedesktop.org, Desktop Entry Specification, D-Bus Activation). */
@DBusInterfaceName("org.freedesktop.Application")
public interface DesktopApplication extends DBusInterface {
    /** Raises the window. */
    void Activate(Map<String, Variant<?>> platformData);

    /** Opens files. */
    void Open(List<String> uris, Map<String, Variant<?>> platformData);

    /** @param parameter at most one */
    void ActivateAction(String action, List<Variant<?>> parameter, Map<String, Variant<?>> platformData);
}
