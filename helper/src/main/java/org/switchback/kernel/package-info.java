/**
 * The one door to a kernel: {@link org.switchback.kernel.Kernel} and its two implementations, the running Linux and a
 * simulated one. Whatever blocks, fails or lies does so behind this door.
 */
@NullMarked
package org.switchback.kernel;

import org.jspecify.annotations.NullMarked;
