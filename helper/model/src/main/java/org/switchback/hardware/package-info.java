/**
 * Immutable records that describe a machine, and pure parsers that create them from the text of sysfs and /proc. This
 * package opens no files and does not depend on D-Bus, JNA or JavaFX.
 */
@NullMarked
package org.switchback.hardware;

import org.jspecify.annotations.NullMarked;
