/** D-Bus interfaces of other projects on the session bus, as far as they are used here. */
@NullMarked
package org.switchback.gui.session.dbus;

import org.jspecify.annotations.NullMarked;
