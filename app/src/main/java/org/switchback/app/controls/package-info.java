/** The controls of the window, made the same way on every page. */
@NullMarked
package org.switchback.app.controls;

import org.jspecify.annotations.NullMarked;
