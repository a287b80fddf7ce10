package org.switchback.gui.memorymap;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalTime;
import java.time.format.DateTimeFormatter;
import java.time.format.FormatStyle;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import javafx.beans.property.DoubleProperty;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyBooleanWrapper;
import javafx.beans.property.ReadOnlyIntegerProperty;
import javafx.beans.property.ReadOnlyIntegerWrapper;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.beans.property.SimpleDoubleProperty;
import javafx.beans.property.SimpleObjectProperty;
import org.jspecify.annotations.Nullable;
import org.switchback.gui.tasks.BackgroundTasks;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.report.ExternalText;
import org.switchback.client.messages.MemoryMapMessages;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.MemoryMapDiff;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.Region;

/**
 * What the page of the memory map shows: which map, which part of it, and what is selected, which is one thing for
 * picture, tree and details. Belongs to the drawing thread.
 */
public final class MemoryMapViewModel {
    /** What there is to show. */
    enum MapPageState {
        /** Nothing yet. */
        LOADING,
        /** A map. */
        MAP,
        /** A map without addresses: names and nesting. */
        NO_ADDRESSES,
        /** No region. */
        EMPTY,
        /** The map could not be had. */
        FAILED
    }

    /** How much a key press zooms. */
    private static final double ZOOM_STEP = 1.5;

    /** At the most; more is had by making a smaller item the focus. */
    private static final double MAX_ZOOM = 1 << 20;

    /** No map of a real machine comes near it; what is longer is something else. */
    private static final int MAX_FILE_BYTES = 32 << 20;

    private final BackgroundTasks background;
    private final Messages messages;
    private final Clock clock;
    private final Consumer<PciAddress> onShowGpu;

    private final ReadOnlyObjectWrapper<MapPageState> state = new ReadOnlyObjectWrapper<>(MapPageState.LOADING);
    private final ReadOnlyObjectWrapper<MapTree> tree = new ReadOnlyObjectWrapper<>(MapTree.of(MemoryMap.EMPTY));
    private final ReadOnlyStringWrapper title = new ReadOnlyStringWrapper("");
    private final ReadOnlyStringWrapper message = new ReadOnlyStringWrapper("");
    private final ReadOnlyStringWrapper statusText = new ReadOnlyStringWrapper("");
    private final ReadOnlyIntegerWrapper viewRoot = new ReadOnlyIntegerWrapper(MapTree.ROOT);
    private final ReadOnlyIntegerWrapper selection = new ReadOnlyIntegerWrapper(MapTree.ROOT);
    private final ReadOnlyBooleanWrapper fullMapOffered = new ReadOnlyBooleanWrapper(false);
    private final ReadOnlyBooleanWrapper imported = new ReadOnlyBooleanWrapper(false);
    private final ReadOnlyBooleanWrapper comparing = new ReadOnlyBooleanWrapper(false);
    private final ObjectProperty<ScaleMode> scale = new SimpleObjectProperty<>(ScaleMode.FIT);
    private final ReadOnlyObjectWrapper<Set<Filter>> shownFilters = new ReadOnlyObjectWrapper<>(EnumSet.allOf(Filter.class));
    private final DoubleProperty zoom = new SimpleDoubleProperty(1);
    private final DoubleProperty offset = new SimpleDoubleProperty(0);
    private final DoubleProperty width = new SimpleDoubleProperty(1000);

    private RegionMessages regionMessages;
    private @Nullable HelperConnection connection;
    private @Nullable Machine machine;
    /** The machine's map, as long as a dump is shown instead of it or beside it. */
    private @Nullable LoadedMap machineMap;

    private @Nullable LoadedMap loadedMap;
    private boolean opened;
    /** Counts what is asked for: an answer to an earlier question is not shown any more. */
    private int requestNumber;
    /** All of this computer's map, once somebody has asked for it. */
    private @Nullable FullMap fullMap;

    private int[] matches = new int[0];
    private String lastQuery = "";
    private @Nullable Axis axis;
    private @Nullable VisibleRange visibleRange;

    /**
     * A map and where it is from.
     *
     * @param machine the machine whose map it is; empty for a dump of some other one
     * @param complete   whether all of the machine's map is there
     */
    private record LoadedMap(MemoryMap map, Optional<Machine> machine, String title, boolean complete) {}

