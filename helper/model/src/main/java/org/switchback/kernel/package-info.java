/** The kernel port: the operations that a switch needs of a kernel, running or simulated. */
@NullMarked
package org.switchback.kernel;

import org.jspecify.annotations.NullMarked;
