package org.switchback.service;

import java.util.List;
import java.util.Map;
import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.annotations.Position;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.types.Variant;

/** The D-Bus interfaces between polkit and the authentication agents that show its prompts. */
public final class PolkitAgentInterfaces {
    private PolkitAgentInterfaces() {}

    /** The interface of polkit that agents call. */
    @DBusInterfaceName("org.freedesktop.PolicyKit1.Authority")
    public interface AgentRegistry extends DBusInterface {
        void RegisterAuthenticationAgent(PolkitInterface.Subject subject, String locale, String path);
    }

    /** The interface of an agent that polkit calls. */
    @DBusInterfaceName("org.freedesktop.PolicyKit1.AuthenticationAgent")
    public interface AuthenticationAgent extends DBusInterface {
        void BeginAuthentication(
                String action,
                String message,
                String icon,
                Map<String, String> details,
                String cookie,
                List<Identity> identities);

        void CancelAuthentication(String cookie);
    }

    /** A user who may authenticate. */
    public static final class Identity extends Struct {
        @Position(0)
        public final String kind;

        @Position(1)
        public final Map<String, Variant<?>> details;

        public Identity(String kind, Map<String, Variant<?>> details) {
            this.kind = kind;
            this.details = details;
        }
    }
}
