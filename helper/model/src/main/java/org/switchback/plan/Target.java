package org.switchback.plan;

import java.util.Optional;
import org.switchback.hardware.Gpu;

/** Where a GPU should go. */
public enum Target {
    /** To vfio-pci, for a virtual machine to take. */
    VM("vm"),
    /** Back to the drivers of the host. */
    HOST("host");

    private final String wireName;

    Target(String wireName) {
        this.wireName = wireName;
    }

    /** As the command line and the bus spell it. */
    public String wireName() {
        return wireName;
    }

    /** Whether the GPU is in the mode that this target leads to. A GPU that no driver has is in host mode. */
    public boolean isReached(Gpu gpu) {
        return switch (gpu.mode()) {
            case VM -> this == VM;
            case HOST, UNBOUND -> this == HOST;
            case PARTIALLY_SWITCHED -> false;
        };
    }

    /** @return empty for every other word */
    public static Optional<Target> parse(String word) {
        for (Target target : values()) {
            if (target.wireName.equals(word)) {
                return Optional.of(target);
            }
        }
        return Optional.empty();
    }
}