    /**
     * All of this computer's map.
     *
     * @param map      with what has changed since around the GPUs, where changes are told to everybody
     * @param readTime     when it was read, for people
     * @param updated whether anything has changed since
     */
    private record FullMap(MemoryMap map, String readTime, boolean updated) {
        FullMap withChanges(MemoryMapDiff changes) {
            return changes.isEmpty() ? this : new FullMap(changes.applyTo(map), readTime, true);
        }
    }

    /**
     * Which addresses are where in the picture. The zoom and the offset that show them depend on scale, filters and width.
     *
     * @param firstAddress   lowest address
     * @param lastAddress     highest address, inclusive
     * @param leftFraction   where the lowest one begins, as a part of the picture's width
     * @param rightFraction  where the highest one ends
     * @param viewRoot  item that fills the picture when nothing is zoomed
     * @param zoom   that shows them
     * @param offset that shows them
     */
    private record VisibleRange(long firstAddress, long lastAddress, double leftFraction, double rightFraction, int viewRoot, double zoom, double offset) {}

    /**
     * @param clock   tells when a map was read
     * @param onShowGpu shows the card of a GPU
     */
    public MemoryMapViewModel(BackgroundTasks background, Messages messages, Clock clock, Consumer<PciAddress> onShowGpu) {
        this.background = background;
        this.messages = messages;
        this.clock = clock;
        this.onShowGpu = onShowGpu;
        this.regionMessages = new RegionMessages(messages, tree.get(), null);
        tree.addListener((observable, before, now) -> axis = null);
        viewRoot.addListener((observable, before, now) -> {
            axis = null;
            clearStatusText();
        });
        selection.addListener((observable, before, now) -> clearStatusText());
        scale.addListener((observable, before, now) -> restoreVisibleRange(computeVisibleRange(before, shownFilters.get(), width.get())));
        shownFilters.addListener((observable, before, now) -> restoreVisibleRange(computeVisibleRange(scale.get(), before, width.get())));
        width.addListener((observable, before, now) -> restoreVisibleRange(computeVisibleRange(scale.get(), shownFilters.get(), before.doubleValue())));
    }

    ReadOnlyObjectProperty<MapPageState> stateProperty() {
        return state.getReadOnlyProperty();
    }

    ReadOnlyObjectProperty<MapTree> treeProperty() {
        return tree.getReadOnlyProperty();
    }

    /** Whose map it is and when it was read. */
    ReadOnlyStringProperty titleProperty() {
        return title.getReadOnlyProperty();
    }

    /** What has to be said about the map as a whole; empty most of the time. */
    ReadOnlyStringProperty messageProperty() {
        return message.getReadOnlyProperty();
    }

    /** What came of the last search; empty when there was none. */
    ReadOnlyStringProperty statusTextProperty() {
        return statusText.getReadOnlyProperty();
    }

    /** The item that fills the picture. */
    ReadOnlyIntegerProperty viewRootProperty() {
        return viewRoot.getReadOnlyProperty();
    }

    /** The item that is selected; the whole when none is. */
    ReadOnlyIntegerProperty selectionProperty() {
        return selection.getReadOnlyProperty();
    }

    /** Whether the helper has more of the map than is shown. */
    ReadOnlyBooleanProperty fullMapOfferedProperty() {
        return fullMapOffered.getReadOnlyProperty();
    }

    /** Whether a dump is shown that is not the machine's map. */
    ReadOnlyBooleanProperty importedProperty() {
        return imported.getReadOnlyProperty();
    }

    /** Whether two maps are shown in one. */
    ReadOnlyBooleanProperty comparingProperty() {
        return comparing.getReadOnlyProperty();
    }

    ObjectProperty<ScaleMode> scaleProperty() {
        return scale;
    }

    ReadOnlyObjectProperty<Set<Filter>> shownFiltersProperty() {
        return shownFilters.getReadOnlyProperty();
    }

    /** How much wider than the picture the whole of the focus is, 1 or more. */
    DoubleProperty zoomProperty() {
        return zoom;
    }

    /** The part of the whole that is left of the picture. */
    DoubleProperty offsetProperty() {
        return offset;
    }

    /** Width of the picture, pixels; told by whoever draws it. */
    DoubleProperty widthProperty() {
        return width;
    }

    RegionMessages regionMessages() {
        return regionMessages;
    }

    // Which map.

    /** The page has come into view for the first time. */
    public void open() {
        if (!opened) {
            opened = true;
            load();
        }
    }

