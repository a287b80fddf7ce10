/** The words of window and command line, from one catalogue. */
@NullMarked
package org.switchback.app.words;

import org.jspecify.annotations.NullMarked;
