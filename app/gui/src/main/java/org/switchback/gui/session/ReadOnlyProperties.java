package org.switchback.gui.session;

import org.freedesktop.dbus.errors.PropertyReadOnly;
import org.freedesktop.dbus.interfaces.Properties;

/** Read-only properties of a D-Bus object. Subclasses return all of them from {@link #GetAll}. */
abstract class ReadOnlyProperties implements Properties {
    @Override
    @SuppressWarnings({"unchecked", "NullAway", "TypeParameterUnusedInFormals"}) // Declared by dbus-java.
    public final <A> A Get(String interfaceName, String property) {
        return (A) GetAll(interfaceName).get(property);
    }

    @Override
    public final <A> void Set(String interfaceName, String property, A value) {
        throw new PropertyReadOnly("All properties are read-only.");
    }
}