    /** A machine is shown, or it has changed. */
    public void show(HelperConnection of, Machine now) {
        boolean other = connection != of;
        Machine before = machine;
        connection = of;
        machine = now;
        if (other) {
            requestNumber++;
            fullMap = null;
            machineMap = null;
            loadedMap = null;
            imported.set(false);
            comparing.set(false);
            statusText.set("");
            state.set(MapPageState.LOADING);
        } else if (fullMap != null && before != null) {
            // Asking for all of it again may ask for a password, which nobody has called for now.
            MemoryMapDiff changes = MemoryMapDiff.between(before.memoryMap(), now.memoryMap());
            fullMap = fullMap.withChanges(changes);
        }
        if (opened && !imported.get()) {
            load();
        }
    }

    /** No machine is shown any more. */
    public void clearMachine() {
        connection = null;
        machine = null;
        fullMap = null;
        requestNumber++;
        if (!imported.get()) {
            loadedMap = null;
            show(MapTree.of(MemoryMap.EMPTY), null);
            state.set(MapPageState.LOADING);
            message.set("");
        }
    }

    private void load() {
        HelperConnection from = connection;
        Machine now = machine;
        if (from == null || now == null) {
            return;
        }
        if (from.source() instanceof MachineSource.ThisMachine) {
            // The rest of the map may take a password, so it is asked for by a button.
            MemoryMap known = fullMap == null ? now.memoryMap() : fullMap.map();
            showLoadedMap(new LoadedMap(known, Optional.of(now), titleOf(from.source()), fullMap != null));
        } else {
            requestFullMap(from);
        }
    }

    /** Asks the helper for the whole map, which may ask for a password. */
    void showFullMap() {
        HelperConnection from = connection;
        if (from != null) {
            message.set(messages.text("window.map.authorising"));
            requestFullMap(from);
        }
    }

    private void requestFullMap(HelperConnection from) {
        int number = ++requestNumber;
        background.run(
                () -> SnapshotParser.parse(from.inspect(true)),
                all -> {
                    if (number == requestNumber) {
                        fullMap = new FullMap(all.memoryMap(), currentTime(), false);
                        showLoadedMap(new LoadedMap(all.memoryMap(), Optional.of(all), titleOf(from.source()), true));
                    }
                },
                problem -> {
                    if (number == requestNumber) {
                        showProblem(problem);
                    }
                });
    }

    private void showProblem(HelperException problem) {
        message.set(messages.formatHelperFailure(problem.kind()));
        if (loadedMap == null) {
            state.set(MapPageState.FAILED);
        }
    }

    private String titleOf(MachineSource source) {
        String time = currentTime();
        return switch (source) {
            case MachineSource.ThisMachine() -> messages.text("window.map.title.this", time);
            case MachineSource.ReadOnlyMachine(HelperException.FailureKind why) -> messages.text("window.map.title.this", time);
            case MachineSource.SampleMachine(String name) -> messages.text("window.map.title.sample");
            case MachineSource.SavedReport(String file) -> messages.text("window.map.title.dump", file);
        };
    }

    private String currentTime() {
        return LocalTime.now(clock)
                .format(DateTimeFormatter.ofLocalizedTime(FormatStyle.SHORT).withLocale(messages.locale()));
    }

    /** Shows a dump: a listing, a text with one in it, or a report with a machine in it. */
    void importText(String text, String name) {
        parseInBackground(text, name, dump -> {
            imported.set(true);
            showLoadedMap(dump);
        });
    }

    private void parseInBackground(String text, String name, Consumer<LoadedMap> taker) {
        int number = ++requestNumber;
        background.run(
                () -> parseDump(text, name),
                dump -> {
                    if (number != requestNumber) {
                        return;
                    }
                    if (dump.map().isEmpty()) {
                        message.set(messages.text("window.map.no-region", name));
                    } else {
                        taker.accept(dump);
                    }
                },
                problem -> message.set(messages.text("window.map.unreadable", name)));
    }

    private LoadedMap parseDump(String text, String name) throws HelperException {
        String shownAs = messages.text("window.map.title.dump", name);
        if (!MachineSnapshot.hasSnapshotHeader(text)) {
            return new LoadedMap(MemoryMap.parse(ExternalText.removeControlSequences(text)), Optional.empty(), shownAs, true);
        }
        try {
            Machine reported = SnapshotParser.parse(MachineSnapshot.parse(text));
            return new LoadedMap(reported.memoryMap(), Optional.of(reported), shownAs, true);
        } catch (MachineSnapshot.MalformedSnapshotException broken) {
            throw new HelperException(HelperException.FailureKind.FAILED, broken);
        }
    }

