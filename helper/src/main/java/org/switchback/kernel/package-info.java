/** The one place that reads and writes the kernel, real or simulated. */
@NullMarked
package org.switchback.kernel;

import org.jspecify.annotations.NullMarked;
