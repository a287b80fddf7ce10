package org.switchback.plan;

import java.util.Optional;
import org.switchback.hardware.Gpu;

/** The mode that a GPU is switched to. */
public enum Target {
    /** Bound to vfio-pci, ready for a virtual machine. */
    VM("vm"),
    /** Bound to the drivers of the host. */
    HOST("host");

    private final String wireName;

    Target(String wireName) {
        this.wireName = wireName;
    }

    /** Spelling on the command line and on the bus: {@code vm}. */
    public String wireName() {
        return wireName;
    }

    /** Whether the GPU is already in this mode. An unbound GPU counts as in host mode. */
    public boolean isReached(Gpu gpu) {
        return switch (gpu.mode()) {
            case VM -> this == VM;
            case HOST, UNBOUND -> this == HOST;
            case PARTIALLY_SWITCHED -> false;
        };
    }

    /** @return empty for any other text */
    public static Optional<Target> parse(String text) {
        for (Target target : values()) {
            if (target.wireName.equals(text)) {
                return Optional.of(target);
            }
        }
        return Optional.empty();
    }
}
