package org.switchback.service;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.PciAddress;
import org.switchback.kernel.Kernel;
import org.switchback.plan.Setting;

/** Detects driver changes of the GPUs' functions that the helper did not make. */
final class DriverChangeDetector {
    private final Kernel kernel;
    private volatile Map<PciAddress, String> knownDrivers = Map.of();

    DriverChangeDetector(Kernel kernel) {
        this.kernel = kernel;
    }

    /** Stores the current drivers for later comparison. */
    void update(Machine machine) {
        Map<PciAddress, String> drivers = new TreeMap<>();
        machine.gpus().stream()
                .map(Gpu::functions)
                .flatMap(List::stream)
                .forEach(function ->
                        drivers.put(function.address(), function.driver().orElse("")));
        knownDrivers = drivers;
    }

    /**
     * Whether any driver differs from the stored one. Reads one link for each function, without taking a device lock.
     */
    boolean hasChanged() {
        return knownDrivers.entrySet().stream()
                .anyMatch(entry ->
                        !kernel.readSetting(new Setting.Driver(entry.getKey())).equals(entry.getValue()));
    }
}
