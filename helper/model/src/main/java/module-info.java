/** Machines, switch plans and the kernel port. Does no I/O. */
module org.switchback.model {
    requires static transitive org.jspecify;

    exports org.switchback.hardware;
    exports org.switchback.job;
    exports org.switchback.kernel;
    exports org.switchback.plan;
}
