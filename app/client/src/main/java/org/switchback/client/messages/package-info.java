/** The messages of window and command line, from one resource bundle. */
@NullMarked
package org.switchback.client.messages;

import org.jspecify.annotations.NullMarked;
