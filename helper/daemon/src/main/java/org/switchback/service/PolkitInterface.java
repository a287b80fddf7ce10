package org.switchback.service;

import java.util.Map;
import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.annotations.Position;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.Variant;

/** The part of polkit's authority that is used (polkit, org.freedesktop.PolicyKit1.Authority.xml). */
@DBusInterfaceName("org.freedesktop.PolicyKit1.Authority")
public interface PolkitInterface extends DBusInterface {
    /** Whether the subject may do it, with a prompt or without. */
    AuthorizationResult CheckAuthorization(
            Subject subject, String action, Map<String, String> details, UInt32 flags, String cancellation);

    /** Makes the check end. */
    void CancelCheckAuthorization(String cancellation);

    /** Who is asked about. */
    final class Subject extends Struct {
        /** {@code system-bus-name}. */
        @Position(0)
        public final String kind;

        /** {@code name}: the unique name. */
        @Position(1)
        public final Map<String, Variant<?>> details;

        public Subject(String kind, Map<String, Variant<?>> details) {
            this.kind = kind;
            this.details = details;
        }
    }

    /** What polkit says. */
    final class AuthorizationResult extends Struct {
        @Position(0)
        public final boolean authorized;

        /** It would take a password. */
        @Position(1)
        public final boolean challenge;

        /** {@code polkit.dismissed} when the person closed the prompt. */
        @Position(2)
        public final Map<String, String> details;

        public AuthorizationResult(boolean authorized, boolean challenge, Map<String, String> details) {
            this.authorized = authorized;
            this.challenge = challenge;
            this.details = details;
        }
    }
}
