package org.switchback.protocol;

import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.annotations.DBusProperty;
import org.freedesktop.dbus.annotations.DBusProperty.Access;
import org.freedesktop.dbus.interfaces.DBusInterface;

/**
 * A GPU, at {@link DBusNames#GPU_PATH_PREFIX}ADDRESS. Its properties are read with
 * {@code org.freedesktop.DBus.Properties}; {@code PropertiesChanged} reports changes.
 */
@DBusInterfaceName("org.switchback.Helper1.Gpu")
@DBusProperty(name = "Address", type = String.class, access = Access.READ)
@DBusProperty(name = "Name", type = String.class, access = Access.READ)
@DBusProperty(name = "Mode", type = String.class, access = Access.READ)
@DBusProperty(name = "Driver", type = String.class, access = Access.READ)
@DBusProperty(name = "Conflict", type = Boolean.class, access = Access.READ)
public interface GpuInterface extends DBusInterface {}
