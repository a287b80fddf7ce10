/** Start-up of the app: the window, or one command of the command line. */
@NullMarked
package org.switchback.gui;

import org.jspecify.annotations.NullMarked;
