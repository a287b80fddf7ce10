package org.switchback.app.switching;

import org.switchback.hardware.Gpu;

/** Which way a GPU goes. */
public enum Direction {
    /** To vfio-pci, for a virtual machine to take. */
    TO_VM("vm"),
    /** Back to the drivers of the host. */
    TO_HOST("host");

    private final String word;

    Direction(String word) {
        this.word = word;
    }

    /** As the helper spells it. */
    public String word() {
        return word;
    }

    /** Whether the GPU is where this way leads. */
    boolean isReached(Gpu gpu) {
        return switch (gpu.mode()) {
            case VM -> this == TO_VM;
            case HOST, UNBOUND -> this == TO_HOST;
            case PARTIALLY_SWITCHED -> false;
        };
    }
}
