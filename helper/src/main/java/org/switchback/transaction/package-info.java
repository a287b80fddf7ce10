/** Carries a plan out: journal, execution, undo and recovery. */
@NullMarked
package org.switchback.transaction;

import org.jspecify.annotations.NullMarked;
