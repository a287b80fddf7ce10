package org.switchback.service;

import java.util.Map;
import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.annotations.Position;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.Variant;

/** The methods of polkit's authority that the helper uses (polkit, org.freedesktop.PolicyKit1.Authority.xml). */
@DBusInterfaceName("org.freedesktop.PolicyKit1.Authority")
public interface PolkitInterface extends DBusInterface {
    /** Checks whether the subject may perform the action; prompts for a password if the flags allow that. */
    AuthorizationResult CheckAuthorization(
            Subject subject, String action, Map<String, String> details, UInt32 flags, String cancellationId);

    /** Cancels a check and closes its prompt. */
    void CancelCheckAuthorization(String cancellationId);

    /** The subject of a check. */
    final class Subject extends Struct {
        /** Always {@code system-bus-name}. */
        @Position(0)
        public final String kind;

        /** One entry, {@code name}: the unique bus name. */
        @Position(1)
        public final Map<String, Variant<?>> details;

        public Subject(String kind, Map<String, Variant<?>> details) {
            this.kind = kind;
            this.details = details;
        }
    }

    /** The result of a check. */
    final class AuthorizationResult extends Struct {
        @Position(0)
        public final boolean authorized;

        /** Whether a password is needed. */
        @Position(1)
        public final boolean challenge;

        /** Contains {@code polkit.dismissed} if the user closed the prompt. */
        @Position(2)
        public final Map<String, String> details;

        public AuthorizationResult(boolean authorized, boolean challenge, Map<String, String> details) {
            this.authorized = authorized;
            this.challenge = challenge;
            this.details = details;
        }
    }
}