    /** Shows the dump in a file, or says why that is not possible. */
    void importFile(Path file) {
        readFile(file, text -> importText(text, String.valueOf(file.getFileName())));
    }

    /** As {@link #compareWith(String, String)}, with the dump in a file. */
    void compareWith(Path file) {
        readFile(file, text -> compareWith(text, String.valueOf(file.getFileName())));
    }

    private void readFile(Path file, Consumer<String> taker) {
        background.run(
                () -> {
                    try (InputStream in = Files.newInputStream(file)) {
                        byte[] bytes = in.readNBytes(MAX_FILE_BYTES + 1);
                        if (bytes.length > MAX_FILE_BYTES) {
                            throw new HelperException(HelperException.FailureKind.LIMIT);
                        }
                        return ExternalText.decode(bytes);
                    } catch (IOException unreadable) {
                        throw new HelperException(HelperException.FailureKind.FAILED, unreadable);
                    }
                },
                taker,
                problem -> message.set(
                        messages.text("window.map.unreadable", String.valueOf(file.getFileName()))));
    }

    /** Shows the machine's own map again. */
    void showMachineMap() {
        requestNumber++;
        imported.set(false);
        comparing.set(false);
        LoadedMap own = machineMap;
        machineMap = null;
        loadedMap = null;
        statusText.set("");
        if (own != null && connection != null) {
            showLoadedMap(own);
        }
        load();
    }

    /** Shows the map that is open and a later dump in one, and says what has changed. */
    void compareWith(String text, String name) {
        LoadedMap before = loadedMap;
        if (before == null) {
            importText(text, name);
            return;
        }
        parseInBackground(text, name, after -> showComparison(before, after));
    }

    private void showComparison(LoadedMap before, LoadedMap after) {
        MemoryMapDiff changes = MemoryMapDiff.between(before.map(), after.map());
        String sentence = new MemoryMapMessages(messages).formatDiff(changes);
        imported.set(true);
        comparing.set(true);
        rememberMachineMap(before);
        title.set(messages.text("window.map.title.compare", before.title(), after.title()));
        if (changes.onlyNamesCompared()) {
            message.set(sentence + " " + messages.text("map.diff.hidden"));
            return;
        }
        message.set(sentence);
        show(MapTree.compare(before.map(), changes), before.machine().orElse(null));
        state.set(MapPageState.MAP);
        int[] changed = tree.get().findAll(item -> tree.get().change(item) != RegionChange.UNCHANGED);
        if (changed.length > 0) {
            select(changed[0]);
            showContextOf(changed[0]);
        }
    }

    private void rememberMachineMap(LoadedMap before) {
        if (machineMap == null && before.machine().isPresent()) {
            machineMap = before;
        }
    }

    private void showLoadedMap(LoadedMap fresh) {
        LoadedMap before = loadedMap;
        if (imported.get() && before != null) {
            rememberMachineMap(before);
        }
        MapTree old = tree.get();
        int selected = selection.get();
        int focused = viewRoot.get();
        VisibleRange seen = old.hasAddresses() ? computeVisibleRange(scale.get(), shownFilters.get(), width.get()) : null;
        boolean again = before != null && before.title().equals(fresh.title()) || isSameMachine(before, fresh);
        loadedMap = fresh;
        title.set(fresh.title());
        Set<Region> foreign = new HashSet<>();
        fresh.machine()
                .ifPresent(owner -> owner.gpus().stream()
                        .map(Gpu::overlaps)
                        .flatMap(List::stream)
                        .filter(Overlap::isFromFirmware)
                        .map(Overlap::outermostRegion)
                        .forEach(foreign::add));
        show(MapTree.of(fresh.map(), foreign), fresh.machine().orElse(null));
        fullMapOffered.set(!fresh.complete() || isUpdated());
        message.set(messageFor(fresh));
        state.set(fresh.map().isEmpty() ? MapPageState.EMPTY : fresh.map().addressesHidden() ? MapPageState.NO_ADDRESSES : MapPageState.MAP);
        if (again && old.hasAddresses() && tree.get().hasAddresses()) {
            selection.set(tree.get().findMatching(old, selected));
            viewRoot.set(tree.get().findMatching(old, focused));
            restoreVisibleRange(seen);
            return;
        }
        resetZoom();
        int[] overlaps = tree.get().overlaps();
        if (overlaps.length > 0) {
            select(overlaps[0]);
            showContextOf(overlaps[0]);
        }
    }

