/**
 * A switch as its observers see it: the planned steps, the events of the job that carries them out, and
 * {@link org.switchback.job.SwitchRun}, which folds those events and the machine afterwards into one state and one
 * result. Command line, window, tray and activity log render that. Pure.
 */
@NullMarked
package org.switchback.job;

import org.jspecify.annotations.NullMarked;
