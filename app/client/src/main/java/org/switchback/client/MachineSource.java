package org.switchback.client;

/** Which machine a connection shows. */
public sealed interface MachineSource {
    /** This computer, through the helper of the system. */
    record ThisMachine() implements MachineSource {}

    /**
     * This computer, looked at without a helper: nothing can be changed.
     *
     * @param reason what is the matter with the helper
     */
    record ReadOnlyMachine(HelperException.FailureKind reason) implements MachineSource {}

    /** A sample machine; nothing here touches this computer. */
    record SampleMachine(String name) implements MachineSource {}

    /** A machine saved in a file; switches are simulated. */
    record SavedReport(String file) implements MachineSource {}

    /** Whether a switch changes this computer. */
    default boolean canSwitchThisMachine() {
        return this instanceof ThisMachine;
    }
}
