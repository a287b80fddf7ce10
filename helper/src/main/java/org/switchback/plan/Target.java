package org.switchback.plan;

import java.util.Optional;

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
