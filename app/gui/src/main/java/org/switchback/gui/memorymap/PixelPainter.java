package org.switchback.gui.memorymap;

import java.util.Arrays;
import java.util.List;

/**
 * Paints boxes into an array of pixels, row by row, 0xAARRGGBB and opaque. Independent of JavaFX.
 *
 * <p>Each kind has a pattern besides its colour, so that the kinds also differ in greyscale.
 */
final class PixelPainter {
    /** Height of the vertical label of a gap, layout pixels. */
    private static final double LABEL_HEIGHT = 12;

    private final int width;
    private final int height;
    private final double scale;
    private final Palette palette;
    private final int[] pixels;

    /**
     * @param pixels {@code width} times {@code height} pixels; overwritten
     * @param width screen pixels
     * @param height screen pixels
     * @param scale screen pixels per layout pixel
     */
    PixelPainter(int[] pixels, int width, int height, double scale, Palette palette) {
        this.pixels = pixels;
        this.width = width;
        this.height = height;
        this.scale = scale;
        this.palette = palette;
    }

    /** @param boxes each before the boxes inside it */
    void paint(MapTree tree, List<Box> boxes) {
        Arrays.fill(pixels, palette.card());
        for (Box box : boxes) {
            paint(tree, box);
        }
    }

    private void paint(MapTree tree, Box box) {
        RegionKind kind = tree.kind(box.item());
        if (kind == RegionKind.UNCLAIMED) {
            return;
        }
        int top = (int) Math.round(box.y() * scale);
        int bottom = Math.max(top + 1, (int) Math.round((box.y() + box.height()) * scale));
        // One pixel between boxes that are wide enough.
        double separator = box.width() >= 8 ? scale : 0;
        int left = (int) Math.round(Math.max(box.x(), -16) * scale);
        int right = Math.max(left + 1, (int) Math.round(Math.min(box.right(), width / scale + 16) * scale - separator));
        if (kind == RegionKind.GAP) {
            paintZigzag(new PixelBox(left, top, right, bottom, 0));
            return;
        }
        double radius = box.width() >= 10 && box.height() >= 10 ? 3 * scale : 0;
        PixelBox pixelBox = new PixelBox(left, top, right, bottom, radius);
        if (box.width() < 8) {
            fill(pixelBox, palette.colourOf(kind));
            if (box.count() > 1) {
                // A lighter right edge separates adjacent merged boxes.
                int last = Math.max(left, right - Math.max(1, (int) Math.round(scale)));
                int edgeColour = Palette.mix(palette.card(), palette.colourOf(kind), 0.4);
                fill(new PixelBox(last, top, right, bottom, 0), edgeColour);
            }
        } else {
            fill(pixelBox, palette.fillColour(kind));
            paintPattern(pixelBox, kind);
            paintEdge(pixelBox, kind);
        }
        RegionChange change = tree.change(box.item());
        if (change != RegionChange.UNCHANGED) {
            paintChange(pixelBox, change);
        }
    }

    /** A box with rounded corners, in screen pixels; right and bottom are exclusive. */
    private record PixelBox(int left, int top, int right, int bottom, double radius) {
        /** Pixels that the rounded corners take from each end of a row. */
        int inset(int y) {
            double distance = Math.min(y - top, bottom - 1 - y) + 0.5;
            if (distance >= radius) {
                return 0;
            }
            double rise = radius - distance;
            return (int) Math.round(radius - Math.sqrt(radius * radius - rise * rise));
        }
    }

    private interface RowPainter {
        /** @param end exclusive */
        void paint(int y, int start, int end);
    }

    /** Paints the visible part of each row of a box. */
    private void forEachRow(PixelBox box, RowPainter painter) {
        for (int y = Math.max(0, box.top()); y < Math.min(height, box.bottom()); y++) {
            int start = Math.max(0, box.left() + box.inset(y));
            int end = Math.min(width, box.right() - box.inset(y));
            if (start < end) {
                painter.paint(y, start, end);
            }
        }
    }

    private void fill(PixelBox box, int colour) {
        forEachRow(box, (y, start, end) -> Arrays.fill(pixels, y * width + start, y * width + end, colour));
    }

    private void paintPattern(PixelBox box, RegionKind kind) {
        switch (kind) {
            case OVERLAP -> paintStripes(box, palette.stripe(), 8, 4, 1);
            case FIRMWARE -> paintDots(box, palette.firmware());
            case OTHER -> paintLines(box, palette.other());
            case ROOT, WINDOW, BAR, DRIVER, RAM, GAP, UNCLAIMED -> {
                // No pattern.
            }
        }
    }

    /** Paints diagonal stripes. They are anchored to the canvas, so they stay in place while a box moves. */
    private void paintStripes(PixelBox box, int colour, double layoutPeriod, double layoutThickness, int slope) {
        int period = (int) Math.round(layoutPeriod * scale);
        int thickness = (int) Math.round(layoutThickness * scale);
        forEachRow(box, (y, start, end) -> {
            for (int x = start; x < end; x++) {
                if (Math.floorMod(x + slope * y, period) < thickness) {
                    pixels[y * width + x] = colour;
                }
            }
        });
    }

