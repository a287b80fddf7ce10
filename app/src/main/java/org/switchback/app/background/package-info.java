/** Work away from the thread that draws, and the one way its results take back to it. */
@NullMarked
package org.switchback.app.background;

import org.jspecify.annotations.NullMarked;
