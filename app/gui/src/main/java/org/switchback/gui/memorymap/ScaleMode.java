package org.switchback.gui.memorymap;

/** How addresses map to horizontal positions. */
enum ScaleMode {
    /** Widths grow with the logarithm of a segment's size and stay visible; see {@link FitScale}. */
    FIT,
    /** Every address has the same width. */
    TRUE_SIZE,
    /** Logarithm of the address: low addresses, where the small regions are, get more width. */
    LOG
}
