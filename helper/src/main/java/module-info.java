/** Everything that knows the hardware and changes it. */
module org.switchback.helper {
    requires static transitive org.jspecify;
    requires org.freedesktop.dbus;
    requires com.sun.jna;
    requires com.google.gson;

    exports org.switchback.hardware;
    exports org.switchback.Helper1.Error;
    exports org.switchback.protocol;
    // The window hears from the kernel itself that something has changed.
    exports org.switchback.kernel to
            org.switchback.app;
    // The app runs the same helper inside itself for sample machines.
    exports org.switchback.service to
            org.switchback.app;

    opens org.switchback.protocol to
            org.freedesktop.dbus;
    opens org.switchback.service to
            org.freedesktop.dbus;

    provides java.text.spi.CollatorProvider with
            org.switchback.service.AsciiCollatorProvider;
}
