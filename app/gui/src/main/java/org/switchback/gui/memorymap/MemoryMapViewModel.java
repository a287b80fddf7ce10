package org.switchback.gui.memorymap;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import javafx.beans.property.ReadOnlyIntegerProperty;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperException;
import org.switchback.client.messages.Messages;
import org.switchback.gui.tasks.BackgroundTasks;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.PciAddress;

/**
 * State of the memory map page. Canvas, table and details share one tree and one selection. Joins {@link MapLoader},
 * {@link MapNavigation}, {@link MapViewport} and {@link MapSearch}. FX thread only.
 */
public final class MemoryMapViewModel {
    private final BackgroundTasks background;
    private final Messages messages;
    private final Consumer<PciAddress> onShowGpu;
    private final StringProperty statusText = new SimpleStringProperty("");
    private final MapNavigation navigation;
    private final MapSearch search;
    private final MapLoader loader;

    /**
     * @param clock gives the time at which a map was read
     * @param onShowGpu shows a GPU on the page of GPUs
     */
    public MemoryMapViewModel(
            BackgroundTasks background, Messages messages, Clock clock, Consumer<PciAddress> onShowGpu) {
        this.background = background;
        this.messages = messages;
        this.onShowGpu = onShowGpu;
        this.navigation = new MapNavigation(messages);
        this.search = new MapSearch(navigation, messages, statusText);
        this.loader = new MapLoader(background, messages, clock, navigation, search::clearStatusText);
    }

    MapLoader loader() {
        return loader;
    }

    MapNavigation navigation() {
        return navigation;
    }

    MapViewport viewport() {
        return navigation.viewport();
    }

    MapSearch search() {
        return search;
    }

    ReadOnlyObjectProperty<MapTree> treeProperty() {
        return navigation.treeProperty();
    }

    ReadOnlyIntegerProperty selectionProperty() {
        return navigation.selectionProperty();
    }

    RegionMessages regionMessages() {
        return navigation.regionMessages();
    }

    /** Result of the last search, copy or save; empty when there is none. */
    ReadOnlyStringProperty statusTextProperty() {
        return statusText;
    }

    /** Starts loading when the page is first opened; further calls do nothing. */
    public void open() {
        loader.open();
    }

    /** Sets the machine; called again with the same connection when the machine has changed. */
    public void show(HelperConnection connection, Machine machine) {
        loader.show(connection, machine);
    }

    /** Removes the machine and its map; an imported map stays. */
    public void clearMachine() {
        loader.clearMachine();
    }

    /** Zooms to the whole machine. */
    void zoomToRoot() {
        search.clearStatusText();
        viewport().zoomTo(MapTree.ROOT);
    }

    /** Selects the next (step 1) or previous (step -1) overlap, or change in a comparison, and wraps around. */
    void selectOverlap(int step) {
        search.clearStatusText();
        MapTree tree = treeProperty().get();
        List<Integer> items = loader.comparingProperty().get() ? tree.changes() : tree.overlaps();
        if (items.isEmpty()) {
            statusText.set(messages.text("window.map.overlaps.none"));
        } else {
            navigation.selectNext(items, step);
        }
    }

    /** The number of overlaps, as a text. */
    String overlapsText() {
        int count = treeProperty().get().overlaps().size();
        return count == 0
                ? messages.text("window.map.overlaps.count.none")
                : messages.formatCount("window.map.overlaps.count", count);
    }

    /** The selection as a line of the listing. */
    String listingLine() {
        return regionMessages().listingLine(selectionProperty().get());
    }

    String listingLinesWithParents() {
        return regionMessages().listingLinesWithParents(selectionProperty().get());
    }

    String bugReportText() {
        return regionMessages().bugReportText(selectionProperty().get());
    }

    /** Content of a file to save; encoded on a background thread. */
    @FunctionalInterface
    interface ExportContent {
        byte[] bytes() throws IOException;
    }

    /** The complete listing. */
    ExportContent listingContent() {
        MemoryMap map = treeProperty().get().map();
        return () -> map.toText().getBytes(StandardCharsets.UTF_8);
    }

    /** Writes a file in the background and reports the result in the status text. */
    void save(Path file, ExportContent content) {
        background.run(
                () -> {
                    try {
                        return Files.write(file, content.bytes());
                    } catch (IOException e) {
                        throw new HelperException(HelperException.FailureKind.FAILED, e);
                    }
                },
                saved -> statusText.set(messages.text("window.map.saved", file)),
                e -> statusText.set(messages.text("window.map.not-saved", file)));
    }

    /** Reports in the status text what was copied. */
    void showCopied(String text) {
        String firstLine = text.lines().findFirst().orElse("").strip();
        statusText.set(messages.text("window.map.copied", text.lines().count() > 1 ? firstLine + " …" : firstLine));
    }

    /** The GPU to which the selection belongs. */
    Optional<Gpu> selectedGpu() {
        return regionMessages().gpu(selectionProperty().get());
    }

    /** Shows the GPU to which the selection belongs, if any. */
    void showGpu() {
        selectedGpu().map(Gpu::address).ifPresent(onShowGpu);
    }
}
