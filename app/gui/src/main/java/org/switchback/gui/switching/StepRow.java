package org.switchback.gui.switching;

import org.switchback.job.SwitchRun.StepState;

/**
 * A step as the window shows it.
 *
 * @param number counted from 1
 * @param text what it does
 * @param reversibility whether it can be undone
 * @param command the shell command that a person could type; empty for a check
 * @param duration how long it took, or has taken so far; empty before it starts
 * @param note why it takes long or why it failed; mostly empty
 */
public record StepRow(
        int number, String text, String reversibility, String command, StepState state, String duration, String note) {}
