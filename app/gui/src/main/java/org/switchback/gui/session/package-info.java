/** The person's desktop session: one running window, its tray icon, and notifications. */
@NullMarked
package org.switchback.gui.session;

import org.jspecify.annotations.NullMarked;
