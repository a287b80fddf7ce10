/** Background work, and the delivery of its results to the FX thread. */
@NullMarked
package org.switchback.gui.tasks;

import org.jspecify.annotations.NullMarked;
