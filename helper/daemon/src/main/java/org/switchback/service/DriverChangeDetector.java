package org.switchback.service;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.PciAddress;
import org.switchback.kernel.Kernel;
import org.switchback.plan.Setting;

/** Sees when a driver of a GPU's function has changed by somebody else's hand. */
final class DriverChangeDetector {
    private final Kernel kernel;
    private volatile Map<PciAddress, String> knownDrivers = Map.of();

    DriverChangeDetector(Kernel kernel) {
        this.kernel = kernel;
    }

    /** Takes over what is known. */
    void update(Machine machine) {
        Map<PciAddress, String> drivers = new TreeMap<>();
        machine.gpus().stream()
                .map(Gpu::functions)
                .flatMap(List::stream)
                .forEach(function ->
                        drivers.put(function.address(), function.driver().orElse("")));
        knownDrivers = drivers;
    }

    /** Whether a driver is another one now. A few links are read; no lock of a device is taken. */
    boolean hasChanged() {
        return knownDrivers.entrySet().stream()
                .anyMatch(entry ->
                        !kernel.readSetting(new Setting.Driver(entry.getKey())).equals(entry.getValue()));
    }
}
