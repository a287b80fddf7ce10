/**
 * Plans the steps that switch a GPU, from a {@link org.switchback.hardware.Machine} alone. The planner is pure: it does
 * no I/O, and the same machine state gives the same plan.
 */
@NullMarked
package org.switchback.plan;

import org.jspecify.annotations.NullMarked;
