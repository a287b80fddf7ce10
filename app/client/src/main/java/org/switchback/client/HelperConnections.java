package org.switchback.client;

import org.switchback.hardware.MachineSnapshot;
import org.switchback.simulator.FailureScenario;

/** Opens connections to helpers. */
public interface HelperConnections {
    /** Connects to the system helper; without one, to a read-only helper inside this process. Never fails. */
    HelperConnection openThisMachine();

    /**
     * Connects to a read-only helper inside this process: the fallback where the system helper denies access.
     *
     * @param reason why the system helper cannot be used
     */
    HelperConnection openReadOnly(HelperException.FailureKind reason);

    /** Connects to a helper inside this process, on a simulated kernel without failures. */
    default HelperConnection openSimulated(MachineSnapshot snapshot, MachineSource source) {
        return openSimulated(snapshot, source, FailureScenario.NONE);
    }

    /**
     * Connects to a helper inside this process, on a simulated kernel.
     *
     * @param snapshot initial state of the simulated kernel
     * @param source {@link MachineSource.SampleMachine} or {@link MachineSource.SavedReport}
     * @param scenario which failure is simulated
     */
    HelperConnection openSimulated(MachineSnapshot snapshot, MachineSource source, FailureScenario scenario);
}
