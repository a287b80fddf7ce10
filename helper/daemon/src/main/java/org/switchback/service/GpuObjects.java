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

/** An object on the bus for every GPU there is. */
final class GpuObjects {
    private final AbstractConnection bus;
    private final CallGuard callGuard;
    private final Map<PciAddress, GpuObject> objects = new TreeMap<>();

    GpuObjects(AbstractConnection bus, CallGuard callGuard) {
        this.bus = bus;
        this.callGuard = callGuard;
    }

    /** Takes over how the machine is now, and announces what has changed. */
    synchronized void update(Machine machine) {
        try {
            Set<PciAddress> there = machine.gpus().stream().map(Gpu::address).collect(Collectors.toSet());
            objects.values().removeIf(object -> {
                boolean gone = !there.contains(object.address());
                if (gone) {
                    bus.unExportObject(object.getObjectPath());
                }
                return gone;
            });
            for (Gpu gpu : machine.gpus()) {
                update(gpu);
            }
        } catch (DBusException impossible) {
            throw new IllegalStateException("an address makes a good object path", impossible);
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
