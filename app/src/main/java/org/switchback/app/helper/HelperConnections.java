package org.switchback.app.helper;

import org.switchback.hardware.Capture;

/** Opens connections to helpers. */
public interface HelperConnections {
    /** The helper of the system; when there is none, one inside this process that can only look. Never fails. */
    HelperConnection thisMachine();

    /**
     * A helper inside this process that can only look at this computer: for whoever the helper of the system does not let
     * look.
     *
     * @param why what is the matter with the helper of the system
     */
    HelperConnection lookOnly(HelperProblem.Kind why);

    /** A helper inside this process on a simulated kernel on which everything goes as it should. */
    default HelperConnection simulated(Capture machine, Source source) {
        return simulated(machine, source, Mishap.NONE);
    }

    /**
     * A helper inside this process on a simulated kernel.
     *
     * @param machine what the simulated kernel starts from
     * @param source  {@link Source.Sample} or {@link Source.SavedReport}
     * @param mishap  what goes wrong in it
     */
    HelperConnection simulated(Capture machine, Source source, Mishap mishap);
}
