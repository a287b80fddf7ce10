package org.switchback.app.switching;

/**
 * A button of the pane.
 *
 * @param id      name of its node
 * @param label   its result
 * @param main    the one to press, and where the keyboard is
 * @param enabled whether it can be pressed
 * @param run     what it does
 */
public record Action(String id, String label, boolean main, boolean enabled, Runnable run) {}
