package org.switchback.gui.memorymap;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalTime;
import java.time.format.DateTimeFormatter;
import java.time.format.FormatStyle;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.SimpleBooleanProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;
import org.jspecify.annotations.Nullable;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.messages.MemoryMapMessages;
import org.switchback.client.messages.Messages;
import org.switchback.client.report.ExternalTextDecoder;
import org.switchback.gui.tasks.BackgroundTasks;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.MemoryMapDiff;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.Region;
import org.switchback.hardware.SnapshotParser;

/** Loads the map to display: the machine's own, a dump from a file or text, or a comparison. FX thread only. */
final class MapLoader {
    enum MapPageState {
        LOADING,
        MAP,
        /** A map without addresses: only names and nesting. */
        NO_ADDRESSES,
        /** A map without regions. */
        EMPTY,
        FAILED
    }

    /** Far above the size of any real machine's map. */
    private static final int MAX_FILE_BYTES = 32 << 20;

    private final BackgroundTasks background;
    private final Messages messages;
    private final Clock clock;
    private final MapNavigation navigation;
    private final Runnable clearStatusText;

    private final ObjectProperty<MapPageState> state = new SimpleObjectProperty<>(MapPageState.LOADING);
    private final StringProperty title = new SimpleStringProperty("");
    private final StringProperty message = new SimpleStringProperty("");
    private final BooleanProperty fullMapOffered = new SimpleBooleanProperty(false);
    private final BooleanProperty imported = new SimpleBooleanProperty(false);
    private final BooleanProperty comparing = new SimpleBooleanProperty(false);

    private @Nullable HelperConnection connection;
    private @Nullable Machine machine;
    /** The machine's map while a dump replaces it or is compared with it. */
    private @Nullable LoadedMap machineMap;

    private @Nullable LoadedMap loadedMap;
    private boolean opened;
    /** Number of the latest request; results of earlier requests are dropped. */
    private int requestNumber;
    /** The complete map of this computer, once requested. */
    private @Nullable FullMap fullMap;

    /** A map and its origin. The machine of a dump may be unknown; {@code complete} is false for a part of its map. */
    private record LoadedMap(MemoryMap map, Optional<Machine> machine, String title, boolean complete) {}

    /**
     * @param map includes later changes around the GPUs, which the helper reports without authorization
     * @param readTime localized time of day at which the map was read
     * @param updated whether anything has changed since
     */
    private record FullMap(MemoryMap map, String readTime, boolean updated) {}

    /** @param clearStatusText called when another machine or the machine's own map is shown */
    MapLoader(
            BackgroundTasks background,
            Messages messages,
            Clock clock,
            MapNavigation navigation,
            Runnable clearStatusText) {
        this.background = background;
        this.messages = messages;
        this.clock = clock;
        this.navigation = navigation;
        this.clearStatusText = clearStatusText;
    }

    ReadOnlyObjectProperty<MapPageState> stateProperty() {
        return state;
    }

    /** The origin of the map and the time at which it was read. */
    ReadOnlyStringProperty titleProperty() {
        return title;
    }

    /** A notice about the whole map; usually empty. */
    ReadOnlyStringProperty messageProperty() {
        return message;
    }

    /** Whether the helper has a more complete or newer map than the displayed one. */
    ReadOnlyBooleanProperty fullMapOfferedProperty() {
        return fullMapOffered;
    }

    /** Whether a dump or a comparison is displayed instead of the machine's own map. */
    ReadOnlyBooleanProperty importedProperty() {
        return imported;
    }

    ReadOnlyBooleanProperty comparingProperty() {
        return comparing;
    }

    void open() {
        if (!opened) {
            opened = true;
            load();
        }
    }

    void show(HelperConnection newConnection, Machine newMachine) {
        boolean connectionChanged = connection != newConnection;
        Machine oldMachine = machine;
        connection = newConnection;
        machine = newMachine;
        if (connectionChanged) {
            requestNumber++;
            fullMap = null;
            machineMap = null;
            loadedMap = null;
            imported.set(false);
            comparing.set(false);
            clearStatusText.run();
            state.set(MapPageState.LOADING);
        } else if (fullMap != null && oldMachine != null) {
            // Apply the changes: requesting the complete map again could show a password dialog unasked.
            MemoryMapDiff changes = MemoryMapDiff.between(oldMachine.memoryMap(), newMachine.memoryMap());
            fullMap =
                    changes.isEmpty() ? fullMap : new FullMap(changes.applyTo(fullMap.map()), fullMap.readTime(), true);
        }
        if (opened && !imported.get()) {
            load();
        }
    }

