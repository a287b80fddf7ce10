package org.switchback.service;

import org.switchback.hardware.KebabCase;
import org.switchback.plan.SwitchPlan;

/** The polkit actions. Their defaults are in the polkit policy, {@code org.switchback.helper.policy}. */
enum PolkitAction {
    /** Read the machine without most of its memory map, and plan switches. */
    INSPECT(false),
    /** Read the whole memory map. */
    INSPECT_ALL(true),
    /** Switch a GPU without an active display to VM mode. */
    SWITCH(true),
    /** Switch a GPU with an active display to VM mode. */
    SWITCH_DISPLAY(true),
    /** As {@link #SWITCH}, together with functions that are not the GPU's own. */
    SWITCH_WITH_OTHERS(true),
    /** As {@link #SWITCH_DISPLAY}, together with functions that are not the GPU's own. */
    SWITCH_DISPLAY_WITH_OTHERS(true),
    /** Switch a GPU back to the host, or roll an interrupted switch back. */
    RESTORE(true);

    private final boolean canPrompt;

    PolkitAction(boolean canPrompt) {
        this.canPrompt = canPrompt;
    }

    static PolkitAction of(SwitchPlan.RequiredPermission permission) {
        return switch (permission) {
            case SWITCH -> SWITCH;
            case SWITCH_DISPLAY -> SWITCH_DISPLAY;
            case SWITCH_WITH_OTHERS -> SWITCH_WITH_OTHERS;
            case SWITCH_DISPLAY_WITH_OTHERS -> SWITCH_DISPLAY_WITH_OTHERS;
            case RESTORE -> RESTORE;
        };
    }

    /** Whether polkit may prompt for a password; otherwise an action that needs a password is denied. */
    boolean canPrompt() {
        return canPrompt;
    }

    /** Spelling in a plan: {@code switch-display}. */
    String wireName() {
        return KebabCase.of(this);
    }

    /** ID of the polkit action: {@code org.switchback.helper.switch-display}. */
    String id() {
        return "org.switchback.helper." + wireName();
    }
}
