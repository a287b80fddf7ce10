/** A machine as a text that one person saves and another opens. */
@NullMarked
package org.switchback.client.report;

import org.jspecify.annotations.NullMarked;
