package org.switchback.gui.memorymap;

/** What can be taken out of view. */
enum Filter {
    BARS,
    RAM,
    RESERVED,
    GAPS
}
