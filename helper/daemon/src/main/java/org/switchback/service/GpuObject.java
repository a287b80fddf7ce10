package org.switchback.service;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.freedesktop.dbus.errors.PropertyReadOnly;
import org.freedesktop.dbus.interfaces.Properties;
import org.freedesktop.dbus.types.Variant;
import org.jspecify.annotations.Nullable;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.KebabCase;
import org.switchback.hardware.PciAddress;
import org.switchback.protocol.DBusNames;
import org.switchback.protocol.GpuInterface;

/**
 * A GPU on the bus. Reading its properties needs no authorization, because every user can read the same information in
 * sysfs and in the region names of /proc/iomem.
 */
final class GpuObject implements GpuInterface, Properties {
    private static final String INTERFACE = DBusNames.BUS_NAME + ".Gpu";

    private final PciAddress address;
    private final String path;
    private final CallGuard callGuard;
    private volatile Map<String, Object> properties;

    GpuObject(Gpu gpu, CallGuard callGuard) {
        this.address = gpu.address();
        this.path =
                DBusNames.GPU_PATH_PREFIX + address.toString().replace(':', '_').replace('.', '_');
        this.callGuard = callGuard;
        this.properties = propertiesOf(gpu);
    }

    PciAddress address() {
        return address;
    }

    /** Updates the properties and returns those that have changed. */
    Map<String, Variant<?>> update(Gpu gpu) {
        Map<String, Object> before = properties;
        properties = propertiesOf(gpu);
        Map<String, Variant<?>> changed = new LinkedHashMap<>();
        properties.forEach((name, value) -> {
            if (!Objects.equals(before.get(name), value)) {
                changed.put(name, new Variant<>(value));
            }
        });
        return changed;
    }

    private static Map<String, Object> propertiesOf(Gpu gpu) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("Address", gpu.address().toString());
        values.put("Name", gpu.graphics().name());
        values.put("Mode", KebabCase.of(gpu.mode()));
        values.put("Driver", gpu.graphics().driver().orElse(""));
        values.put("Conflict", !gpu.conflicts().isEmpty());
        return values;
    }

    @Override
    public String getObjectPath() {
        return path;
    }

    /** @return null if there is no such property; dbus-java then replies with UnknownProperty */
    @Override
    @SuppressWarnings({"unchecked", "NullAway", "TypeParameterUnusedInFormals"}) // The interface is dbus-java's.
    public <A> A Get(String interfaceName, String property) {
        return (A) callGuard.<@Nullable Object>handleCall(
                caller -> interfaceName.equals(INTERFACE) ? properties.get(property) : null);
    }

    @Override
    public Map<String, Variant<?>> GetAll(String interfaceName) {
        return callGuard.handleCall(caller -> {
            Map<String, Variant<?>> all = new LinkedHashMap<>();
            if (interfaceName.equals(INTERFACE)) {
                properties.forEach((name, value) -> all.put(name, new Variant<>(value)));
            }
            return all;
        });
    }

    @Override
    public <A> void Set(String interfaceName, String property, A value) {
        throw new PropertyReadOnly("No property can be set.");
    }
}
