package org.switchback.gui.memorymap;

import java.util.EnumSet;
import java.util.Set;
import javafx.beans.property.DoubleProperty;
import javafx.beans.property.IntegerProperty;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.ReadOnlyIntegerProperty;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.SimpleDoubleProperty;
import javafx.beans.property.SimpleIntegerProperty;
import javafx.beans.property.SimpleObjectProperty;
import org.jspecify.annotations.Nullable;

/**
 * The visible part of the map: the item that fills the canvas, zoom and offset, scale, filters and width. A change of
 * scale, filters or width keeps the visible addresses. FX thread only.
 */
final class MapViewport {
    /** Zoom factor of one key press. */
    private static final double ZOOM_STEP = 1.5;
    /** Largest zoom; to see more detail, zoom to a smaller item. */
    private static final double MAX_ZOOM = 1 << 20;

    private final ReadOnlyObjectProperty<MapTree> tree;
    private final ReadOnlyIntegerProperty selection;
    private final IntegerProperty viewRoot = new SimpleIntegerProperty(MapTree.ROOT);
    private final ObjectProperty<ScaleMode> scale = new SimpleObjectProperty<>(ScaleMode.FIT);
    private final ObjectProperty<Set<Filter>> shownFilters = new SimpleObjectProperty<>(EnumSet.allOf(Filter.class));
    private final DoubleProperty zoom = new SimpleDoubleProperty(1);
    private final DoubleProperty offset = new SimpleDoubleProperty(0);
    private final DoubleProperty width = new SimpleDoubleProperty(1000);

    /** Cache; null after a change of tree, view root, scale, filters or width. */
    private @Nullable Axis axis;
    /** The range last restored and the position that shows it; null when no range was restored. */
    private @Nullable VisibleRange restoredRange;

    private @Nullable Position restoredPosition;

    private record Position(int viewRoot, double zoom, double offset) {}

    /**
     * The addresses on the canvas, independent of scale, filters and width.
     *
     * @param lastAddress inclusive
     * @param leftFraction left edge of the first address, as a fraction of the canvas width
     * @param rightFraction right edge of the last address, as a fraction of the canvas width
     */
    record VisibleRange(long firstAddress, long lastAddress, double leftFraction, double rightFraction) {}

    MapViewport(ReadOnlyObjectProperty<MapTree> tree, ReadOnlyIntegerProperty selection) {
        this.tree = tree;
        this.selection = selection;
        tree.subscribe((before, now) -> axis = null);
        viewRoot.subscribe((before, now) -> axis = null);
        scale.subscribe(
                (before, now) -> restoreVisibleRange(computeVisibleRange(before, shownFilters.get(), width.get())));
        shownFilters.subscribe(
                (before, now) -> restoreVisibleRange(computeVisibleRange(scale.get(), before, width.get())));
        width.subscribe((before, now) ->
                restoreVisibleRange(computeVisibleRange(scale.get(), shownFilters.get(), before.doubleValue())));
    }

    /** The item that fills the canvas when zoom is 1. */
    ReadOnlyIntegerProperty viewRootProperty() {
        return viewRoot;
    }

    ObjectProperty<ScaleMode> scaleProperty() {
        return scale;
    }

    ReadOnlyObjectProperty<Set<Filter>> shownFiltersProperty() {
        return shownFilters;
    }

    /** Width of the view root relative to the canvas, 1 or more. */
    DoubleProperty zoomProperty() {
        return zoom;
    }

    /** Fraction of the view root's width that is left of the canvas. */
    DoubleProperty offsetProperty() {
        return offset;
    }

    /** Width of the canvas, pixels; set by the canvas. */
    DoubleProperty widthProperty() {
        return width;
    }

    /** Whether no filter hides the item or an item that contains it. */
    boolean isVisible(int item) {
        MapTree current = tree.get();
        return current.pathFromRoot(item).stream().allMatch(i -> current.kind(i).isShown(shownFilters.get()));
    }

