package org.switchback.plan;

import java.util.Optional;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.KebabCase;

/** The mode that a GPU is switched to. */
public enum Target {
    /** Bound to vfio-pci, ready for a virtual machine. */
    VM,
    /** Bound to the drivers of the host. */
    HOST;

    /** Spelling on the command line and on the bus: {@code vm}. */
    public String wireName() {
        return KebabCase.of(this);
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
        return KebabCase.parse(Target.class, text);
    }
}
