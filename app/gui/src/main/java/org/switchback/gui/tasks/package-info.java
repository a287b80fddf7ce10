/** Work away from the thread that draws, and the one way its results take back to it. */
@NullMarked
package org.switchback.gui.tasks;

import org.jspecify.annotations.NullMarked;
