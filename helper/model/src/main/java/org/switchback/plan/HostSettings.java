package org.switchback.plan;

import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.switchback.hardware.BootFramebuffer;
import org.switchback.hardware.PciAddress;

/**
 * Settings of a GPU in host mode, saved so that switching to the host can restore them.
 *
 * @param functions settings of the functions that are switched, including extra functions
 * @param framebuffer boot framebuffer whose driver was unbound; empty if none was
 */
public record HostSettings(Map<PciAddress, FunctionSettings> functions, Optional<BootFramebuffer> framebuffer) {
    /**
     * Settings of a function.
     *
     * @param driver bound driver; the empty text for none
     * @param driverOverride text of {@code driver_override}; the empty text for none
     * @param powerControl {@code on} or {@code auto}; the empty text if unknown
     */
    public record FunctionSettings(String driver, String driverOverride, String powerControl) {}

    public HostSettings {
        functions = Collections.unmodifiableMap(new TreeMap<>(functions));
    }
}
