package org.switchback.app.memorymap;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The nested boxes of a map: what is inside a region is drawn inside its box. Pure geometry.
 *
 * <p>What is narrower than {@link #NARROWEST} is drawn together with its neighbours and not looked into, and what is left
 * or right of the view is not looked at, so the work grows with the width of the picture and not with the map.
 *
 * @param focus  item that fills the width when nothing is zoomed
 * @param zoom   how much wider than the view the whole of it is, 1 or more
 * @param offset part of the whole that is left of the view, 0 to 1 - 1/zoom
 * @param width  of the view, pixels
 * @param height of the view, pixels
 */
record Picture(
        MapTree tree,
        Set<Filter> shown,
        int focus,
        Scale scale,
        Axis axis,
        double zoom,
        double offset,
        double width,
        double height) {
    /** A piece is never narrower, pixels; those that would be are drawn as one. */
    static final double NARROWEST = 3;

    /** Between the edges of a box and what is inside, pixels. */
    static final double MARGIN = 4;

    /** Height of the title of a box, where there is room, pixels. */
    static final double TITLE = 24;

    /** A box is never lower where there is room, pixels. */
    private static final double LOWEST = 56;

    /** All boxes in view, a box before what is in it, and by address. */
    List<Piece> pieces() {
        List<Piece> pieces = new ArrayList<>();
        if (width <= 0 || height <= 0 || tree.size() == 1) {
            return pieces;
        }
        double left = -offset * zoom * width;
        double right = left + zoom * width;
        if (focus == MapTree.WHOLE) {
            parts(focus, left, right, 0, pieces);
        } else {
            box(focus, left, right, 0, pieces);
        }
        return pieces;
    }

    /** Height of the title of a box here, pixels. */
    double title() {
        int levels = Math.max(1, tree.below(focus) - (focus == MapTree.WHOLE ? 1 : 0));
        return Math.clamp((height - LOWEST) / levels, Math.min(NARROWEST, height / (levels + 1)), TITLE);
    }

    private void box(int item, double left, double right, int level, List<Piece> pieces) {
        double margin = Math.min(MARGIN, title() / 2);
        double y = level * title();
        pieces.add(new Piece(item, 1, left, y, right - left, Math.max(1, height - y - level * margin)));
        if (tree.childFrom(item) < tree.childTo(item)) {
            double side = Math.min(scale == Scale.FIT ? MARGIN : 1, (right - left) / 16);
            parts(item, left + side, right - side, level + 1, pieces);
        }
    }

    /** @param left and right are where the parts are drawn; the place they would have on the axis is a bit wider */
    private void parts(int item, double left, double right, int level, List<Piece> pieces) {
        double from = axis.before(tree.first(item));
        double scaleInside = (right - left) / Math.max(1e-9, axis.after(tree.last(item)) - from);
        Line line = new Line(left, from, scaleInside);
        int end = tree.childTo(item);
        int part = firstPast(line, tree.childFrom(item), end, 0);
        while (part < end) {
            double partLeft = line.left(part);
            if (partLeft >= width) {
                return;
            }
            double partRight = line.right(part);
            if (partRight - partLeft >= NARROWEST) {
                if (visible(part)) {
                    box(part, partLeft, partRight, level, pieces);
                }
                part++;
                continue;
            }
            int next = Math.max(part + 1, firstPast(line, part, end, partLeft + NARROWEST));
            double edge = next < end ? Math.min(line.left(next), partLeft + NARROWEST) : right;
            together(part, next, partLeft, Math.max(line.right(next - 1), Math.min(edge, partLeft + NARROWEST)), level, pieces);
            part = next;
        }
    }

    private void together(int from, int to, double left, double right, int level, List<Piece> pieces) {
        int alarm = tree.alarm(from, to);
        int item = alarm >= 0 ? alarm : from;
        if (to - from == 1 ? !visible(item) : tree.regions(from, to) == 0) {
            return;
        }
        double y = level * title();
        double margin = Math.min(MARGIN, title() / 2);
        int count = Math.max(1, tree.regions(from, to));
        pieces.add(new Piece(item, count, left, y, right - left, Math.max(1, height - y - level * margin)));
    }

    private boolean visible(int item) {
        return tree.kind(item).filter().filter(filter -> !shown.contains(filter)).isEmpty();
    }

    /** The first of some items that ends right of a place. */
    private static int firstPast(Line line, int from, int to, double place) {
        int low = from;
        int high = to;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (line.right(middle) > place) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /** The axis, moved and stretched to where the parts of a box are drawn. */
    private final class Line {
        private final double left;
        private final double from;
        private final double stretch;

        Line(double left, double from, double stretch) {
            this.left = left;
            this.from = from;
            this.stretch = stretch;
        }

        double left(int item) {
            return left + (axis.before(tree.first(item)) - from) * stretch;
        }

        double right(int item) {
            return left + (axis.after(tree.last(item)) - from) * stretch;
        }
    }

    /** The innermost box at a place of the view. */
    static Optional<Piece> at(List<Piece> pieces, double x, double y) {
        Piece found = null;
        for (Piece piece : pieces) {
            if (piece.contains(x, y)) {
                found = piece;
            }
        }
        return Optional.ofNullable(found);
    }
}