    /** Turns on the filters that hide the item or an item that contains it. */
    void clearFiltersHiding(int item) {
        MapTree current = tree.get();
        Set<Filter> filters = EnumSet.copyOf(shownFilters.get());
        current.pathFromRoot(item).forEach(i -> current.kind(i).filter().ifPresent(filters::add));
        if (!filters.equals(shownFilters.get())) {
            shownFilters.set(filters);
        }
    }

    /** Shows or hides the items of a filter; returns whether anything changed. */
    boolean setFilterShown(Filter filter, boolean shown) {
        Set<Filter> filters = EnumSet.copyOf(shownFilters.get());
        boolean changed = shown ? filters.add(filter) : filters.remove(filter);
        if (changed) {
            shownFilters.set(filters);
        }
        return changed;
    }

    /** Keeps zoom and offset. */
    void setViewRoot(int item) {
        viewRoot.set(item);
    }

    /** Fills the canvas with an item, or with its parent when it has no children. */
    void zoomTo(int item) {
        MapTree current = tree.get();
        int target = current.hasChildren(item) || item == MapTree.ROOT ? item : current.parent(item);
        resetZoom();
        viewRoot.set(target);
    }

    /** Shows an item together with its neighbours: fills the canvas with the innermost bridge window around it. */
    void zoomToContext(int item) {
        MapTree current = tree.get();
        int target = current.parent(item);
        while (target != MapTree.ROOT && current.kind(target) != RegionKind.WINDOW) {
            target = current.parent(target);
        }
        viewRoot.set(target);
        resetZoom();
    }

    /** Shows all of the view root. */
    void resetZoom() {
        restoredRange = null;
        zoom.set(1);
        offset.set(0);
    }

    void zoomIn() {
        zoomAt(ZOOM_STEP, selectionPositionInView());
    }

    void zoomOut() {
        zoomAt(1 / ZOOM_STEP, selectionPositionInView());
    }

    /** @param position point of the canvas that keeps its address, as a fraction of the width from the left edge */
    void zoomAt(double factor, double position) {
        double oldZoom = zoom.get();
        double newZoom = Math.clamp(oldZoom * factor, 1, MAX_ZOOM);
        double fixedPoint = offset.get() + position / oldZoom;
        zoom.set(newZoom);
        offset.set(clampOffset(fixedPoint - position / newZoom));
    }

    /** @param fraction of the canvas width; positive moves the view to the right */
    void pan(double fraction) {
        offset.set(clampOffset(offset.get() + fraction / zoom.get()));
    }

    private double clampOffset(double value) {
        return Math.clamp(value, 0, 1 - 1 / zoom.get());
    }

    /** Centres the selection; when it is centred already, zooms so that it fills the canvas. */
    void centreSelection() {
        double centre = selectionPosition();
        double centredOffset = clampOffset(centre - 0.5 / zoom.get());
        if (Math.abs(centredOffset - offset.get()) * zoom.get() > 0.01) {
            offset.set(centredOffset);
            return;
        }
        MapTree current = tree.get();
        int item = selection.get();
        double fraction = (axis().rightEdge(current.last(item)) - axis().leftEdge(current.first(item))) / width.get();
        zoom.set(Math.clamp(fraction <= 0 ? MAX_ZOOM : 0.9 / fraction, 1, MAX_ZOOM));
        offset.set(clampOffset(centre - 0.5 / zoom.get()));
    }

    /** Centre of the selection, as a fraction of the view root's width. */
    private double selectionPosition() {
        MapTree current = tree.get();
        int item = selection.get();
        double edges = axis().leftEdge(current.first(item)) + axis().rightEdge(current.last(item));
        return Math.clamp(edges / 2 / width.get(), 0, 1);
    }

    /** Centre of the selection, as a fraction of the canvas width; 0.5 when it is outside the canvas. */
    private double selectionPositionInView() {
        double position = (selectionPosition() - offset.get()) * zoom.get();
        return position >= 0 && position <= 1 ? position : 0.5;
    }

