/**
 * Carries plans out so that nothing is left half done: a journal record before every write, undo in reverse when a step
 * fails, and recovery from the journal after a crash.
 */
@NullMarked
package org.switchback.transaction;

import org.jspecify.annotations.NullMarked;
