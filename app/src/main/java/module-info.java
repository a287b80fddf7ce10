/** The window and the command line. */
module org.switchback.app {
    requires static org.jspecify;
    requires org.switchback.helper;
    requires org.freedesktop.dbus;
    requires com.google.gson;
    requires info.picocli;
    requires java.desktop;
    requires javafx.controls;
    requires org.controlsfx.controls;
    requires atlantafx.base;
    requires org.kordamp.ikonli.javafx;
    requires org.kordamp.ikonli.material2;

    exports org.switchback.app to
            javafx.graphics;

    opens org.switchback.app.cli to
            info.picocli;
}
