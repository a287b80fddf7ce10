package org.switchback.gui.memorymap;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The nested boxes of a map: what is inside a region is drawn inside its box. Pure geometry.
 *
 * <p>What is narrower than {@link #MIN_BOX_WIDTH} is drawn together with its neighbours and not looked into, and what is left
 * or right of the view is not looked at, so the work grows with the width of the picture and not with the map.
 *
 * @param viewRoot  item that fills the width when nothing is zoomed
 * @param zoom   how much wider than the view the whole of it is, 1 or more
 * @param offset part of the whole that is left of the view, 0 to 1 - 1/zoom
 * @param width  of the view, pixels
 * @param height of the view, pixels
 */
record MapLayout(
        MapTree tree,
        Set<Filter> shownFilters,
        int viewRoot,
        ScaleMode scale,
        Axis axis,
        double zoom,
        double offset,
        double width,
        double height) {
    /** A piece is never narrower, pixels; those that would be are drawn as one. */
    static final double MIN_BOX_WIDTH = 3;

    /** Between the edges of a box and what is inside, pixels. */
    static final double BOX_MARGIN = 4;

    /** Height of the title of a box, where there is room, pixels. */
    static final double MAX_TITLE_HEIGHT = 24;

    /** A box is never lower where there is room, pixels. */
    private static final double MIN_BOX_HEIGHT = 56;

    /** All boxes in view, a box before what is in it, and by address. */
    List<Box> boxes() {
        List<Box> pieces = new ArrayList<>();
        if (width <= 0 || height <= 0 || tree.size() == 1) {
            return pieces;
        }
        double left = -offset * zoom * width;
        double right = left + zoom * width;
        if (viewRoot == MapTree.ROOT) {
            addChildren(viewRoot, left, right, 0, pieces);
        } else {
            addBox(viewRoot, left, right, 0, pieces);
        }
        return pieces;
    }

    /** Height of the title of a box here, pixels. */
    double titleHeight() {
        int levels = Math.max(1, tree.subtreeHeight(viewRoot) - (viewRoot == MapTree.ROOT ? 1 : 0));
        return Math.clamp((height - MIN_BOX_HEIGHT) / levels, Math.min(MIN_BOX_WIDTH, height / (levels + 1)), MAX_TITLE_HEIGHT);
    }

    private void addBox(int item, double left, double right, int level, List<Box> pieces) {
        double margin = Math.min(BOX_MARGIN, titleHeight() / 2);
        double y = level * titleHeight();
        pieces.add(new Box(item, 1, left, y, right - left, Math.max(1, height - y - level * margin)));
        if (tree.childrenStart(item) < tree.childrenEnd(item)) {
            double side = Math.min(scale == ScaleMode.FIT ? BOX_MARGIN : 1, (right - left) / 16);
            addChildren(item, left + side, right - side, level + 1, pieces);
        }
    }

    /** @param left and right are where the parts are drawn; the place they would have on the axis is a bit wider */
    private void addChildren(int item, double left, double right, int level, List<Box> pieces) {
        double from = axis.leftEdge(tree.first(item));
        double scaleInside = (right - left) / Math.max(1e-9, axis.rightEdge(tree.last(item)) - from);
        ScaledAxis line = new ScaledAxis(left, from, scaleInside);
        int end = tree.childrenEnd(item);
        int part = firstEndingAfter(line, tree.childrenStart(item), end, 0);
        while (part < end) {
            double partLeft = line.left(part);
            if (partLeft >= width) {
                return;
            }
            double partRight = line.right(part);
            if (partRight - partLeft >= MIN_BOX_WIDTH) {
                if (isVisible(part)) {
                    addBox(part, partLeft, partRight, level, pieces);
                }
                part++;
                continue;
            }
            int next = Math.max(part + 1, firstEndingAfter(line, part, end, partLeft + MIN_BOX_WIDTH));
            double edge = next < end ? Math.min(line.left(next), partLeft + MIN_BOX_WIDTH) : right;
            addMergedBox(part, next, partLeft, Math.max(line.right(next - 1), Math.min(edge, partLeft + MIN_BOX_WIDTH)), level, pieces);
            part = next;
        }
    }

    private void addMergedBox(int from, int to, double left, double right, int level, List<Box> pieces) {
        int alarm = tree.firstHighlighted(from, to);
        int item = alarm >= 0 ? alarm : from;
        if (to - from == 1 ? !isVisible(item) : tree.regionCount(from, to) == 0) {
            return;
        }
        double y = level * titleHeight();
        double margin = Math.min(BOX_MARGIN, titleHeight() / 2);
        int count = Math.max(1, tree.regionCount(from, to));
        pieces.add(new Box(item, count, left, y, right - left, Math.max(1, height - y - level * margin)));
    }

    private boolean isVisible(int item) {
        return tree.kind(item).filter().filter(filter -> !shownFilters.contains(filter)).isEmpty();
    }

    /** The first of some items that ends right of a place. */
    private static int firstEndingAfter(ScaledAxis line, int from, int to, double place) {
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
    private final class ScaledAxis {
        private final double left;
        private final double axisOffset;
        private final double stretch;

        ScaledAxis(double left, double axisOffset, double stretch) {
            this.left = left;
            this.axisOffset = axisOffset;
            this.stretch = stretch;
        }

        double left(int item) {
            return left + (axis.leftEdge(tree.first(item)) - axisOffset) * stretch;
        }

        double right(int item) {
            return left + (axis.rightEdge(tree.last(item)) - axisOffset) * stretch;
        }
    }

    /** The innermost box at a place of the view. */
    static Optional<Box> boxAt(List<Box> pieces, double x, double y) {
        Box found = null;
        for (Box piece : pieces) {
            if (piece.contains(x, y)) {
                found = piece;
            }
        }
        return Optional.ofNullable(found);
    }
}
