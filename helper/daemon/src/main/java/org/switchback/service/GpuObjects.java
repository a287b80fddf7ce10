package org.switchback.service;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.freedesktop.dbus.connections.AbstractConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.interfaces.Properties;
import org.freedesktop.dbus.types.Variant;
import org.jspecify.annotations.Nullable;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.PciAddress;
import org.switchback.protocol.DBusNames;

/** Exports a D-Bus object for every GPU of the machine. */
final class GpuObjects {
    private final AbstractConnection bus;
    private final CallGuard callGuard;
    private final Map<PciAddress, GpuObject> objects = new TreeMap<>();

    GpuObjects(AbstractConnection bus, CallGuard callGuard) {
        this.bus = bus;
        this.callGuard = callGuard;
    }

    /** Adds, removes and updates the objects to match the machine, and signals changed properties. */
    synchronized void update(Machine machine) {
        try {
            Set<PciAddress> present = machine.gpus().stream().map(Gpu::address).collect(Collectors.toSet());
            objects.values().removeIf(object -> {
                boolean removed = !present.contains(object.address());
                if (removed) {
                    bus.unExportObject(object.getObjectPath());
                }
                return removed;
            });
            for (Gpu gpu : machine.gpus()) {
                update(gpu);
            }
        } catch (DBusException e) {
            throw new IllegalStateException("an object path made of a PCI address is valid", e);
        }
    }

    private void update(Gpu gpu) throws DBusException {
        @Nullable GpuObject object = objects.get(gpu.address());
        if (object == null) {
            object = new GpuObject(gpu, callGuard);
            bus.exportObject(object.getObjectPath(), object);
            objects.put(gpu.address(), object);
            return;
        }
        Map<String, Variant<?>> changed = object.update(gpu);
        if (!changed.isEmpty() && bus.isConnected()) {
            bus.sendMessage(new Properties.PropertiesChanged(
                    object.getObjectPath(), DBusNames.BUS_NAME + ".Gpu", changed, List.of()));
        }
    }
}
