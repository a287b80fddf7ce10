package org.switchback.service;

import org.switchback.hardware.KebabCase;
import org.switchback.plan.SwitchPlan;

/** What a caller may be asked for. The defaults are in the polkit policy, {@code org.switchback.helper.policy}. */
enum PolkitAction {
    /** Ids, BARs, what lies in the BARs of graphics functions, who uses them; what a switch would take. */
    INSPECT(false),
    /** The whole memory map. */
    INSPECT_ALL(true),
    /** To VM mode, a GPU that drives no display. */
    SWITCH(true),
    /** To VM mode, a GPU that drives a display. */
    SWITCH_DISPLAY(true),
    /** Back to the host. */
    RESTORE(true);

    private final boolean canPrompt;

    PolkitAction(boolean canPrompt) {
        this.canPrompt = canPrompt;
    }

    static PolkitAction of(SwitchPlan.RequiredPermission risk) {
        return switch (risk) {
            case SWITCH -> SWITCH;
            case SWITCH_DISPLAY -> SWITCH_DISPLAY;
            case RESTORE -> RESTORE;
        };
    }

    /** Whether polkit may ask for a password; where it may not, a needed password is a no. */
    boolean canPrompt() {
        return canPrompt;
    }

    /** As a plan names it: {@code switch-display}. */
    String wireName() {
        return KebabCase.of(this);
    }

    /** As polkit knows it. */
    String id() {
        return "org.switchback.helper." + wireName();
    }
}
