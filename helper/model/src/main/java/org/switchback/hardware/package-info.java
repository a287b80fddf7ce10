/**
 * What the kernel says about a machine, as immutable records, and the pure parsers that read them out of the text of
 * sysfs and /proc. Nothing here opens a file, and nothing here knows D-Bus, JNA or JavaFX.
 */
@NullMarked
package org.switchback.hardware;

import org.jspecify.annotations.NullMarked;
