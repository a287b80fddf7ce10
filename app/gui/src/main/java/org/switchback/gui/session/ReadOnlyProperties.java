package org.switchback.gui.session;

import org.freedesktop.dbus.errors.PropertyReadOnly;
import org.freedesktop.dbus.interfaces.Properties;

/** The properties of an object on the bus that nobody may set: {@link #GetAll} has them all. */
abstract class ReadOnlyProperties implements Properties {
    @Override
    @SuppressWarnings({"unchecked", "NullAway", "TypeParameterUnusedInFormals"}) // The interface is dbus-java's.
    public final <A> A Get(String interfaceName, String property) {
        return (A) GetAll(interfaceName).get(property);
    }

    @Override
    public final <A> void Set(String interfaceName, String property, A value) {
        throw new PropertyReadOnly("No property can be set.");
    }
}
