package org.switchback.protocol;

import java.util.List;
import java.util.Set;
import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.annotations.Position;

/** Why a plan can't be applied. */
public final class PlannedRefusal extends Struct {
    private static final Set<String> FIRMWARE_REGION_CODES = Set.of(
            "framebuffer-stays", "framebuffer-spent", "unknown-claim", "module-missing", "module-unsigned");

    /** Fixed name: {@code in-use}, {@code group-shared}, … */
    @Position(0)
    public final String code;

    /** What the sentence is about, in the order of {@code org.switchback.plan.Refusal#details}. */
    @Position(1)
    public final List<String> details;

    public PlannedRefusal(String code, List<String> details) {
        this.code = code;
        this.details = details;
    }

    /** Whether it is about something in a BAR that can't be had go. */
    public boolean isAboutFirmwareRegion() {
        return FIRMWARE_REGION_CODES.contains(code);
    }
}
