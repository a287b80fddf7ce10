package org.switchback.gui.switching;

/**
 * A step as it stands.
 *
 * @param number counted from 1
 * @param text   what it does
 * @param reversibility   whether it can be undone
 * @param command  the command a person could type; empty for a step that only looks
 * @param state  how far it is
 * @param duration   how long it took, or takes so far; empty before it starts
 * @param note   what is to be said about it: why it takes long, why it failed; mostly empty
 */
public record StepRow(int number, String text, String reversibility, String command, StepState state, String duration, String note) {
    /** How far a step is. */
    public enum StepState {
        PENDING,
        RUNNING,
        DONE,
        /** It was not needed. */
        SKIPPED,
        FAILED,
        UNDOING,
        UNDONE,
        UNDO_FAILED,
        STUCK,
        /** The helper was lost in it. */
        UNKNOWN
    }

    StepRow withState(StepState newState, String newTime, String newNote) {
        return new StepRow(number, text, reversibility, command, newState, newTime, newNote);
    }
}
