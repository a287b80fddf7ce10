package org.switchback.gui.memorymap;

/** What became of a region between two dumps. */
enum RegionChange {
    UNCHANGED,
    REMOVED,
    ADDED
}