    private void paintDots(PixelBox box, int colour) {
        int period = (int) Math.round(7 * scale);
        double radius = 1.1 * scale;
        double centre = (period - 1) / 2.0;
        int background = palette.fillColour(RegionKind.FIRMWARE);
        // Softened, so that text on the dots stays readable.
        int softened = Palette.mix(background, colour, 0.6);
        forEachRow(box, (y, start, end) -> {
            int row = Math.floorDiv(y - box.top(), period);
            double dy = Math.floorMod(y - box.top(), period) - centre;
            for (int x = start; x < end; x++) {
                double dx = Math.floorMod(x - box.left() + (row & 1) * period / 2, period) - centre;
                double covered = Math.clamp(radius + 0.5 - Math.sqrt(dx * dx + dy * dy), 0, 1);
                if (covered > 0) {
                    pixels[y * width + x] = Palette.mix(background, softened, covered);
                }
            }
        });
    }

    private void paintLines(PixelBox box, int colour) {
        int period = (int) Math.round(6 * scale);
        int thickness = Math.max(1, (int) Math.round(scale));
        int softened = Palette.mix(palette.fillColour(RegionKind.OTHER), colour, 0.55);
        forEachRow(box, (y, start, end) -> {
            if (Math.floorMod(y - box.top(), period) >= period - thickness) {
                Arrays.fill(pixels, y * width + start, y * width + end, softened);
            }
        });
    }

    /** Paints the border: in the colour of the kind on a tinted box, lightened on a solid one. */
    private void paintEdge(PixelBox box, RegionKind kind) {
        int colour = Palette.isSolid(kind)
                ? Palette.mix(palette.fillColour(kind), palette.card(), 0.35)
                : palette.colourOf(kind);
        strokeBox(box, colour, Math.max(1, (int) Math.round(scale)), 1);
    }

    /** @param dash length of the dashes and of the spaces between them, screen pixels; 1 for a solid line */
    private void strokeBox(PixelBox box, int colour, int thickness, int dash) {
        forEachRow(box, (y, start, end) -> {
            int inset = box.inset(y);
            boolean horizontalEdge = y < box.top() + thickness || y >= box.bottom() - thickness;
            int from = box.left() + inset;
            int to = box.right() - inset;
            if (horizontalEdge) {
                fillRow(y, from, to, colour, dash);
            } else if (dash == 1 || (y - box.top()) / dash % 2 == 0) {
                int bend = Math.max(thickness, box.inset(y - 1) - inset);
                fillRow(y, from, Math.min(to, from + bend), colour, 1);
                fillRow(y, Math.max(from, to - bend), to, colour, 1);
            }
        });
    }

    private void fillRow(int y, int from, int to, int colour, int dash) {
        for (int x = Math.max(0, from); x < Math.min(width, to); x++) {
            if (dash == 1 || (x - from) / dash % 2 == 0) {
                pixels[y * width + x] = colour;
            }
        }
    }

    /** Marks a change: stripes and a dashed border for a removed region, a double border for an added one. */
    private void paintChange(PixelBox box, RegionChange change) {
        int colour = palette.colourOf(change);
        int thickness = (int) Math.round(2 * scale);
        if (change == RegionChange.REMOVED) {
            fill(box, palette.card());
            // Lightened, since the name of the region is drawn over the stripes.
            paintStripes(box, Palette.mix(palette.card(), colour, 0.35), 10, 3, -1);
            strokeBox(box, colour, thickness, (int) Math.round(5 * scale));
        } else {
            strokeBox(box, colour, thickness, 1);
            int inset = 2 * thickness;
            if (box.right() - box.left() > 4 * inset && box.bottom() - box.top() > 4 * inset) {
                PixelBox inner = new PixelBox(
                        box.left() + inset,
                        box.top() + inset,
                        box.right() - inset,
                        box.bottom() - inset,
                        Math.max(0, box.radius() - inset));
                strokeBox(inner, colour, Math.max(1, thickness / 2), 1);
            }
        }
    }

    /** Paints a torn edge on both sides, which shows that addresses are left out. */
    private void paintZigzag(PixelBox box) {
        int gapWidth = box.right() - box.left();
        double period = 10 * scale;
        int thickness = Math.max(1, (int) Math.round(1.25 * scale));
        // The label is between the edges.
        double besideLabel = (gapWidth - LABEL_HEIGHT * scale) / 2 - thickness;
        double tooth = Math.min(Math.clamp(besideLabel, 1.5 * scale, 4 * scale), gapWidth / 5.0);
        if (tooth < 1) {
            int middle = box.left() + gapWidth / 2;
            forEachRow(box, (y, start, end) -> fillRow(y, middle, middle + 1, palette.gap(), 1));
            return;
        }
        forEachRow(box, (y, start, end) -> {
            double phase = Math.floorMod(y - box.top(), (int) period) / period;
            double shift = tooth * (phase < 0.5 ? 2 * phase : 2 - 2 * phase);
            int leftEdge = (int) Math.round(box.left() + scale + shift);
            int rightEdge = (int) Math.round(box.right() - 2 * scale - tooth + shift);
            fillRow(y, leftEdge, leftEdge + thickness, palette.gap(), 1);
            fillRow(y, rightEdge, rightEdge + thickness, palette.gap(), 1);
        });
    }
}
