package org.switchback.gui.memorymap;

/**
 * The colours of the map, 0xAARRGGBB and opaque.
 *
 * @param card background behind the boxes
 * @param overlap lighter stripes of an overlap
 * @param stripe darker stripes of an overlap
 * @param gap zigzag of a gap
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

    /** The characteristic colour of a kind. */
    int colourOf(RegionKind kind) {
        return switch (kind) {
            case ROOT, UNCLAIMED -> card;
            case WINDOW -> window;
            case BAR, DRIVER -> bar;
            case OVERLAP -> overlap;
            case RAM -> ram;
            case FIRMWARE -> firmware;
            case OTHER -> other;
            case GAP -> gap;
        };
    }

    /** The colour of a change; {@link #card} for {@link RegionChange#UNCHANGED}. */
    int colourOf(RegionChange change) {
        return switch (change) {
            case UNCHANGED -> card;
            case REMOVED -> removed;
            case ADDED -> added;
        };
    }

    /** The fill behind the pattern of a kind: its colour or a light tint of it. */
    int fillColour(RegionKind kind) {
        return switch (kind) {
            case ROOT, GAP, UNCLAIMED -> card;
            case WINDOW -> mix(card, window, 0.07);
            case FIRMWARE -> mix(card, firmware, 0.13);
            case OTHER -> mix(card, other, 0.13);
            case DRIVER -> mix(bar, card, 0.16);
            case BAR, RAM, OVERLAP -> colourOf(kind);
        };
    }

    /** Whether the fill is the full colour of the kind, so that text on it needs a contrasting colour. */
    static boolean isSolid(RegionKind kind) {
        return switch (kind) {
            case BAR, DRIVER, RAM, OVERLAP -> true;
            case ROOT, WINDOW, FIRMWARE, OTHER, GAP, UNCLAIMED -> false;
        };
    }

    /** @param fraction share of the second colour, 0 to 1 */
    static int mix(int first, int second, double fraction) {
        int mixed = 0xff;
        for (int shift = 16; shift >= 0; shift -= 8) {
            double channel = (first >> shift & 0xff) * (1 - fraction) + (second >> shift & 0xff) * fraction;
            mixed = mixed << 8 | (int) Math.round(channel);
        }
        return mixed;
    }
}
