/** The kernel port: the operations that a switch needs from a running or simulated kernel. */
@NullMarked
package org.switchback.kernel;

import org.jspecify.annotations.NullMarked;
