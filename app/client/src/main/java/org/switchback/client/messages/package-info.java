/** The words of window and command line, from one catalogue. */
@NullMarked
package org.switchback.client.messages;

import org.jspecify.annotations.NullMarked;
