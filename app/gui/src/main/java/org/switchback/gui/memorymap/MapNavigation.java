package org.switchback.gui.memorymap;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import javafx.beans.property.IntegerProperty;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.ReadOnlyIntegerProperty;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.SimpleIntegerProperty;
import javafx.beans.property.SimpleObjectProperty;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MemoryMap;

/** The displayed map and its selected item. Moves the selection; the viewport follows it. FX thread only. */
final class MapNavigation {
    private final Messages messages;
    private final ObjectProperty<MapTree> tree = new SimpleObjectProperty<>(MapTree.of(MemoryMap.EMPTY));
    private final IntegerProperty selection = new SimpleIntegerProperty(MapTree.ROOT);
    private final MapViewport viewport = new MapViewport(tree, selection);
    private RegionMessages regionMessages;

    MapNavigation(Messages messages) {
        this.messages = messages;
        this.regionMessages = new RegionMessages(messages, tree.get(), Optional.empty());
    }

    ReadOnlyObjectProperty<MapTree> treeProperty() {
        return tree;
    }

    /** The selected item; {@link MapTree#ROOT} when none is. */
    ReadOnlyIntegerProperty selectionProperty() {
        return selection;
    }

    MapViewport viewport() {
        return viewport;
    }

    RegionMessages regionMessages() {
        return regionMessages;
    }

    /** Shows a map with nothing selected; keeps zoom and offset. The machine of a dump may be unknown. */
    void show(MapTree newTree, Optional<Machine> machine) {
        regionMessages = new RegionMessages(messages, newTree, machine);
        selection.set(MapTree.ROOT);
        viewport.setViewRoot(MapTree.ROOT);
        tree.set(newTree);
    }

    /** Shows a map and selects its first overlap. */
    void showAtFirstOverlap(MapTree newTree, Optional<Machine> machine) {
        show(newTree, machine);
        viewport.resetZoom();
        selectWithContext(newTree.overlaps());
    }

    /** Shows a newer map; keeps selection and visible addresses if both maps have addresses. */
    void showUpdated(MapTree newTree, Optional<Machine> machine) {
        MapTree oldTree = tree.get();
        if (!oldTree.hasAddresses() || !newTree.hasAddresses()) {
            showAtFirstOverlap(newTree, machine);
            return;
        }
        int selected = selection.get();
        int viewRoot = viewport.viewRootProperty().get();
        MapViewport.VisibleRange range = viewport.visibleRange();
        show(newTree, machine);
        selection.set(newTree.findMatching(oldTree, selected));
        viewport.setViewRoot(newTree.findMatching(oldTree, viewRoot));
        viewport.restoreVisibleRange(range);
    }

    /** Shows two compared maps in one tree and selects the first change. */
    void showComparison(MapTree comparison, Optional<Machine> machine) {
        show(comparison, machine);
        selectWithContext(comparison.changes());
    }

    /** Selects the first of some items, if any, and shows it together with its neighbours. */
    private void selectWithContext(List<Integer> items) {
        if (!items.isEmpty()) {
            select(items.getFirst());
            viewport.zoomToContext(items.getFirst());
        }
    }

    /**
     * Selects an item and brings it into view. The unclaimed part of a region stands for the region. Filters that hide
     * the item are turned on.
     */
    void select(int item) {
        MapTree current = tree.get();
        int target = current.kind(item) == RegionKind.UNCLAIMED ? current.parent(item) : item;
        viewport.clearFiltersHiding(target);
        int oldRoot = viewport.viewRootProperty().get();
        int newRoot = oldRoot;
        while (!current.isWithin(target, newRoot)) {
            newRoot = current.parent(newRoot);
        }
        if (newRoot != oldRoot) {
            viewport.zoomTo(newRoot);
        }
        selection.set(target);
        viewport.scrollToSelection();
    }

    /** Whether the item is a region or a gap and no filter hides it. */
    boolean isSelectable(int item) {
        return tree.get().kind(item) != RegionKind.UNCLAIMED && viewport.isVisible(item);
    }

    void selectParent() {
        select(tree.get().parent(selection.get()));
    }

    void selectFirstChild() {
        MapTree current = tree.get();
        int parent = selection.get();
        IntStream.range(current.childrenStart(parent), current.childrenEnd(parent))
                .filter(this::isSelectable)
                .findFirst()
                .ifPresent(this::select);
    }

    /** Selects the next (step 1) or previous (step -1) selectable sibling, however narrow it is drawn. */
    void selectNeighbour(int step) {
        MapTree current = tree.get();
        int item = selection.get();
        if (item == MapTree.ROOT) {
            selectFirstChild();
            return;
        }
        int parent = current.parent(item);
        for (int next = item + step;
                next >= current.childrenStart(parent) && next < current.childrenEnd(parent);
                next += step) {
            if (isSelectable(next)) {
                select(next);
                return;
            }
        }
    }

    /** Selects the next (step 1) or previous (step -1) of some items in the order of the listing, and wraps around. */
    void selectNext(List<Integer> items, int step) {
        MapTree current = tree.get();
        int order = current.listingOrder(selection.get());
        int next = BinarySearch.firstIndex(
                0, items.size(), i -> current.listingOrder(items.get(i)) >= (step > 0 ? order + 1 : order));
        select(items.get(Math.floorMod(step > 0 ? next : next - 1, items.size())));
    }

    /** Shows or hides the items of a filter. If that hides the selection, its innermost visible parent is selected. */
    void setFilterShown(Filter filter, boolean shown) {
        if (!viewport.setFilterShown(filter, shown)) {
            return;
        }
        int item = selection.get();
        while (!viewport.isVisible(item)) {
            item = tree.get().parent(item);
        }
        if (!viewport.isVisible(viewport.viewRootProperty().get())) {
            viewport.zoomTo(MapTree.ROOT);
        }
        selection.set(item);
    }

    /** Fills the canvas with the parent of the view root; the selection stays in view. */
    void zoomToParent() {
        int oldRoot = viewport.viewRootProperty().get();
        viewport.zoomTo(tree.get().parent(oldRoot));
        if (!tree.get().isWithin(selection.get(), oldRoot) || selection.get() == MapTree.ROOT) {
            selection.set(oldRoot);
        }
    }
}
