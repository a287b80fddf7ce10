package org.switchback.gui.memorymap;

import java.util.Arrays;
import java.util.List;

/**
 * Paints boxes into an array of pixels, row by row, 0xAARRGGBB and opaque. No toolkit: the window shows the array as it
 * is, an export writes it into a file.
 *
 * <p>Each kind has its pattern besides its colour: a grey copy still tells them apart.
 */
final class PixelPainter {
    /** Height of a label that stands upright in a gap, pixels of the layout. */
    private static final double LABEL_HEIGHT = 12;

    private final int width;
    private final int height;
    private final double scale;
    private final Palette palette;
    private final int[] pixels;

    /**
     * @param pixels of {@code width} times {@code height}; painted over
     * @param width  pixels of the screen
     * @param height pixels of the screen
     * @param scale  pixels of the screen a pixel of the layout
     */
    PixelPainter(int[] pixels, int width, int height, double scale, Palette palette) {
        this.pixels = pixels;
        this.width = width;
        this.height = height;
        this.scale = scale;
        this.palette = palette;
    }

    /** @param pieces a box before what is in it */
    void paint(MapTree tree, List<Box> pieces) {
        Arrays.fill(pixels, palette.card());
        for (Box piece : pieces) {
            paint(tree, piece);
        }
    }

    private void paint(MapTree tree, Box piece) {
        RegionKind kind = tree.kind(piece.item());
        if (kind == RegionKind.UNCOVERED) {
            return;
        }
        int top = (int) Math.round(piece.y() * scale);
        int bottom = Math.max(top + 1, (int) Math.round((piece.y() + piece.height()) * scale));
        // Boxes stand apart by a hair where they are wide enough for one.
        double hair = piece.width() >= 8 ? scale : 0;
        int left = (int) Math.round(Math.max(piece.x(), -16) * scale);
        int right = Math.max(left + 1, (int) Math.round(Math.min(piece.right(), width / scale + 16) * scale - hair));
        RegionChange mark = tree.change(piece.item());
        if (kind == RegionKind.GAP) {
            paintZigzag(left, top, right, bottom);
            return;
        }
        PixelBox box = new PixelBox(left, top, right, bottom, piece.width() >= 10 && piece.height() >= 10 ? 3 * scale : 0);
        if (piece.width() < 8) {
            fill(box, palette.colourOf(kind));
            if (piece.count() > 1) {
                // Ticks side by side are still ticks.
                int last = Math.max(left, right - Math.max(1, (int) Math.round(scale)));
                fill(new PixelBox(last, top, right, bottom, 0), Palette.mix(palette.card(), palette.colourOf(kind), 0.4));
            }
        } else {
            fill(box, palette.fillColour(kind));
            paintPattern(box, kind);
            paintEdge(box, kind);
        }
        if (mark != RegionChange.UNCHANGED) {
            paintChange(box, mark);
        }
    }

    /** A box in pixels of the screen, the right and lower edges not included; its corners are cut by a radius. */
    private record PixelBox(int left, int top, int right, int bottom, double radius) {
        /** How far the corner reaches into a row. */
        int inset(int y) {
            double distance = Math.min(y - top, bottom - 1 - y) + 0.5;
            if (distance >= radius) {
                return 0;
            }
            double rise = radius - distance;
            return (int) Math.round(radius - Math.sqrt(radius * radius - rise * rise));
        }
    }

    private void fill(PixelBox box, int colour) {
        for (int y = Math.max(0, box.top()); y < Math.min(height, box.bottom()); y++) {
            int inset = box.inset(y);
            int from = Math.max(0, box.left() + inset);
            int to = Math.min(width, box.right() - inset);
            if (from < to) {
                Arrays.fill(pixels, y * width + from, y * width + to, colour);
            }
        }
    }

    private void paintPattern(PixelBox box, RegionKind kind) {
        switch (kind) {
            case OVERLAP -> paintStripes(box, palette.stripe(), 8, 4, 1);
            case FIRMWARE -> paintDots(box, palette.firmware());
            case OTHER -> paintLines(box, palette.other());
            case ROOT, WINDOW, BAR, DRIVER, RAM, GAP, UNCOVERED -> {
                // Plain.
            }
        }
    }

    /** Diagonal stripes that hold still when the box does not: they belong to the picture. */
    private void paintStripes(PixelBox box, int colour, double period, double thick, int slope) {
        int every = (int) Math.round(period * scale);
        int on = (int) Math.round(thick * scale);
        for (int y = Math.max(0, box.top()); y < Math.min(height, box.bottom()); y++) {
            int inset = box.inset(y);
            int to = Math.min(width, box.right() - inset);
            for (int x = Math.max(0, box.left() + inset); x < to; x++) {
                if (Math.floorMod(x + slope * y, every) < on) {
                    pixels[y * width + x] = colour;
                }
            }
        }
    }

