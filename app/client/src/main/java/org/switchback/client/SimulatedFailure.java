package org.switchback.client;

/** What may go wrong on a simulated machine, for whoever wants to see it before it happens on a real one. */
public enum SimulatedFailure {
    /** Nothing does. */
    NONE,
    /** A program uses the GPU that would be switched. */
    IN_USE,
    /** A step lasts twelve seconds. */
    SLOW_STEP,
    /** A step fails, and everything is put back. */
    ROLLED_BACK,
    /** A step fails, and so does putting back. */
    ROLLBACK_FAILED,
    /** The helper goes away in the middle of a switch. */
    HELPER_LOST
}
