/**
 * The client's view of a switch: the planned steps, the events of the job that executes them, and
 * {@link org.switchback.job.SwitchRun}, which computes the state and the result from the events and the machine.
 * Command line, window, tray and activity log display that. Does no I/O.
 */
@NullMarked
package org.switchback.job;

import org.jspecify.annotations.NullMarked;
