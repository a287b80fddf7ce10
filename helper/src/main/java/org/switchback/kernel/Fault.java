package org.switchback.kernel;

import java.time.Duration;

/** What can go wrong with a write to a {@link SimulatedKernel}. */
public sealed interface Fault {
    /** @param errno what the write answers, having changed nothing */
    record Refuse(String errno) implements Fault {}

    /** @param lasts how long the kernel takes over it; while an unbind lasts, the driver link is gone already */
    record Delay(Duration lasts) implements Fault {}

    /** Never returns. */
    record Hang() implements Fault {}

    /** Answers that it was done and changes nothing. */
    record Lie() implements Fault {}

    /** The kernel dies of it: an oops kills the writing process, and the taint stays until a restart. */
    record Die() implements Fault {}
}
