/** The name that the desktop knows the application by. */
@NullMarked
package org.switchback;

import org.jspecify.annotations.NullMarked;
