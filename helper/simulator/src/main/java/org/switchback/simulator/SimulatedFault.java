package org.switchback.simulator;

import java.time.Duration;

/** What can go wrong with a write to a {@link SimulatedKernel}. */
public sealed interface SimulatedFault {
    /** @param errno what the write answers, having changed nothing */
    record ErrnoFault(String errno) implements SimulatedFault {}

    /** @param duration how long the kernel takes over it; while an unbind lasts, the driver link is gone already */
    record Delay(Duration duration) implements SimulatedFault {}

    /** Never returns. */
    record Hang() implements SimulatedFault {}

    /** Answers that it was done and changes nothing. */
    record FalseSuccess() implements SimulatedFault {}

    /** The kernel dies of it: an oops kills the writing process, and the taint stays until a restart. */
    record Oops() implements SimulatedFault {}
}