    /** Centres the selection if its centre is outside the canvas. */
    void scrollToSelection() {
        if (zoom.get() > 1 && tree.get().hasAddresses()) {
            double position = (selectionPosition() - offset.get()) * zoom.get();
            if (position < 0 || position > 1) {
                offset.set(clampOffset(selectionPosition() - 0.5 / zoom.get()));
            }
        }
    }

    /** The visible addresses; null when all of the view root is visible. */
    @Nullable
    VisibleRange visibleRange() {
        return computeVisibleRange(scale.get(), shownFilters.get(), width.get());
    }

    /** The addresses that are visible on the axis of the given, possibly earlier, scale, filters and width. */
    private @Nullable VisibleRange computeVisibleRange(ScaleMode axisScale, Set<Filter> filters, double axisWidth) {
        VisibleRange restored = restoredRange;
        if (restored != null && position().equals(restoredPosition)) {
            // The view has not moved since. Recomputing the range at every step of a window resize would let it drift.
            return restored;
        }
        if (zoom.get() <= 1) {
            return null;
        }
        MapTree current = tree.get();
        Axis oldAxis = axis == null ? Axis.of(axisScale, current, viewRoot.get(), filters, axisWidth) : axis;
        double left = offset.get() * axisWidth;
        double visibleWidth = axisWidth / zoom.get();
        long first = oldAxis.addressAt(left);
        long last = oldAxis.addressAt(left + visibleWidth);
        int item = selection.get();
        double itemLeft = Math.max(left, oldAxis.leftEdge(current.first(item)));
        double itemRight = Math.min(left + visibleWidth, oldAxis.rightEdge(current.last(item)));
        if (item != MapTree.ROOT && itemRight - itemLeft >= visibleWidth / 2) {
            // The selection fills most of the view: keep it alone. Its neighbours may be a thousand times as large on
            // another scale.
            first = itemLeft > left ? current.first(item) : first;
            last = itemRight < left + visibleWidth ? current.last(item) : last;
        }
        double leftFraction = (oldAxis.leftEdge(first) - left) / visibleWidth;
        return new VisibleRange(first, last, leftFraction, (oldAxis.rightEdge(last) - left) / visibleWidth);
    }

    /** Sets zoom and offset so that the current axis shows a range that was visible before; null changes neither. */
    void restoreVisibleRange(@Nullable VisibleRange range) {
        axis = null;
        restoredRange = null;
        if (range == null) {
            return;
        }
        double left = axis().leftEdge(range.firstAddress()) / width.get();
        double right = axis().rightEdge(range.lastAddress()) / width.get();
        double fraction = range.rightFraction() - range.leftFraction();
        zoom.set(Math.clamp(right > left ? fraction / (right - left) : MAX_ZOOM, 1, MAX_ZOOM));
        offset.set(clampOffset((left + right) / 2 - (range.leftFraction() + range.rightFraction()) / 2 / zoom.get()));
        restoredRange = range;
        restoredPosition = position();
    }

    private Position position() {
        return new Position(viewRoot.get(), zoom.get(), offset.get());
    }

    /** Lowest address on the canvas. */
    long firstVisibleAddress() {
        return axis().addressAt(offset.get() * width.get());
    }

    /** Highest address on the canvas, inclusive. */
    long lastVisibleAddress() {
        return axis().addressAt((offset.get() + 1 / zoom.get()) * width.get());
    }

    private Axis axis() {
        Axis cached = axis;
        if (cached == null) {
            cached = Axis.of(scale.get(), tree.get(), viewRoot.get(), shownFilters.get(), width.get());
            axis = cached;
        }
        return cached;
    }

    /** The layout of the visible part. */
    MapLayout createLayout(double height) {
        return new MapLayout(
                tree.get(),
                shownFilters.get(),
                viewRoot.get(),
                scale.get(),
                axis(),
                zoom.get(),
                offset.get(),
                width.get(),
                height);
    }
}
