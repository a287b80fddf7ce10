/** A machine as a text that one person saves and another opens. */
@NullMarked
package org.switchback.app.report;

import org.jspecify.annotations.NullMarked;
