/** The window, the tray icon and the desktop integration. */
module org.switchback.gui {
    requires static org.jspecify;
    requires org.switchback.client;
    requires org.switchback.cli;
    requires com.sun.jna;
    requires java.desktop;
    requires javafx.controls;
    requires org.controlsfx.controls;
    requires atlantafx.base;
    requires org.kordamp.ikonli.javafx;
    requires org.kordamp.ikonli.material2;

    exports org.switchback to
            javafx.graphics;
    exports org.switchback.gui to
            javafx.graphics;
    exports org.switchback.gui.session.dbus to
            org.freedesktop.dbus;

    opens org.switchback.gui.session to
            org.freedesktop.dbus;
    opens org.switchback.gui.session.dbus to
            org.freedesktop.dbus;
}
