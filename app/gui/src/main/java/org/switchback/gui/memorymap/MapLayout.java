package org.switchback.gui.memorymap;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Computes the nested boxes of a map: the children of an item are inside its box. Pure geometry.
 *
 * <p>Neighbours narrower than {@link #MIN_BOX_WIDTH} are merged into one box, and their children are skipped. Items
 * left or right of the view are skipped as well. So the work grows with the width of the view, not with the map.
 *
 * @param viewRoot item that fills the view when zoom is 1
 * @param zoom width of the view root relative to the view, 1 or more
 * @param offset fraction of the view root's width that is left of the view, 0 to 1 - 1/zoom
 * @param width of the view, pixels
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
    /** Minimum width of a box, pixels; narrower neighbours are merged. */
    static final double MIN_BOX_WIDTH = 3;

    /** Distance between a box and its children at the sides and at the bottom, pixels. */
    static final double BOX_MARGIN = 4;

    /** Height of a box's title if the view is high enough, pixels. */
    static final double MAX_TITLE_HEIGHT = 24;

    /** Minimum height of an innermost box if the view is high enough, pixels. */
    private static final double MIN_BOX_HEIGHT = 56;

    /** All visible boxes: a box before its children, siblings by address. */
    List<Box> boxes() {
        List<Box> boxes = new ArrayList<>();
        if (width <= 0 || height <= 0 || tree.size() == 1) {
            return boxes;
        }
        double left = -offset * zoom * width;
        double right = left + zoom * width;
        if (viewRoot == MapTree.ROOT) {
            addChildren(viewRoot, left, right, 0, boxes);
        } else {
            addBox(viewRoot, left, right, 0, boxes);
        }
        return boxes;
    }

    /** Height of a box's title in this layout, pixels. */
    double titleHeight() {
        int levels = Math.max(1, tree.subtreeHeight(viewRoot) - (viewRoot == MapTree.ROOT ? 1 : 0));
        double minimum = Math.min(MIN_BOX_WIDTH, height / (levels + 1));
        return Math.clamp((height - MIN_BOX_HEIGHT) / levels, minimum, MAX_TITLE_HEIGHT);
    }

    private void addBox(int item, double left, double right, int level, List<Box> boxes) {
        boxes.add(createBox(item, 1, left, right, level));
        if (tree.hasChildren(item)) {
            double sideMargin = Math.min(scale == ScaleMode.FIT ? BOX_MARGIN : 1, (right - left) / 16);
            addChildren(item, left + sideMargin, right - sideMargin, level + 1, boxes);
        }
    }

    /** Adds the children between two edges, pixels. Margins make them narrower than their range on the axis. */
    private void addChildren(int item, double left, double right, int level, List<Box> boxes) {
        double from = axis.leftEdge(tree.first(item));
        double scaleInside = (right - left) / Math.max(1e-9, axis.rightEdge(tree.last(item)) - from);
        ScaledAxis scaledAxis = new ScaledAxis(this, left, from, scaleInside);
        int end = tree.childrenEnd(item);
        int child = firstEndingAfter(scaledAxis, tree.childrenStart(item), end, 0);
        while (child < end) {
            double childLeft = scaledAxis.left(child);
            if (childLeft >= width) {
                return;
            }
            double childRight = scaledAxis.right(child);
            if (childRight - childLeft >= MIN_BOX_WIDTH) {
                if (isShown(child)) {
                    addBox(child, childLeft, childRight, level, boxes);
                }
                child++;
                continue;
            }
            int next = Math.max(child + 1, firstEndingAfter(scaledAxis, child, end, childLeft + MIN_BOX_WIDTH));
            double edge = next < end ? Math.min(scaledAxis.left(next), childLeft + MIN_BOX_WIDTH) : right;
            double mergedRight = Math.max(scaledAxis.right(next - 1), Math.min(edge, childLeft + MIN_BOX_WIDTH));
            addMergedBox(child, next, childLeft, mergedRight, level, boxes);
            child = next;
        }
    }

    private void addMergedBox(int from, int to, double left, double right, int level, List<Box> boxes) {
        int highlighted = tree.firstHighlighted(from, to);
        int item = highlighted >= 0 ? highlighted : from;
        if (to - from == 1 ? !isShown(item) : tree.regionCount(from, to) == 0) {
            return;
        }
        boxes.add(createBox(item, Math.max(1, tree.regionCount(from, to)), left, right, level));
    }

    private Box createBox(int item, int count, double left, double right, int level) {
        double margin = Math.min(BOX_MARGIN, titleHeight() / 2);
        double y = level * titleHeight();
        return new Box(item, count, left, y, right - left, Math.max(1, height - y - level * margin));
    }

    private boolean isShown(int item) {
        return tree.kind(item).isShown(shownFilters);
    }

    /** The first of some siblings whose right edge is beyond a position; {@code to} if there is none. */
    private static int firstEndingAfter(ScaledAxis scaledAxis, int from, int to, double x) {
        return BinarySearch.firstIndex(from, to, item -> scaledAxis.right(item) > x);
    }

    /** The axis, shifted and stretched to the position of a box's children. */
    private record ScaledAxis(MapLayout layout, double left, double axisOffset, double stretch) {
        double left(int item) {
            return left + (layout.axis.leftEdge(layout.tree.first(item)) - axisOffset) * stretch;
        }

        double right(int item) {
            return left + (layout.axis.rightEdge(layout.tree.last(item)) - axisOffset) * stretch;
        }
    }

    /** The innermost box at a point of the view. */
    static Optional<Box> boxAt(List<Box> boxes, double x, double y) {
        return boxes.reversed().stream().filter(box -> box.contains(x, y)).findFirst();
    }
}
