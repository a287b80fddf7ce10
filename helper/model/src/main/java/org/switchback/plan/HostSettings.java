package org.switchback.plan;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.switchback.hardware.FirmwareFramebuffer;
import org.switchback.hardware.PciAddress;

/**
 * How a GPU stood in host mode: what the way back has to restore.
 *
 * @param functions   the functions that were moved, extra devices too
 * @param framebuffer the firmware framebuffer whose driver was unbound; empty when none was
 */
public record HostSettings(Map<PciAddress, FunctionSettings> functions, Optional<FirmwareFramebuffer> framebuffer) {
    /**
     * @param driver       bound driver; empty for none
     * @param driverOverride     text of {@code driver_override}; empty for none
     * @param powerControl {@code on} or {@code auto}; empty when unknown
     */
    public record FunctionSettings(String driver, String driverOverride, String powerControl) {}

    public HostSettings {
        functions = java.util.Collections.unmodifiableMap(new TreeMap<>(functions));
    }
}
