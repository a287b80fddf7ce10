package org.switchback.plan;

import java.util.Optional;

/** Where a GPU should go. */
public enum Target {
    /** To vfio-pci, for a virtual machine to take. */
    VM("vm"),
    /** Back to the drivers of the host. */
    HOST("host");

    private final String word;

    Target(String word) {
        this.word = word;
    }

    /** As the command line and the bus spell it. */
    public String word() {
        return word;
    }

    /** @return empty for every other word */
    public static Optional<Target> ofWord(String word) {
        for (Target target : values()) {
            if (target.word.equals(word)) {
                return Optional.of(target);
            }
        }
        return Optional.empty();
    }
}
