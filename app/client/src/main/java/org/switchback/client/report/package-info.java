/** Reports: machine snapshots as text files for bug reports. */
@NullMarked
package org.switchback.client.report;

import org.jspecify.annotations.NullMarked;
