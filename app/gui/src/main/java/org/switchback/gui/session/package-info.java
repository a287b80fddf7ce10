/** The desktop session: a single instance of the program, its tray icon and its notifications. */
@NullMarked
package org.switchback.gui.session;

import org.jspecify.annotations.NullMarked;