    private static boolean isSameMachine(@Nullable LoadedMap before, LoadedMap fresh) {
        return before != null && before.machine().isPresent() && fresh.machine().isPresent()
                && before.complete() == fresh.complete();
    }

    private boolean isUpdated() {
        return fullMap != null && fullMap.updated() && !imported.get();
    }

    private String messageFor(LoadedMap fresh) {
        if (fresh.map().isEmpty()) {
            return messages.text("map.empty");
        }
        if (imported.get()) {
            String read = fresh.machine().isPresent() ? "" : new MemoryMapMessages(messages).formatParseSummary(fresh.map());
            return fresh.map().addressesHidden() ? (read + " " + messages.text("map.hidden")).strip() : read;
        }
        if (fresh.map().addressesHidden()) {
            return messages.text("window.map.hidden");
        }
        if (isUpdated()) {
            return messages.text("window.map.followed", Objects.requireNonNull(fullMap).readTime());
        }
        return fresh.complete() ? "" : messages.text("window.map.part");
    }

    private void show(MapTree fresh, @Nullable Machine of) {
        regionMessages = new RegionMessages(messages, fresh, of);
        matches = new int[0];
        lastQuery = "";
        selection.set(MapTree.ROOT);
        viewRoot.set(MapTree.ROOT);
        tree.set(fresh);
    }

    /** The smallest window with an item in it that also shows what is beside it. */
    private void showContextOf(int item) {
        MapTree now = tree.get();
        int at = now.parent(item);
        while (at != MapTree.ROOT && now.kind(at) != RegionKind.WINDOW) {
            at = now.parent(at);
        }
        viewRoot.set(at);
        resetZoom();
    }

    // What is selected.

    /**
     * Selects an item; the part of a region in which nothing else is claimed stands for the region. A filter that hides it
     * is no more.
     */
    void select(int item) {
        MapTree now = tree.get();
        int chosen = now.kind(item) == RegionKind.UNCOVERED ? now.parent(item) : item;
        clearFiltersHiding(chosen);
        int around = viewRoot.get();
        while (!now.isWithin(chosen, around)) {
            around = now.parent(around);
        }
        if (around != viewRoot.get()) {
            zoomTo(around);
        }
        selection.set(chosen);
        scrollToSelection();
    }

    /** Whether an item can be selected: it is a region, or a gap, and no filter has taken it out of view. */
    boolean isSelectable(int item) {
        return tree.get().kind(item) != RegionKind.UNCOVERED && isVisible(item);
    }

    /** Whether no filter has taken an item, or what it lies in, out of view. */
    boolean isVisible(int item) {
        MapTree now = tree.get();
        for (int at = item; at != MapTree.ROOT; at = now.parent(at)) {
            if (now.kind(at).filter().filter(filter -> !shownFilters.get().contains(filter)).isPresent()) {
                return false;
            }
        }
        return true;
    }

    private void clearFiltersHiding(int item) {
        MapTree now = tree.get();
        Set<Filter> changed = EnumSet.copyOf(shownFilters.get());
        for (int at = item; at != MapTree.ROOT; at = now.parent(at)) {
            now.kind(at).filter().ifPresent(changed::add);
        }
        if (!changed.equals(shownFilters.get())) {
            shownFilters.set(changed);
        }
    }

    /** Shows or hides what a filter is for. */
    void setFilterShown(Filter filter, boolean show) {
        Set<Filter> changed = EnumSet.copyOf(shownFilters.get());
        if (show ? changed.add(filter) : changed.remove(filter)) {
            shownFilters.set(changed);
            int seen = selection.get();
            while (!isVisible(seen)) {
                seen = tree.get().parent(seen);
            }
            if (!isVisible(viewRoot.get())) {
                zoomToRoot();
            }
            selection.set(seen);
        }
    }

    void selectParent() {
        select(tree.get().parent(selection.get()));
    }

    void selectFirstChild() {
        MapTree now = tree.get();
        for (int part = now.childrenStart(selection.get()); part < now.childrenEnd(selection.get()); part++) {
            if (isSelectable(part)) {
                select(part);
                return;
            }
        }
    }

