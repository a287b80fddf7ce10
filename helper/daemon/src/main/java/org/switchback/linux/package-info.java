/** The kernel port for the running Linux kernel: sysfs, procfs, VFIO, kernel log and uevents. */
@NullMarked
package org.switchback.linux;

import org.jspecify.annotations.NullMarked;
