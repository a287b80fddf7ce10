/** The command line. */
module org.switchback.cli {
    requires static org.jspecify;
    requires transitive org.switchback.client;
    requires com.google.gson;
    requires info.picocli;

    exports org.switchback.cli;

    opens org.switchback.cli to
            info.picocli;
}
