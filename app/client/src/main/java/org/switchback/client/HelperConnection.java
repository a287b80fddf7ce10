package org.switchback.client;

import java.util.List;
import java.util.function.Consumer;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.job.JobEvent;
import org.switchback.job.PlanReply;
import org.switchback.job.RefusalSummary;
import org.switchback.plan.Target;

/**
 * A connection to a helper. Calls block until the helper replies, so do not call them on the FX thread. Listeners are
 * called on a thread of the connection.
 */
public interface HelperConnection extends AutoCloseable {
    /** The machine that this connection shows. */
    MachineSource source();

    /**
     * Reads the current state of the machine.
     *
     * @param wholeMap whether to read the whole memory map, which may ask for a password; otherwise only the part
     *     around the GPUs
     */
    MachineSnapshot inspect(boolean wholeMap) throws HelperException;

    /**
     * Plans a switch. Changes nothing.
     *
     * @param gpu address of the graphics function
     * @param companions further devices to switch together with the GPU
     * @param nativeDriver whether the GPU's own driver may be bound for a moment where that avoids loading the kernel
     *     module
     */
    PlanReply plan(PciAddress gpu, Target target, List<PciAddress> companions, boolean nativeDriver)
            throws HelperException;

    /** The refusals of a plan for VM mode; none if planning fails. */
    default List<RefusalSummary> planRefusals(PciAddress gpu) {
        try {
            return plan(gpu, Target.VM, List.of(), false).refusals();
        } catch (HelperException ignored) {
            // A failed plan refuses nothing.
            return List.of();
        }
    }

    /**
     * Starts a planned switch.
     *
     * @param planId {@link PlanReply#id} of a plan from this connection
     * @param listener receives every event once, in order; the last one is {@link JobEvent.Finished}, also when the
     *     helper is lost ({@link org.switchback.job.Outcome#HELPER_LOST})
     */
    RunningSwitch apply(String planId, Consumer<JobEvent> listener) throws HelperException;

    /** Rolls back an incomplete switch, or switches to host mode. */
    RunningSwitch restore(PciAddress gpu, Consumer<JobEvent> listener) throws HelperException;

    /** Adds a listener for changes of a GPU: its driver, its mode, the regions in its memory. */
    void addChangeListener(Runnable listener);

    @Override
    void close();

    /** A switch that was started. */
    interface RunningSwitch {
        /** Asks the helper to stop after the current step and to roll back. Does not wait. */
        void cancel();

        /** Waits for the end of the switch and returns its last event. */
        JobEvent.Finished awaitEnd() throws InterruptedException;
    }
}
