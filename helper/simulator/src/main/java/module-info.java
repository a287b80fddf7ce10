/** A simulated kernel for sample machines and tests. */
module org.switchback.simulator {
    requires static transitive org.jspecify;
    requires transitive org.switchback.model;

    exports org.switchback.simulator;
}