    /** Selects a neighbour, however small it is. */
    void selectNeighbour(int step) {
        MapTree now = tree.get();
        int at = selection.get();
        if (at == MapTree.ROOT) {
            selectFirstChild();
            return;
        }
        int around = now.parent(at);
        for (int next = at + step; next >= now.childrenStart(around) && next < now.childrenEnd(around); next += step) {
            if (isSelectable(next)) {
                select(next);
                return;
            }
        }
    }

    /** Selects the next overlap, or change where two maps are compared, and begins again after the last. */
    void selectOverlap(int step) {
        clearStatusText();
        MapTree now = tree.get();
        int[] stops = comparing.get()
                ? now.findAll(item -> now.change(item) != RegionChange.UNCHANGED)
                : now.overlaps();
        if (stops.length == 0) {
            statusText.set(messages.text("window.map.overlaps.none"));
            return;
        }
        int at = now.listingOrder(selection.get());
        int next = step > 0
                ? (int) Arrays.stream(stops).takeWhile(item -> now.listingOrder(item) <= at).count()
                : (int) Arrays.stream(stops).takeWhile(item -> now.listingOrder(item) < at).count() - 1;
        select(stops[Math.floorMod(next, stops.length)]);
    }

    /** How many overlaps there are, in words. */
    String overlapsText() {
        int number = tree.get().overlaps().length;
        return switch (number) {
            case 0 -> messages.text("window.map.overlaps.count.none");
            case 1 -> messages.text("window.map.overlaps.count.one");
            default -> messages.text("window.map.overlaps.count.many", Integer.toString(number));
        };
    }

    // What is in view.

    /** Fills the picture with an item, or, when it has no parts, with what it lies in. */
    void zoomTo(int item) {
        MapTree now = tree.get();
        int target = now.childrenStart(item) < now.childrenEnd(item) || item == MapTree.ROOT ? item : now.parent(item);
        resetZoom();
        viewRoot.set(target);
    }

    /** All of the focus fills the picture. */
    private void resetZoom() {
        visibleRange = null;
        zoom.set(1);
        offset.set(0);
    }

    /** Fills the picture with what the focus lies in; the selection stays in view. */
    void zoomToParent() {
        int was = viewRoot.get();
        zoomTo(tree.get().parent(was));
        if (!tree.get().isWithin(selection.get(), was) || selection.get() == MapTree.ROOT) {
            selection.set(was);
        }
    }

    /** The whole machine. */
    void zoomToRoot() {
        clearStatusText();
        zoomTo(MapTree.ROOT);
    }

    void zoomIn() {
        zoomAt(ZOOM_STEP, selectionPositionInView());
    }

    void zoomOut() {
        zoomAt(1 / ZOOM_STEP, selectionPositionInView());
    }

    /** @param place part of the picture's width, from its left edge, that stays where it is */
    void zoomAt(double factor, double place) {
        double before = zoom.get();
        double now = Math.clamp(before * factor, 1, MAX_ZOOM);
        double kept = offset.get() + place / before;
        zoom.set(now);
        offset.set(clampOffset(kept - place / now));
    }

    /** @param part of the picture's width; to the right when it is positive */
    void pan(double part) {
        offset.set(clampOffset(offset.get() + part / zoom.get()));
    }

    /** Moves the picture so that it begins at a part of the whole, as far as that is possible. */
    private double clampOffset(double wanted) {
        return Math.clamp(wanted, 0, 1 - 1 / zoom.get());
    }

    /** Puts the selection into the middle; when it is there already, makes it fit the picture. */
    void centreSelection() {
        double middle = selectionPosition();
        double wanted = clampOffset(middle - 0.5 / zoom.get());
        if (Math.abs(wanted - offset.get()) * zoom.get() > 0.01) {
            offset.set(wanted);
            return;
        }
        MapTree now = tree.get();
        int item = selection.get();
        double part = (axis().rightEdge(now.last(item)) - axis().leftEdge(now.first(item))) / width.get();
        zoom.set(Math.clamp(part <= 0 ? MAX_ZOOM : 0.9 / part, 1, MAX_ZOOM));
        offset.set(clampOffset(middle - 0.5 / zoom.get()));
    }

    /** The middle of the selection, as a part of the whole width of the focus. */
    private double selectionPosition() {
        MapTree now = tree.get();
        int item = selection.get();
        return Math.clamp((axis().leftEdge(now.first(item)) + axis().rightEdge(now.last(item))) / 2 / width.get(), 0, 1);
    }

