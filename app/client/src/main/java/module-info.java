/** What the command line and the window share: connections to helpers, the activity log, readiness checks, messages. */
module org.switchback.client {
    requires static transitive org.jspecify;
    requires transitive org.switchback.model;
    requires transitive org.switchback.protocol;
    requires org.switchback.daemon;
    requires transitive org.switchback.simulator;
    requires com.google.gson;

    exports org.switchback.client;
    exports org.switchback.client.activity;
    exports org.switchback.client.gpus;
    exports org.switchback.client.messages;
    exports org.switchback.client.readiness;
    exports org.switchback.client.report;
    exports org.switchback.client.samples;
    exports org.switchback.client.storage;
}
