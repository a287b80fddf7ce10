/** Start-up of the app: the window, or one command of the command line. */
@NullMarked
package org.switchback.app;

import org.jspecify.annotations.NullMarked;