    /** The middle of the selection, as a part of what is in view; the middle when it is out of view. */
    private double selectionPositionInView() {
        double place = (selectionPosition() - offset.get()) * zoom.get();
        return place >= 0 && place <= 1 ? place : 0.5;
    }

    private void scrollToSelection() {
        if (zoom.get() > 1 && tree.get().hasAddresses()) {
            double place = (selectionPosition() - offset.get()) * zoom.get();
            if (place < 0 || place > 1) {
                offset.set(clampOffset(selectionPosition() - 0.5 / zoom.get()));
            }
        }
    }

    /** What is in view, where the axis is, or was, of a scale, filters and a width; nothing when all of the focus is. */
    private @Nullable VisibleRange computeVisibleRange(ScaleMode of, Set<Filter> with, double wide) {
        VisibleRange known = visibleRange;
        if (known != null
                && known.viewRoot() == viewRoot.get()
                && known.zoom() == zoom.get()
                && known.offset() == offset.get()) {
            // Nobody has moved the picture since: worked out again at each step, it would drift while a window is drawn wider.
            return known;
        }
        if (zoom.get() <= 1) {
            return null;
        }
        MapTree now = tree.get();
        Axis old = axis == null ? Axis.of(of, now, viewRoot.get(), with, wide) : axis;
        double left = offset.get() * wide;
        double room = wide / zoom.get();
        long from = old.addressAt(left);
        long to = old.addressAt(left + room);
        int item = selection.get();
        double begins = Math.max(left, old.leftEdge(now.first(item)));
        double ends = Math.min(left + room, old.rightEdge(now.last(item)));
        if (item != MapTree.ROOT && ends - begins >= room / 2) {
            // It is what somebody looks at; what is beside it may be a thousand times as large on another scale.
            from = begins > left ? now.first(item) : from;
            to = ends < left + room ? now.last(item) : to;
        }
        return new VisibleRange(
                from,
                to,
                (old.leftEdge(from) - left) / room,
                (old.rightEdge(to) - left) / room,
                viewRoot.get(),
                zoom.get(),
                offset.get());
    }

    /** Shows on the axis as it is from now on what was in view on the one before. */
    private void restoreVisibleRange(@Nullable VisibleRange seen) {
        axis = null;
        visibleRange = null;
        if (seen == null) {
            return;
        }
        double from = axis().leftEdge(seen.firstAddress()) / width.get();
        double to = axis().rightEdge(seen.lastAddress()) / width.get();
        zoom.set(Math.clamp(to > from ? (seen.rightFraction() - seen.leftFraction()) / (to - from) : MAX_ZOOM, 1, MAX_ZOOM));
        offset.set(clampOffset((from + to) / 2 - (seen.leftFraction() + seen.rightFraction()) / 2 / zoom.get()));
        visibleRange = new VisibleRange(seen.firstAddress(), seen.lastAddress(), seen.leftFraction(), seen.rightFraction(), viewRoot.get(), zoom.get(), offset.get());
    }

    /** Lowest address that is in the picture. */
    long firstVisibleAddress() {
        return axis().addressAt(offset.get() * width.get());
    }

    /** Highest address that is in the picture, inclusive. */
    long lastVisibleAddress() {
        return axis().addressAt((offset.get() + 1 / zoom.get()) * width.get());
    }

    private Axis axis() {
        Axis known = axis;
        if (known == null) {
            known = Axis.of(scale.get(), tree.get(), viewRoot.get(), shownFilters.get(), width.get());
            axis = known;
        }
        return known;
    }

    /** The picture of what is in view. */
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

    // Finding.

    /** Somebody has moved on, or is about to ask something else. */
    void clearStatusText() {
        statusText.set("");
    }

