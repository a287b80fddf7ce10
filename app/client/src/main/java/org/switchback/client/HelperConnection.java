package org.switchback.client;

import java.util.List;
import java.util.function.Consumer;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.job.JobEvent;
import org.switchback.job.PlanReply;
import org.switchback.plan.Target;

/**
 * A connection to a helper. Calls block until the helper has answered, so none of them belongs on the FX thread;
 * listeners are called on a thread of the connection.
 */
public interface HelperConnection extends AutoCloseable {
    /** Which machine it shows. */
    MachineSource source();

    /**
     * The machine now.
     *
     * @param wholeMap with the whole memory map, which may ask for a password; otherwise only the part around the GPUs
     */
    MachineSnapshot inspect(boolean wholeMap) throws HelperException;

    /**
     * What a switch would take.
     *
     * @param nativeDriver whether the GPU's own driver may be bound for a moment, where that spares the kernel module
     */
    PlanReply plan(PciAddress gpu, Target target, List<PciAddress> with, boolean nativeDriver) throws HelperException;

    /**
     * Starts the switch.
     *
     * @param listener gets every event once, in order; the last one is {@link JobEvent.Finished}, also when the helper
     *     is lost ({@link org.switchback.job.Outcome#HELPER_LOST})
     */
    RunningSwitch apply(String planId, Consumer<JobEvent> listener) throws HelperException;

    /** Puts back what was left half done, or switches to host mode. */
    RunningSwitch restore(PciAddress gpu, Consumer<JobEvent> listener) throws HelperException;

    /** Calls back whenever a GPU has changed: its driver, its mode, what lies in its memory. */
    void addChangeListener(Runnable listener);

    @Override
    void close();

    /** A switch under way. */
    interface RunningSwitch {
        /** Asks to stop between two steps and to put back what was done. */
        void cancel();

        /** Waits for the end and gives the last entry. */
        JobEvent.Finished awaitEnd() throws InterruptedException;
    }
}
