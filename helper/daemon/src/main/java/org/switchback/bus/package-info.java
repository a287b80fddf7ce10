/** The helper's connection to the message bus, which any local user can send messages to. */
@NullMarked
package org.switchback.bus;

import org.jspecify.annotations.NullMarked;
