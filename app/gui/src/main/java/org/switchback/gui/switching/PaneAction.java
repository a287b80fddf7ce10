package org.switchback.gui.switching;

/**
 * A button of the pane.
 *
 * @param id name of its node
 * @param label its result
 * @param primary the one to press, and where the keyboard is
 * @param enabled whether it can be pressed
 * @param handler what it does
 */
public record PaneAction(String id, String label, boolean primary, boolean enabled, Runnable handler) {}
