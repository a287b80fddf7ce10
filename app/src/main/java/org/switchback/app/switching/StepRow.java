package org.switchback.app.switching;

/**
 * A step as it stands.
 *
 * @param number counted from 1
 * @param text   what it does
 * @param undo   whether it can be undone
 * @param shell  the command a person could type; empty for a step that only looks
 * @param state  how far it is
 * @param time   how long it took, or takes so far; empty before it starts
 * @param note   what is to be said about it: why it takes long, why it failed; mostly empty
 */
public record StepRow(int number, String text, String undo, String shell, State state, String time, String note) {
    /** How far a step is. */
    public enum State {
        AHEAD,
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

    StepRow now(State newState, String newTime, String newNote) {
        return new StepRow(number, text, undo, shell, newState, newTime, newNote);
    }
}
