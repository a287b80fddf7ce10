package org.switchback;

import org.switchback.gui.SwitchbackApplication;

/**
 * The application under its id. JavaFX tells the window system the name of this class (WM_CLASS), by which a desktop
 * finds the desktop file that a window belongs to.
 */
public final class Switchback extends SwitchbackApplication {}
