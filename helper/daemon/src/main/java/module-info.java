/** The root process on the system bus. */
module org.switchback.daemon {
    requires static org.jspecify;
    requires transitive org.switchback.model;
    requires org.switchback.protocol;
    requires com.sun.jna;

    // The client watches uevents itself, and runs the same helper in its own process for sample machines.
    exports org.switchback.linux to
            org.switchback.client;
    exports org.switchback.service to
            org.switchback.client;
    exports org.switchback.transaction to
            org.switchback.client;

    opens org.switchback.service to
            org.freedesktop.dbus;

    provides org.freedesktop.dbus.spi.transport.ITransportProvider with
            org.switchback.bus.BusTransportProvider;
}
