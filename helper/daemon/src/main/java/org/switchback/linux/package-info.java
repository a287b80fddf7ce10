/** The kernel port on the running Linux: sysfs, procfs, VFIO, kernel log and uevents. */
@NullMarked
package org.switchback.linux;

import org.jspecify.annotations.NullMarked;
