package org.switchback.service;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.freedesktop.dbus.errors.PropertyReadOnly;
import org.freedesktop.dbus.interfaces.Properties;
import org.freedesktop.dbus.types.Variant;
import org.jspecify.annotations.Nullable;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.Spelling;
import org.switchback.protocol.GpuInterface;
import org.switchback.protocol.Names;

/**
 * A GPU on the bus. Its properties tell nothing that every user can't read in sysfs and in the names of /proc/iomem, so
 * they need no permission.
 */
final class GpuObject implements GpuInterface, Properties {
    private static final String INTERFACE = Names.BUS + ".Gpu";

    private final PciAddress address;
    private final String path;
    private final Gate gate;
    private volatile Map<String, Object> values;

    GpuObject(Gpu gpu, Gate gate) {
        this.address = gpu.address();
        this.path = Names.GPU_PATH + address.toString().replace(':', '_').replace('.', '_');
        this.gate = gate;
        this.values = values(gpu);
    }

    PciAddress address() {
        return address;
    }

    /** Takes over how the GPU is now; answers what has changed. */
    Map<String, Variant<?>> update(Gpu gpu) {
        Map<String, Object> before = values;
        values = values(gpu);
        Map<String, Variant<?>> changed = new LinkedHashMap<>();
        values.forEach((name, value) -> {
            if (!Objects.equals(before.get(name), value)) {
                changed.put(name, new Variant<>(value));
            }
        });
        return changed;
    }

    private static Map<String, Object> values(Gpu gpu) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("Address", gpu.address().toString());
        values.put("Name", gpu.graphics().name());
        values.put("Mode", Spelling.of(gpu.mode()));
        values.put("Driver", gpu.graphics().driver().orElse(""));
        values.put("Conflict", !gpu.conflicts().isEmpty());
        return values;
    }

    @Override
    public String getObjectPath() {
        return path;
    }

    /** @return null, which dbus-java answers with UnknownProperty, when there is none by that name */
    @Override
    @SuppressWarnings({"unchecked", "NullAway", "TypeParameterUnusedInFormals"}) // The interface is dbus-java's.
    public <A> A Get(String interfaceName, String property) {
        return (A) gate.<@Nullable Object>call(
                caller -> interfaceName.equals(INTERFACE) ? values.get(property) : null);
    }

    @Override
    public Map<String, Variant<?>> GetAll(String interfaceName) {
        return gate.call(caller -> {
            Map<String, Variant<?>> all = new LinkedHashMap<>();
            if (interfaceName.equals(INTERFACE)) {
                values.forEach((name, value) -> all.put(name, new Variant<>(value)));
            }
            return all;
        });
    }

    @Override
    public <A> void Set(String interfaceName, String property, A value) {
        throw new PropertyReadOnly("No property can be set.");
    }
}
