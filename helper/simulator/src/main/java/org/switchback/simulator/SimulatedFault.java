package org.switchback.simulator;

import java.time.Duration;

/** A failure of a write to a {@link SimulatedKernel}. */
public sealed interface SimulatedFault {
    /**
     * The write fails and changes nothing.
     *
     * @param errno its name, for instance {@code EBUSY}
     */
    record ErrnoFault(String errno) implements SimulatedFault {}

    /**
     * The write takes effect after a delay. An unbind removes the driver link at once.
     *
     * @param duration in simulated time
     */
    record Delay(Duration duration) implements SimulatedFault {}

    /** The write never returns. */
    record Hang() implements SimulatedFault {}

    /** The write reports success and changes nothing. */
    record FalseSuccess() implements SimulatedFault {}

    /** The write causes an oops, which kills the writing process. The taint stays until a restart. */
    record Oops() implements SimulatedFault {}
}
