/** The window and the command line. */
module org.switchback.app {
    requires static org.jspecify;
    requires org.switchback.helper;
    requires org.freedesktop.dbus;
    requires com.google.gson;
    requires com.sun.jna;
    requires info.picocli;
    requires java.desktop;
    requires javafx.controls;
    requires org.controlsfx.controls;
    requires atlantafx.base;
    requires org.kordamp.ikonli.javafx;
    requires org.kordamp.ikonli.material2;

    exports org.switchback to
            javafx.graphics;
    exports org.switchback.app to
            javafx.graphics;
    exports org.switchback.app.session.bus to
            org.freedesktop.dbus;

    opens org.switchback.app.cli to
            info.picocli;
    opens org.switchback.app.session to
            org.freedesktop.dbus;
    opens org.switchback.app.session.bus to
            org.freedesktop.dbus;
}
