package org.switchback.gui.memorymap;

/** A group of items that can be hidden. */
enum Filter {
    BARS,
    RAM,
    RESERVED,
    GAPS
}
