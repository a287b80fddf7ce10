/** The controls of the window, made the same way on every page. */
@NullMarked
package org.switchback.gui.controls;

import org.jspecify.annotations.NullMarked;