    /**
     * Looks for a name, a PCI address, an address, a range, a size such as {@code >1G}, or overlaps, and selects the first
     * that fits, or, when the same is asked again, the next.
     *
     * @param step 1 for the next, -1 for the one before
     */
    void find(String typed, int step) {
        Optional<Query> query = Query.parse(typed, messages.text("window.map.overlap-word"));
        if (query.isEmpty()) {
            statusText.set("");
            return;
        }
        if (query.get() instanceof Query.AddressQuery(long address)) {
            goTo(address);
            return;
        }
        MapTree now = tree.get();
        if (!typed.equals(lastQuery)) {
            lastQuery = typed;
            matches = now.findAll(item -> query.get().matches(now, item) || matchesCaption(query.get(), item));
            if (query.get() instanceof Query.RangeQuery(AddressRange range)) {
                matches = sortByMatch(now, range);
            }
        }
        if (matches.length == 0) {
            statusText.set(messages.text("window.map.found.none", typed.strip()));
            return;
        }
        int at = -1;
        for (int i = 0; i < matches.length; i++) {
            if (matches[i] == selection.get()) {
                at = i;
            }
        }
        int next = at < 0 ? 0 : Math.floorMod(at + step, matches.length);
        select(matches[next]);
        statusText.set(messages.text(
                "window.map.found",
                Integer.toString(next + 1),
                Integer.toString(matches.length),
                regionMessages.caption(matches[next])));
    }

    /** A BAR goes by another name in the map than in the listing. */
    private boolean matchesCaption(Query query, int item) {
        return query instanceof Query.NameQuery(String part)
                && tree.get().kind(item) == RegionKind.BAR
                && regionMessages.caption(item).toLowerCase(Locale.ROOT).contains(part);
    }

    /** Of what shares addresses with a range, what is all inside comes first, and a region that is the range before all. */
    private int[] sortByMatch(MapTree now, AddressRange range) {
        return Arrays.stream(matches)
                .boxed()
                .sorted((a, b) -> Integer.compare(matchRank(now, a, range), matchRank(now, b, range)))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    private static int matchRank(MapTree now, int item, AddressRange range) {
        AddressRange own = now.range(item);
        return own.equals(range) ? 0 : range.contains(own) ? 1 : 2;
    }

    /** Selects what is at a typed address and says what that is, or that nothing is there. */
    void goTo(String typed) {
        if (Query.isRange(typed)) {
            // From the first of what is found, wherever the selection was.
            select(MapTree.ROOT);
            find(typed, 1);
            return;
        }
        Query.parseAddress(typed)
                .ifPresentOrElse(this::goTo, () -> statusText.set(messages.text("window.map.no-address", typed.strip())));
    }

    /** Selects the outermost region at an address, in the picture of the whole machine. */
    void goToOutermost(long address) {
        List<Integer> path = tree.get().pathFromRoot(tree.get().itemAt(address));
        zoomToRoot();
        if (path.size() > 1 && isVisible(path.get(1))) {
            select(path.get(1));
        }
    }

    private void goTo(long address) {
        if (!tree.get().hasAddresses()) {
            statusText.set(messages.text("window.map.at.hidden"));
            return;
        }
        int item = tree.get().itemAt(address);
        if (item != MapTree.ROOT) {
            select(item);
        }
        statusText.set(regionMessages.describeAddress(address));
    }

    // To take along.

    /** The line of the listing. */
    String listingLine() {
        return regionMessages.listingLine(selection.get());
    }

    String listingLinesWithParents() {
        return regionMessages.listingLinesWithParents(selection.get());
    }

    String bugReportText() {
        return regionMessages.bugReportText(selection.get());
    }

    /** The whole listing, to be saved. */
    ExportContent listingContent() {
        MemoryMap map = tree.get().map();
        return () -> map.toText().getBytes(StandardCharsets.UTF_8);
    }

    /** What is to be saved; made away from the drawing thread. */
    @FunctionalInterface
    interface ExportContent {
        byte[] bytes() throws IOException;
    }

    /** Writes a file and says whether that went well. */
    void save(Path file, ExportContent content) {
        background.run(
                () -> {
                    try {
                        return Files.write(file, content.bytes());
                    } catch (IOException unwritable) {
                        throw new HelperException(HelperException.FailureKind.FAILED, unwritable);
                    }
                },
                saved -> statusText.set(messages.text("window.map.saved", file.toString())),
                problem -> statusText.set(messages.text("window.map.not-saved", file.toString())));
    }

    /** Says what was copied. */
    void showCopied(String text) {
        String first = text.lines().findFirst().orElse("").strip();
        statusText.set(messages.text("window.map.copied", text.lines().count() > 1 ? first + " …" : first));
    }

    /** The GPU that the selection belongs to. */
    Optional<Gpu> selectedGpu() {
        return regionMessages.gpu(selection.get());
    }

    /** Shows the card of the GPU that the selection belongs to. */
    void showGpu() {
        selectedGpu().map(Gpu::address).ifPresent(onShowGpu);
    }
}
