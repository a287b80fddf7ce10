package org.switchback.service;

import java.util.Map;
import org.freedesktop.dbus.Tuple;
import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.annotations.Position;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.types.UInt32;
import org.switchback.service.PolkitInterface.AuthorizationResult;
import org.switchback.service.PolkitInterface.Subject;

/** As polkit's own, in the one form in which dbus-java can export a struct with a map in it. */
@DBusInterfaceName("org.freedesktop.PolicyKit1.Authority")
public interface FakePolkitInterface extends DBusInterface {
    SingleValue<AuthorizationResult> CheckAuthorization(
            Subject subject, String action, Map<String, String> details, UInt32 flags, String cancellation);

    void CancelCheckAuthorization(String cancellation);

    /** One value. */
    final class SingleValue<A> extends Tuple {
        @Position(0)
        public final A value;

        public SingleValue(A value) {
            this.value = value;
        }
    }
}
