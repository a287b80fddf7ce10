package org.switchback.app.helper;

/** Which machine a connection shows. */
public sealed interface Source {
    /** This computer, through the helper of the system. */
    record ThisMachine() implements Source {}

    /**
     * This computer, looked at without a helper: nothing can be changed.
     *
     * @param why what is the matter with the helper
     */
    record LookOnly(HelperProblem.Kind why) implements Source {}

    /** A sample machine; nothing here touches this computer. */
    record Sample(String name) implements Source {}

    /** A machine saved in a file; switches are simulated. */
    record SavedReport(String file) implements Source {}

    /** Whether a switch changes this computer. */
    default boolean real() {
        return this instanceof ThisMachine;
    }
}
