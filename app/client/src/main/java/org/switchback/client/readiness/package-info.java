/** Readiness checks: whether a GPU can be switched to VM mode. Used by window and command line. */
@NullMarked
package org.switchback.client.readiness;

import org.jspecify.annotations.NullMarked;
