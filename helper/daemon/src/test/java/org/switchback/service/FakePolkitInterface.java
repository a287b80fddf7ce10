package org.switchback.service;

import java.util.Map;
import org.freedesktop.dbus.Tuple;
import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.annotations.Position;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.types.UInt32;
import org.switchback.service.PolkitInterface.AuthorizationResult;
import org.switchback.service.PolkitInterface.Subject;

/** The interface of polkit, in the only form in which dbus-java can export a struct that contains a map. */
@DBusInterfaceName("org.freedesktop.PolicyKit1.Authority")
public interface FakePolkitInterface extends DBusInterface {
    SingleValue<AuthorizationResult> CheckAuthorization(
            Subject subject, String action, Map<String, String> details, UInt32 flags, String cancellationId);

    void CancelCheckAuthorization(String cancellationId);

    /** A tuple with one value. */
    final class SingleValue<A> extends Tuple {
        @Position(0)
        public final A value;

        public SingleValue(A value) {
            this.value = value;
        }
    }
}
