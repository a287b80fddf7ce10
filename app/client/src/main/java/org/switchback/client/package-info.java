/**
 * Connections from window and command line to a helper over D-Bus: to the system helper, or to a helper inside this
 * process for a sample machine, a saved report, or read-only access.
 */
@NullMarked
package org.switchback.client;

import org.jspecify.annotations.NullMarked;
