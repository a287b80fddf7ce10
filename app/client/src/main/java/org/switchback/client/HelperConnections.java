package org.switchback.client;

import org.switchback.hardware.MachineSnapshot;
import org.switchback.simulator.FailureScenario;

/** Opens connections to helpers. */
public interface HelperConnections {
    /** The helper of the system; when there is none, one inside this process that can only look. Never fails. */
    HelperConnection openThisMachine();

    /**
     * A helper inside this process that can only look at this computer: for whoever the helper of the system does not
     * let look.
     *
     * @param why what is the matter with the helper of the system
     */
    HelperConnection openReadOnly(HelperException.FailureKind why);

    /** A helper inside this process on a simulated kernel on which everything goes as it should. */
    default HelperConnection openSimulated(MachineSnapshot machine, MachineSource source) {
        return openSimulated(machine, source, FailureScenario.NONE);
    }

    /**
     * A helper inside this process on a simulated kernel.
     *
     * @param machine what the simulated kernel starts from
     * @param source {@link MachineSource.SampleMachine} or {@link MachineSource.SavedReport}
     * @param mishap what goes wrong in it
     */
    HelperConnection openSimulated(MachineSnapshot machine, MachineSource source, FailureScenario scenario);
}