    private void paintDots(PixelBox box, int colour) {
        int every = (int) Math.round(7 * scale);
        double radius = 1.1 * scale;
        double centre = (every - 1) / 2.0;
        int ground = palette.fillColour(RegionKind.FIRMWARE);
        // What is written on the dots has to stand out from them.
        int soft = Palette.mix(ground, colour, 0.6);
        for (int y = Math.max(0, box.top()); y < Math.min(height, box.bottom()); y++) {
            int inset = box.inset(y);
            int row = Math.floorDiv(y - box.top(), every);
            double dy = Math.floorMod(y - box.top(), every) - centre;
            int to = Math.min(width, box.right() - inset);
            for (int x = Math.max(0, box.left() + inset); x < to; x++) {
                double dx = Math.floorMod(x - box.left() + (row & 1) * every / 2, every) - centre;
                double covered = Math.clamp(radius + 0.5 - Math.sqrt(dx * dx + dy * dy), 0, 1);
                if (covered > 0) {
                    pixels[y * width + x] = Palette.mix(ground, soft, covered);
                }
            }
        }
    }

    private void paintLines(PixelBox box, int colour) {
        int every = (int) Math.round(6 * scale);
        int on = Math.max(1, (int) Math.round(scale));
        int soft = Palette.mix(palette.fillColour(RegionKind.OTHER), colour, 0.55);
        for (int y = Math.max(0, box.top()); y < Math.min(height, box.bottom()); y++) {
            if (Math.floorMod(y - box.top(), every) < every - on) {
                continue;
            }
            int inset = box.inset(y);
            int from = Math.max(0, box.left() + inset);
            int to = Math.min(width, box.right() - inset);
            if (from < to) {
                Arrays.fill(pixels, y * width + from, y * width + to, soft);
            }
        }
    }

    /** A line around the box: its own colour where it is tinted, the card's where it is solid. */
    private void paintEdge(PixelBox box, RegionKind kind) {
        int colour = Palette.isSolid(kind) ? Palette.mix(palette.fillColour(kind), palette.card(), 0.35) : palette.colourOf(kind);
        strokeBox(box, colour, Math.max(1, (int) Math.round(scale)), 1);
    }

    /** @param dash pixels of the screen that are drawn and left out in turn along the line; 1 for an unbroken one */
    private void strokeBox(PixelBox box, int colour, int thick, int dash) {
        for (int y = Math.max(0, box.top()); y < Math.min(height, box.bottom()); y++) {
            int inset = box.inset(y);
            boolean across = y < box.top() + thick || y >= box.bottom() - thick;
            int from = box.left() + inset;
            int to = box.right() - inset;
            if (across) {
                fillRow(y, from, to, colour, dash);
            } else if (dash == 1 || (y - box.top()) / dash % 2 == 0) {
                int bend = Math.max(thick, box.inset(y - 1) - inset);
                fillRow(y, from, Math.min(to, from + bend), colour, 1);
                fillRow(y, Math.max(from, to - bend), to, colour, 1);
            }
        }
    }

    private void fillRow(int y, int from, int to, int colour, int dash) {
        for (int x = Math.max(0, from); x < Math.min(width, to); x++) {
            if (dash == 1 || (x - from) / dash % 2 == 0) {
                pixels[y * width + x] = colour;
            }
        }
    }

    /** What only one of two maps has: stripes the other way and a broken edge for what is gone, a double edge for new. */
    private void paintChange(PixelBox box, RegionChange mark) {
        int colour = palette.colourOf(mark);
        int thick = (int) Math.round(2 * scale);
        if (mark == RegionChange.REMOVED) {
            fill(box, palette.card());
            // Its name is written over them.
            paintStripes(box, Palette.mix(palette.card(), colour, 0.35), 10, 3, -1);
            strokeBox(box, colour, thick, (int) Math.round(5 * scale));
        } else {
            strokeBox(box, colour, thick, 1);
            int in = 2 * thick;
            if (box.right() - box.left() > 4 * in && box.bottom() - box.top() > 4 * in) {
                PixelBox inner = new PixelBox(
                        box.left() + in, box.top() + in, box.right() - in, box.bottom() - in, Math.max(0, box.radius() - in));
                strokeBox(inner, colour, Math.max(1, thick / 2), 1);
            }
        }
    }

    /** A torn edge on either side: here the picture leaves something out. */
    private void paintZigzag(int left, int top, int right, int bottom) {
        int room = right - left;
        double period = 10 * scale;
        int thick = Math.max(1, (int) Math.round(1.25 * scale));
        // The label stands between the edges.
        double tooth = Math.min(Math.clamp((room - LABEL_HEIGHT * scale) / 2 - thick, 1.5 * scale, 4 * scale), room / 5.0);
        if (tooth < 1) {
            int middle = left + room / 2;
            for (int y = Math.max(0, top); y < Math.min(height, bottom); y++) {
                fillRow(y, middle, middle + 1, palette.gap(), 1);
            }
            return;
        }
        for (int y = Math.max(0, top); y < Math.min(height, bottom); y++) {
            double phase = Math.floorMod(y - top, (int) period) / period;
            double shift = tooth * (phase < 0.5 ? 2 * phase : 2 - 2 * phase);
            int edge = (int) Math.round(left + scale + shift);
            int other = (int) Math.round(right - 2 * scale - tooth + shift);
            fillRow(y, edge, edge + thick, palette.gap(), 1);
            fillRow(y, other, other + thick, palette.gap(), 1);
        }
    }
}
