package org.switchback.gui.memorymap;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javafx.beans.property.StringProperty;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.AddressRange;

/** Finds regions by a typed query or address, selects them and describes the result in the status text. */
final class MapSearch {
    private final MapNavigation navigation;
    private final Messages messages;
    private final StringProperty statusText;
    private List<Integer> matches = List.of();
    private String lastQuery = "";

    /** @param statusText receives the result; cleared when the selection or the view root changes */
    MapSearch(MapNavigation navigation, Messages messages, StringProperty statusText) {
        this.navigation = navigation;
        this.messages = messages;
        this.statusText = statusText;
        navigation.treeProperty().subscribe((before, now) -> {
            matches = List.of();
            lastQuery = "";
        });
        navigation.viewport().viewRootProperty().subscribe((before, now) -> clearStatusText());
        navigation.selectionProperty().subscribe((before, now) -> clearStatusText());
    }

    void clearStatusText() {
        statusText.set("");
    }

    private MapTree tree() {
        return navigation.treeProperty().get();
    }

    /**
     * Selects the first match of a query, or the next one when the query is repeated.
     *
     * @param text name, PCI address, address, address range, size such as {@code >1G}, or the word for overlaps
     * @param step 1 for the next match, -1 for the previous one
     */
    void find(String text, int step) {
        Optional<Query> query = Query.parse(text, messages.text("window.map.overlap-word"));
        if (query.isEmpty()) {
            clearStatusText();
            return;
        }
        if (query.get() instanceof Query.AddressQuery(long address)) {
            goTo(address);
            return;
        }
        MapTree tree = tree();
        if (!text.equals(lastQuery)) {
            lastQuery = text;
            matches = tree.findAll(item -> query.get().matches(tree, item) || matchesCaption(query.get(), item));
            if (query.get() instanceof Query.RangeQuery(AddressRange range)) {
                // Regions with exactly the range first, then regions inside it, then the others.
                matches = matches.stream()
                        .sorted(Comparator.comparingInt(item -> matchRank(tree.range(item), range)))
                        .toList();
            }
        }
        if (matches.isEmpty()) {
            statusText.set(messages.text("window.map.found.none", text.strip()));
            return;
        }
        int current = matches.indexOf(navigation.selectionProperty().get());
        int next = current < 0 ? 0 : Math.floorMod(current + step, matches.size());
        navigation.select(matches.get(next));
        statusText.set(messages.text(
                "window.map.found",
                next + 1,
                matches.size(),
                navigation.regionMessages().caption(matches.get(next))));
    }

    /** Whether the caption of a BAR matches: the listing names it by its PCI address alone. */
    private boolean matchesCaption(Query query, int item) {
        return query instanceof Query.NameQuery(String substring)
                && tree().kind(item) == RegionKind.BAR
                && navigation
                        .regionMessages()
                        .caption(item)
                        .toLowerCase(Locale.ROOT)
                        .contains(substring);
    }

    private static int matchRank(AddressRange itemRange, AddressRange range) {
        return itemRange.equals(range) ? 0 : range.contains(itemRange) ? 1 : 2;
    }

    /** Selects the item at a typed address and describes it; a range selects its first match. */
    void goTo(String text) {
        if (Query.isRange(text)) {
            // Without a selection, a repeated query starts at its first match.
            navigation.select(MapTree.ROOT);
            find(text, 1);
            return;
        }
        Query.parseAddress(text)
                .ifPresentOrElse(
                        this::goTo, () -> statusText.set(messages.text("window.map.no-address", text.strip())));
    }

    private void goTo(long address) {
        if (!tree().hasAddresses()) {
            statusText.set(messages.text("window.map.at.hidden"));
            return;
        }
        int item = tree().itemAt(address);
        if (item != MapTree.ROOT) {
            navigation.select(item);
        }
        statusText.set(navigation.regionMessages().describeAddress(address));
    }

    /** Zooms to the root and selects the outermost region at an address, unless a filter hides it. */
    void goToOutermost(long address) {
        List<Integer> path = tree().pathFromRoot(tree().itemAt(address));
        clearStatusText();
        navigation.viewport().zoomTo(MapTree.ROOT);
        if (path.size() > 1 && navigation.viewport().isVisible(path.get(1))) {
            navigation.select(path.get(1));
        }
    }
}
