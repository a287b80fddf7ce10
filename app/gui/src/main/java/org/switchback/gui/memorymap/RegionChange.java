package org.switchback.gui.memorymap;

/** The difference of a region between two compared maps. */
enum RegionChange {
    UNCHANGED(""),
    REMOVED("− "),
    ADDED("+ ");

    private final String labelPrefix;

    RegionChange(String labelPrefix) {
        this.labelPrefix = labelPrefix;
    }

    /** The sign, if any, before the label of the region. */
    String labelPrefix() {
        return labelPrefix;
    }
}
