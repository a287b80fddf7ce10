package org.switchback.gui.memorymap;

/**
 * The colours of a picture, 0xAARRGGBB and opaque.
 *
 * @param card    what is behind the boxes
 * @param overlap the lighter of the two stripes of an overlap
 * @param stripe  the darker one
 * @param gap     the zigzag of a gap
 */
record Palette(
        int card,
        int ram,
        int window,
        int bar,
        int overlap,
        int stripe,
        int firmware,
        int other,
        int gap,
        int removed,
        int added) {

    /** The colour that tells a kind from the others. */
    int colourOf(RegionKind kind) {
        return switch (kind) {
            case ROOT, UNCOVERED -> card;
            case WINDOW -> window;
            case BAR, DRIVER -> bar;
            case OVERLAP -> overlap;
            case RAM -> ram;
            case FIRMWARE -> firmware;
            case OTHER -> other;
            case GAP -> gap;
        };
    }

    /** The colour of a change; the card's where there is none. */
    int colourOf(RegionChange mark) {
        return switch (mark) {
            case UNCHANGED -> card;
            case REMOVED -> removed;
            case ADDED -> added;
        };
    }

    /** What a kind has behind its pattern: its own colour, or a breath of it. */
    int fillColour(RegionKind kind) {
        return switch (kind) {
            case ROOT, GAP, UNCOVERED -> card;
            case WINDOW -> mix(card, window, 0.07);
            case FIRMWARE -> mix(card, firmware, 0.13);
            case OTHER -> mix(card, other, 0.13);
            case DRIVER -> mix(bar, card, 0.16);
            case BAR, RAM, OVERLAP -> colourOf(kind);
        };
    }

    /** Whether a kind is filled with its own colour, so that its text needs another one. */
    static boolean isSolid(RegionKind kind) {
        return switch (kind) {
            case BAR, DRIVER, RAM, OVERLAP -> true;
            case ROOT, WINDOW, FIRMWARE, OTHER, GAP, UNCOVERED -> false;
        };
    }

    /** @param part of the second colour, 0 to 1 */
    static int mix(int first, int second, double part) {
        int mixed = 0xff;
        for (int shift = 16; shift >= 0; shift -= 8) {
            double channel = (first >> shift & 0xff) * (1 - part) + (second >> shift & 0xff) * part;
            mixed = mixed << 8 | (int) Math.round(channel);
        }
        return mixed;
    }
}
