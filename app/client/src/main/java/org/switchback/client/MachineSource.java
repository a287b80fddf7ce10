package org.switchback.client;

/** The machine that a connection shows. */
public sealed interface MachineSource {
    /** This computer, through the system helper. */
    record ThisMachine() implements MachineSource {}

    /**
     * This computer, read without the system helper: nothing can be changed.
     *
     * @param reason why the system helper cannot be used
     */
    record ReadOnlyMachine(HelperException.FailureKind reason) implements MachineSource {}

    /** A simulated sample machine; this computer is not changed. */
    record SampleMachine(String name) implements MachineSource {}

    /** A machine saved in a file; switches are simulated. */
    record SavedReport(String file) implements MachineSource {}

    /** Whether a switch changes this computer. */
    default boolean canSwitchThisMachine() {
        return this instanceof ThisMachine;
    }
}