    void clearMachine() {
        connection = null;
        machine = null;
        fullMap = null;
        requestNumber++;
        if (!imported.get()) {
            loadedMap = null;
            navigation.show(MapTree.of(MemoryMap.EMPTY), Optional.empty());
            state.set(MapPageState.LOADING);
            message.set("");
        }
    }

    private void load() {
        HelperConnection source = connection;
        Machine current = machine;
        if (source == null || current == null) {
            return;
        }
        if (source.source() instanceof MachineSource.ThisMachine) {
            // The complete map may require a password, so it is requested only by a button.
            MemoryMap map = fullMap == null ? current.memoryMap() : fullMap.map();
            showLoadedMap(new LoadedMap(map, Optional.of(current), titleOf(source.source()), fullMap != null));
        } else {
            requestFullMap(source);
        }
    }

    /** Requests the complete map from the helper, which may show a password dialog. */
    void showFullMap() {
        HelperConnection source = connection;
        if (source != null) {
            message.set(messages.text("window.map.authorising"));
            requestFullMap(source);
        }
    }

    private void requestFullMap(HelperConnection source) {
        int number = ++requestNumber;
        background.run(
                () -> SnapshotParser.parse(source.inspect(true)),
                complete -> {
                    if (number == requestNumber) {
                        MemoryMap map = complete.memoryMap();
                        fullMap = new FullMap(map, currentTime(), false);
                        showLoadedMap(new LoadedMap(map, Optional.of(complete), titleOf(source.source()), true));
                    }
                },
                e -> {
                    if (number == requestNumber) {
                        showFailure(e);
                    }
                });
    }

    private void showFailure(HelperException e) {
        message.set(messages.formatHelperFailure(e.kind()));
        if (loadedMap == null) {
            state.set(MapPageState.FAILED);
        }
    }

    private String titleOf(MachineSource source) {
        return switch (source) {
            case MachineSource.ThisMachine _, MachineSource.ReadOnlyMachine _ ->
                messages.text("window.map.title.this", currentTime());
            case MachineSource.SampleMachine _ -> messages.text("window.map.title.sample");
            case MachineSource.SavedReport(String file) -> messages.text("window.map.title.dump", file);
        };
    }

    private String currentTime() {
        return LocalTime.now(clock)
                .format(DateTimeFormatter.ofLocalizedTime(FormatStyle.SHORT).withLocale(messages.locale()));
    }

    /** Shows the machine's own map again. */
    void showMachineMap() {
        requestNumber++;
        imported.set(false);
        comparing.set(false);
        LoadedMap saved = machineMap;
        machineMap = null;
        loadedMap = null;
        clearStatusText.run();
        if (saved != null && connection != null) {
            showLoadedMap(saved);
        }
        load();
    }

    /** Shows a dump: a listing, a text that contains one, or a report with a machine snapshot. */
    void importText(String text, String name) {
        parseInBackground(text, name, dump -> {
            imported.set(true);
            showLoadedMap(dump);
        });
    }

    /** As {@link #importText}, with the dump in a file; a message reports a file that cannot be read. */
    void importFile(Path file) {
        readFile(file, text -> importText(text, String.valueOf(file.getFileName())));
    }

    /** Compares the displayed map with a later dump: shows both in one tree and summarizes the changes. */
    void compareWith(String text, String name) {
        LoadedMap before = loadedMap;
        if (before == null) {
            importText(text, name);
            return;
        }
        parseInBackground(text, name, after -> showComparison(before, after));
    }

    /** As {@link #compareWith(String, String)}, with the dump in a file. */
    void compareWith(Path file) {
        readFile(file, text -> compareWith(text, String.valueOf(file.getFileName())));
    }

