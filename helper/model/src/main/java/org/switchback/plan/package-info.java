/**
 * What has to be done to move a GPU, decided from a {@link org.switchback.hardware.Machine} alone: pure, no input or
 * output, the same answer for the same facts.
 */
@NullMarked
package org.switchback.plan;

import org.jspecify.annotations.NullMarked;
