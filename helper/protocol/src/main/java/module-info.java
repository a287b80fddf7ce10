/** The D-Bus interfaces of the helper, shared by the helper and its clients. */
module org.switchback.protocol {
    requires static transitive org.jspecify;
    requires transitive org.switchback.model;
    requires transitive org.freedesktop.dbus;

    exports org.switchback.Helper1.Error;
    exports org.switchback.protocol;

    opens org.switchback.protocol to
            org.freedesktop.dbus;

    provides java.text.spi.CollatorProvider with
            org.switchback.protocol.AsciiCollatorProvider;
}
