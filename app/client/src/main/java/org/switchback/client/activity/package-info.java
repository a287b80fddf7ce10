/** The activity log: every switch with its plan, its writes to the kernel and its result. */
@NullMarked
package org.switchback.client.activity;

import org.jspecify.annotations.NullMarked;