    private void parseInBackground(String text, String name, Consumer<LoadedMap> onParsed) {
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
                        onParsed.accept(dump);
                    }
                },
                e -> message.set(messages.text("window.map.unreadable", name)));
    }

    private LoadedMap parseDump(String text, String name) throws HelperException {
        String dumpTitle = messages.text("window.map.title.dump", name);
        if (!MachineSnapshot.hasSnapshotHeader(text)) {
            MemoryMap map = MemoryMap.parse(ExternalTextDecoder.removeControlSequences(text));
            return new LoadedMap(map, Optional.empty(), dumpTitle, true);
        }
        try {
            Machine reported = SnapshotParser.parse(MachineSnapshot.parse(text));
            return new LoadedMap(reported.memoryMap(), Optional.of(reported), dumpTitle, true);
        } catch (MachineSnapshot.MalformedSnapshotException e) {
            throw new HelperException(HelperException.FailureKind.FAILED, e);
        }
    }

    private void readFile(Path file, Consumer<String> onRead) {
        background.run(
                () -> {
                    try (InputStream in = Files.newInputStream(file)) {
                        byte[] bytes = in.readNBytes(MAX_FILE_BYTES + 1);
                        if (bytes.length > MAX_FILE_BYTES) {
                            throw new HelperException(HelperException.FailureKind.LIMIT);
                        }
                        return ExternalTextDecoder.decode(bytes);
                    } catch (IOException e) {
                        throw new HelperException(HelperException.FailureKind.FAILED, e);
                    }
                },
                onRead,
                e -> message.set(messages.text("window.map.unreadable", String.valueOf(file.getFileName()))));
    }

    private void showComparison(LoadedMap before, LoadedMap after) {
        MemoryMapDiff changes = MemoryMapDiff.between(before.map(), after.map());
        String summary = new MemoryMapMessages(messages).formatDiff(changes);
        imported.set(true);
        comparing.set(true);
        saveMachineMap(before);
        title.set(messages.text("window.map.title.compare", before.title(), after.title()));
        if (changes.onlyNamesCompared()) {
            message.set(summary + " " + messages.text("map.diff.hidden"));
            return;
        }
        message.set(summary);
        navigation.showComparison(MapTree.compare(before.map(), changes), before.machine());
        state.set(MapPageState.MAP);
    }

    private void saveMachineMap(LoadedMap map) {
        if (machineMap == null && map.machine().isPresent()) {
            machineMap = map;
        }
    }

    private void showLoadedMap(LoadedMap loaded) {
        LoadedMap before = loadedMap;
        if (imported.get() && before != null) {
            saveMachineMap(before);
        }
        loadedMap = loaded;
        title.set(loaded.title());
        MapTree tree = MapTree.of(
                loaded.map(), loaded.machine().map(MapLoader::firmwareRegions).orElse(Set.of()));
        if (before != null && isUpdate(before, loaded)) {
            navigation.showUpdated(tree, loaded.machine());
        } else {
            navigation.showAtFirstOverlap(tree, loaded.machine());
        }
        fullMapOffered.set(!loaded.complete() || isFullMapUpdated());
        message.set(messageFor(loaded));
        MemoryMap map = loaded.map();
        MapPageState shown = map.addressesHidden() ? MapPageState.NO_ADDRESSES : MapPageState.MAP;
        state.set(map.isEmpty() ? MapPageState.EMPTY : shown);
    }

    /** The regions inside the GPUs' BARs that belong to the firmware, whatever their names. */
    private static Set<Region> firmwareRegions(Machine machine) {
        return machine.gpus().stream()
                .flatMap(gpu -> gpu.firmwareOverlaps().stream())
                .map(Overlap::outermostRegion)
                .collect(Collectors.toSet());
    }

    private static boolean isUpdate(LoadedMap before, LoadedMap loaded) {
        return before.title().equals(loaded.title())
                || before.machine().isPresent()
                        && loaded.machine().isPresent()
                        && before.complete() == loaded.complete();
    }

    private boolean isFullMapUpdated() {
        return fullMap != null && fullMap.updated() && !imported.get();
    }

    private String messageFor(LoadedMap loaded) {
        MemoryMap map = loaded.map();
        if (map.isEmpty()) {
            return messages.text("map.empty");
        }
        if (imported.get()) {
            String summary =
                    loaded.machine().isPresent() ? "" : new MemoryMapMessages(messages).formatParseSummary(map);
            return map.addressesHidden() ? (summary + " " + messages.text("map.hidden")).strip() : summary;
        }
        if (map.addressesHidden()) {
            return messages.text("window.map.hidden");
        }
        if (isFullMapUpdated()) {
            return messages.text(
                    "window.map.followed", Objects.requireNonNull(fullMap).readTime());
        }
        return loaded.complete() ? "" : messages.text("window.map.part");
    }
}
