/** The interfaces of other projects that are spoken on the session bus, as far as they are used here. */
@NullMarked
package org.switchback.gui.session.dbus;

import org.jspecify.annotations.NullMarked;
