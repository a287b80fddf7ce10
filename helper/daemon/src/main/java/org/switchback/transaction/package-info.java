/**
 * Carries out plans as transactions: a journal record before every write, undo in reverse order when a step fails, and
 * recovery from the journal after a crash.
 */
@NullMarked
package org.switchback.transaction;

import org.jspecify.annotations.NullMarked;
