package org.switchback.app.memorymap;

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
import org.switchback.app.background.Background;
import org.switchback.app.helper.HelperConnection;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.Source;
import org.switchback.app.report.ForeignText;
import org.switchback.app.words.MapWords;
import org.switchback.app.words.Words;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.MapChanges;
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
    enum State {
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
    private static final double STEP = 1.5;

    /** At the most; more is had by making a smaller item the focus. */
    private static final double CLOSEST = 1 << 20;

    /** No map of a real machine comes near it; what is longer is something else. */
    private static final int LONGEST_BYTES = 32 << 20;

    private final Background background;
    private final Words words;
    private final Clock clock;
    private final Consumer<PciAddress> showGpu;

    private final ReadOnlyObjectWrapper<State> state = new ReadOnlyObjectWrapper<>(State.LOADING);
    private final ReadOnlyObjectWrapper<MapTree> tree = new ReadOnlyObjectWrapper<>(MapTree.of(MemoryMap.EMPTY));
    private final ReadOnlyStringWrapper title = new ReadOnlyStringWrapper("");
    private final ReadOnlyStringWrapper message = new ReadOnlyStringWrapper("");
    private final ReadOnlyStringWrapper answer = new ReadOnlyStringWrapper("");
    private final ReadOnlyIntegerWrapper focus = new ReadOnlyIntegerWrapper(MapTree.WHOLE);
    private final ReadOnlyIntegerWrapper selection = new ReadOnlyIntegerWrapper(MapTree.WHOLE);
    private final ReadOnlyBooleanWrapper wholeOffered = new ReadOnlyBooleanWrapper(false);
    private final ReadOnlyBooleanWrapper imported = new ReadOnlyBooleanWrapper(false);
    private final ReadOnlyBooleanWrapper comparing = new ReadOnlyBooleanWrapper(false);
    private final ObjectProperty<Scale> scale = new SimpleObjectProperty<>(Scale.FIT);
    private final ReadOnlyObjectWrapper<Set<Filter>> shown = new ReadOnlyObjectWrapper<>(EnumSet.allOf(Filter.class));
    private final DoubleProperty zoom = new SimpleDoubleProperty(1);
    private final DoubleProperty offset = new SimpleDoubleProperty(0);
    private final DoubleProperty width = new SimpleDoubleProperty(1000);

    private ItemWords itemWords;
    private @Nullable HelperConnection connection;
    private @Nullable Machine machine;
    /** The machine's map, as long as a dump is shown instead of it or beside it. */
    private @Nullable Loaded ofMachine;

    private @Nullable Loaded loaded;
    private boolean opened;
    /** Counts what is asked for: an answer to an earlier question is not shown any more. */
    private int asked;
    /** All of this computer's map, once somebody has asked for it. */
    private @Nullable Whole whole;

    private int[] found = new int[0];
    private String foundFor = "";
    private @Nullable Axis axis;
    private @Nullable Sight sight;

    /**
     * A map and where it is from.
     *
     * @param machine the machine whose map it is; empty for a dump of some other one
     * @param whole   whether all of the machine's map is there
     */
    private record Loaded(MemoryMap map, Optional<Machine> machine, String title, boolean whole) {}

    /**
     * All of this computer's map.
     *
     * @param map      with what has changed since around the GPUs, where changes are told to everybody
     * @param read     when it was read, for people
     * @param followed whether anything has changed since
     */
    private record Whole(MemoryMap map, String read, boolean followed) {
        Whole after(MapChanges changes) {
            return changes.nothing() ? this : new Whole(changes.appliedTo(map), read, true);
        }
    }

    /**
     * Which addresses are where in the picture. The zoom and the offset that show them depend on scale, filters and width.
     *
     * @param from   lowest address
     * @param to     highest address, inclusive
     * @param left   where the lowest one begins, as a part of the picture's width
     * @param right  where the highest one ends
     * @param focus  item that fills the picture when nothing is zoomed
     * @param zoom   that shows them
     * @param offset that shows them
     */
    private record Sight(long from, long to, double left, double right, int focus, double zoom, double offset) {}

    /**
     * @param clock   tells when a map was read
     * @param showGpu shows the card of a GPU
     */
    public MemoryMapViewModel(Background background, Words words, Clock clock, Consumer<PciAddress> showGpu) {
        this.background = background;
        this.words = words;
        this.clock = clock;
        this.showGpu = showGpu;
        this.itemWords = new ItemWords(words, tree.get(), null);
        tree.addListener((observable, before, now) -> axis = null);
        focus.addListener((observable, before, now) -> {
            axis = null;
            forgetAnswer();
        });
        selection.addListener((observable, before, now) -> forgetAnswer());
        scale.addListener((observable, before, now) -> keep(sight(before, shown.get(), width.get())));
        shown.addListener((observable, before, now) -> keep(sight(scale.get(), before, width.get())));
        width.addListener((observable, before, now) -> keep(sight(scale.get(), shown.get(), before.doubleValue())));
    }

    ReadOnlyObjectProperty<State> stateProperty() {
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
    ReadOnlyStringProperty answerProperty() {
        return answer.getReadOnlyProperty();
    }

    /** The item that fills the picture. */
    ReadOnlyIntegerProperty focusProperty() {
        return focus.getReadOnlyProperty();
    }

    /** The item that is selected; the whole when none is. */
    ReadOnlyIntegerProperty selectionProperty() {
        return selection.getReadOnlyProperty();
    }

    /** Whether the helper has more of the map than is shown. */
    ReadOnlyBooleanProperty wholeOfferedProperty() {
        return wholeOffered.getReadOnlyProperty();
    }

    /** Whether a dump is shown that is not the machine's map. */
    ReadOnlyBooleanProperty importedProperty() {
        return imported.getReadOnlyProperty();
    }

    /** Whether two maps are shown in one. */
    ReadOnlyBooleanProperty comparingProperty() {
        return comparing.getReadOnlyProperty();
    }

    ObjectProperty<Scale> scaleProperty() {
        return scale;
    }

    ReadOnlyObjectProperty<Set<Filter>> shownProperty() {
        return shown.getReadOnlyProperty();
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

    ItemWords itemWords() {
        return itemWords;
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
            asked++;
            whole = null;
            ofMachine = null;
            loaded = null;
            imported.set(false);
            comparing.set(false);
            answer.set("");
            state.set(State.LOADING);
        } else if (whole != null && before != null) {
            // Asking for all of it again may ask for a password, which nobody has called for now.
            MapChanges changes = MapChanges.between(before.memory(), now.memory());
            whole = whole.after(changes);
        }
        if (opened && !imported.get()) {
            load();
        }
    }

    /** No machine is shown any more. */
    public void forget() {
        connection = null;
        machine = null;
        whole = null;
        asked++;
        if (!imported.get()) {
            loaded = null;
            show(MapTree.of(MemoryMap.EMPTY), null);
            state.set(State.LOADING);
            message.set("");
        }
    }

    private void load() {
        HelperConnection from = connection;
        Machine now = machine;
        if (from == null || now == null) {
            return;
        }
        if (from.source() instanceof Source.ThisMachine) {
            // The rest of the map may take a password, so it is asked for by a button.
            MemoryMap known = whole == null ? now.memory() : whole.map();
            take(new Loaded(known, Optional.of(now), titled(from.source()), whole != null));
        } else {
            askForWhole(from);
        }
    }

    /** Asks the helper for the whole map, which may ask for a password. */
    void showWhole() {
        HelperConnection from = connection;
        if (from != null) {
            message.set(words.text("window.map.authorising"));
            askForWhole(from);
        }
    }

    private void askForWhole(HelperConnection from) {
        int number = ++asked;
        background.run(
                () -> MachineReader.read(from.inspect(true)),
                all -> {
                    if (number == asked) {
                        whole = new Whole(all.memory(), time(), false);
                        take(new Loaded(all.memory(), Optional.of(all), titled(from.source()), true));
                    }
                },
                problem -> {
                    if (number == asked) {
                        refused(problem);
                    }
                });
    }

    private void refused(HelperProblem problem) {
        message.set(words.problem(problem.kind()));
        if (loaded == null) {
            state.set(State.FAILED);
        }
    }

    private String titled(Source source) {
        String time = time();
        return switch (source) {
            case Source.ThisMachine() -> words.text("window.map.title.this", time);
            case Source.LookOnly(HelperProblem.Kind why) -> words.text("window.map.title.this", time);
            case Source.Sample(String name) -> words.text("window.map.title.sample");
            case Source.SavedReport(String file) -> words.text("window.map.title.dump", file);
        };
    }

    private String time() {
        return LocalTime.now(clock)
                .format(DateTimeFormatter.ofLocalizedTime(FormatStyle.SHORT).withLocale(words.locale()));
    }

    /** Shows a dump: a listing, a text with one in it, or a report with a machine in it. */
    void importText(String text, String name) {
        read(text, name, dump -> {
            imported.set(true);
            take(dump);
        });
    }

    private void read(String text, String name, Consumer<Loaded> taker) {
        int number = ++asked;
        background.run(
                () -> dump(text, name),
                dump -> {
                    if (number != asked) {
                        return;
                    }
                    if (dump.map().isEmpty()) {
                        message.set(words.text("window.map.no-region", name));
                    } else {
                        taker.accept(dump);
                    }
                },
                problem -> message.set(words.text("window.map.unreadable", name)));
    }

    private Loaded dump(String text, String name) throws HelperProblem {
        String shownAs = words.text("window.map.title.dump", name);
        if (!Capture.looksLike(text)) {
            return new Loaded(MemoryMap.parse(ForeignText.uncolored(text)), Optional.empty(), shownAs, true);
        }
        try {
            Machine reported = MachineReader.read(Capture.parse(text));
            return new Loaded(reported.memory(), Optional.of(reported), shownAs, true);
        } catch (Capture.MalformedCapture broken) {
            throw new HelperProblem(HelperProblem.Kind.FAILED, broken);
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
                        byte[] bytes = in.readNBytes(LONGEST_BYTES + 1);
                        if (bytes.length > LONGEST_BYTES) {
                            throw new HelperProblem(HelperProblem.Kind.LIMIT);
                        }
                        return ForeignText.of(bytes);
                    } catch (IOException unreadable) {
                        throw new HelperProblem(HelperProblem.Kind.FAILED, unreadable);
                    }
                },
                taker,
                problem -> message.set(
                        words.text("window.map.unreadable", String.valueOf(file.getFileName()))));
    }

    /** Shows the machine's own map again. */
    void backToMachine() {
        asked++;
        imported.set(false);
        comparing.set(false);
        Loaded own = ofMachine;
        ofMachine = null;
        loaded = null;
        answer.set("");
        if (own != null && connection != null) {
            take(own);
        }
        load();
    }

    /** Shows the map that is open and a later dump in one, and says what has changed. */
    void compareWith(String text, String name) {
        Loaded before = loaded;
        if (before == null) {
            importText(text, name);
            return;
        }
        read(text, name, after -> compare(before, after));
    }

    private void compare(Loaded before, Loaded after) {
        MapChanges changes = MapChanges.between(before.map(), after.map());
        String sentence = new MapWords(words).changes(changes);
        imported.set(true);
        comparing.set(true);
        remember(before);
        title.set(words.text("window.map.title.compare", before.title(), after.title()));
        if (changes.namesOnly()) {
            message.set(sentence + " " + words.text("map.diff.hidden"));
            return;
        }
        message.set(sentence);
        show(MapTree.compare(before.map(), changes), before.machine().orElse(null));
        state.set(State.MAP);
        int[] changed = tree.get().find(item -> tree.get().mark(item) != Mark.SAME);
        if (changed.length > 0) {
            select(changed[0]);
            focusAround(changed[0]);
        }
    }

    private void remember(Loaded before) {
        if (ofMachine == null && before.machine().isPresent()) {
            ofMachine = before;
        }
    }

    private void take(Loaded fresh) {
        Loaded before = loaded;
        if (imported.get() && before != null) {
            remember(before);
        }
        MapTree old = tree.get();
        int selected = selection.get();
        int focused = focus.get();
        Sight seen = old.addressed() ? sight(scale.get(), shown.get(), width.get()) : null;
        boolean again = before != null && before.title().equals(fresh.title()) || sameMachine(before, fresh);
        loaded = fresh;
        title.set(fresh.title());
        Set<Region> foreign = new HashSet<>();
        fresh.machine()
                .ifPresent(owner -> owner.gpus().stream()
                        .map(Gpu::overlaps)
                        .flatMap(List::stream)
                        .filter(Overlap::fromFirmware)
                        .map(Overlap::region)
                        .forEach(foreign::add));
        show(MapTree.of(fresh.map(), foreign), fresh.machine().orElse(null));
        wholeOffered.set(!fresh.whole() || followed());
        message.set(said(fresh));
        state.set(fresh.map().isEmpty() ? State.EMPTY : fresh.map().hidden() ? State.NO_ADDRESSES : State.MAP);
        if (again && old.addressed() && tree.get().addressed()) {
            selection.set(tree.get().same(old, selected));
            focus.set(tree.get().same(old, focused));
            keep(seen);
            return;
        }
        showAll();
        int[] overlaps = tree.get().overlaps();
        if (overlaps.length > 0) {
            select(overlaps[0]);
            focusAround(overlaps[0]);
        }
    }

    private static boolean sameMachine(@Nullable Loaded before, Loaded fresh) {
        return before != null && before.machine().isPresent() && fresh.machine().isPresent()
                && before.whole() == fresh.whole();
    }

    private boolean followed() {
        return whole != null && whole.followed() && !imported.get();
    }

    private String said(Loaded fresh) {
        if (fresh.map().isEmpty()) {
            return words.text("map.empty");
        }
        if (imported.get()) {
            String read = fresh.machine().isPresent() ? "" : new MapWords(words).read(fresh.map());
            return fresh.map().hidden() ? (read + " " + words.text("map.hidden")).strip() : read;
        }
        if (fresh.map().hidden()) {
            return words.text("window.map.hidden");
        }
        if (followed()) {
            return words.text("window.map.followed", Objects.requireNonNull(whole).read());
        }
        return fresh.whole() ? "" : words.text("window.map.part");
    }

    private void show(MapTree fresh, @Nullable Machine of) {
        itemWords = new ItemWords(words, fresh, of);
        found = new int[0];
        foundFor = "";
        selection.set(MapTree.WHOLE);
        focus.set(MapTree.WHOLE);
        tree.set(fresh);
    }

    /** The smallest window with an item in it that also shows what is beside it. */
    private void focusAround(int item) {
        MapTree now = tree.get();
        int at = now.parent(item);
        while (at != MapTree.WHOLE && now.kind(at) != Kind.WINDOW) {
            at = now.parent(at);
        }
        focus.set(at);
        showAll();
    }

    // What is selected.

    /**
     * Selects an item; the part of a region in which nothing else is claimed stands for the region. A filter that hides it
     * is no more.
     */
    void select(int item) {
        MapTree now = tree.get();
        int chosen = now.kind(item) == Kind.UNCOVERED ? now.parent(item) : item;
        unhide(chosen);
        int around = focus.get();
        while (!now.within(chosen, around)) {
            around = now.parent(around);
        }
        if (around != focus.get()) {
            zoomTo(around);
        }
        selection.set(chosen);
        reveal();
    }

    /** Whether an item can be selected: it is a region, or a gap, and no filter has taken it out of view. */
    boolean selectable(int item) {
        return tree.get().kind(item) != Kind.UNCOVERED && visible(item);
    }

    /** Whether no filter has taken an item, or what it lies in, out of view. */
    boolean visible(int item) {
        MapTree now = tree.get();
        for (int at = item; at != MapTree.WHOLE; at = now.parent(at)) {
            if (now.kind(at).filter().filter(filter -> !shown.get().contains(filter)).isPresent()) {
                return false;
            }
        }
        return true;
    }

    private void unhide(int item) {
        MapTree now = tree.get();
        Set<Filter> changed = EnumSet.copyOf(shown.get());
        for (int at = item; at != MapTree.WHOLE; at = now.parent(at)) {
            now.kind(at).filter().ifPresent(changed::add);
        }
        if (!changed.equals(shown.get())) {
            shown.set(changed);
        }
    }

    /** Shows or hides what a filter is for. */
    void filter(Filter filter, boolean show) {
        Set<Filter> changed = EnumSet.copyOf(shown.get());
        if (show ? changed.add(filter) : changed.remove(filter)) {
            shown.set(changed);
            int seen = selection.get();
            while (!visible(seen)) {
                seen = tree.get().parent(seen);
            }
            if (!visible(focus.get())) {
                whole();
            }
            selection.set(seen);
        }
    }

    void selectParent() {
        select(tree.get().parent(selection.get()));
    }

    void selectFirstChild() {
        MapTree now = tree.get();
        for (int part = now.childFrom(selection.get()); part < now.childTo(selection.get()); part++) {
            if (selectable(part)) {
                select(part);
                return;
            }
        }
    }

    /** Selects a neighbour, however small it is. */
    void selectNeighbour(int step) {
        MapTree now = tree.get();
        int at = selection.get();
        if (at == MapTree.WHOLE) {
            selectFirstChild();
            return;
        }
        int around = now.parent(at);
        for (int next = at + step; next >= now.childFrom(around) && next < now.childTo(around); next += step) {
            if (selectable(next)) {
                select(next);
                return;
            }
        }
    }

    /** Selects the next overlap, or change where two maps are compared, and begins again after the last. */
    void selectOverlap(int step) {
        forgetAnswer();
        MapTree now = tree.get();
        int[] stops = comparing.get()
                ? now.find(item -> now.mark(item) != Mark.SAME)
                : now.overlaps();
        if (stops.length == 0) {
            answer.set(words.text("window.map.overlaps.none"));
            return;
        }
        int at = now.order(selection.get());
        int next = step > 0
                ? (int) Arrays.stream(stops).takeWhile(item -> now.order(item) <= at).count()
                : (int) Arrays.stream(stops).takeWhile(item -> now.order(item) < at).count() - 1;
        select(stops[Math.floorMod(next, stops.length)]);
    }

    /** How many overlaps there are, in words. */
    String overlapsText() {
        int number = tree.get().overlaps().length;
        return switch (number) {
            case 0 -> words.text("window.map.overlaps.count.none");
            case 1 -> words.text("window.map.overlaps.count.one");
            default -> words.text("window.map.overlaps.count.many", Integer.toString(number));
        };
    }

    // What is in view.

    /** Fills the picture with an item, or, when it has no parts, with what it lies in. */
    void zoomTo(int item) {
        MapTree now = tree.get();
        int target = now.childFrom(item) < now.childTo(item) || item == MapTree.WHOLE ? item : now.parent(item);
        showAll();
        focus.set(target);
    }

    /** All of the focus fills the picture. */
    private void showAll() {
        sight = null;
        zoom.set(1);
        offset.set(0);
    }

    /** Fills the picture with what the focus lies in; the selection stays in view. */
    void up() {
        int was = focus.get();
        zoomTo(tree.get().parent(was));
        if (!tree.get().within(selection.get(), was) || selection.get() == MapTree.WHOLE) {
            selection.set(was);
        }
    }

    /** The whole machine. */
    void whole() {
        forgetAnswer();
        zoomTo(MapTree.WHOLE);
    }

    void zoomIn() {
        zoomAt(STEP, selectionCentre());
    }

    void zoomOut() {
        zoomAt(1 / STEP, selectionCentre());
    }

    /** @param place part of the picture's width, from its left edge, that stays where it is */
    void zoomAt(double factor, double place) {
        double before = zoom.get();
        double now = Math.clamp(before * factor, 1, CLOSEST);
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
    void centre() {
        double middle = selectionMiddle();
        double wanted = clampOffset(middle - 0.5 / zoom.get());
        if (Math.abs(wanted - offset.get()) * zoom.get() > 0.01) {
            offset.set(wanted);
            return;
        }
        MapTree now = tree.get();
        int item = selection.get();
        double part = (axis().after(now.last(item)) - axis().before(now.first(item))) / width.get();
        zoom.set(Math.clamp(part <= 0 ? CLOSEST : 0.9 / part, 1, CLOSEST));
        offset.set(clampOffset(middle - 0.5 / zoom.get()));
    }

    /** The middle of the selection, as a part of the whole width of the focus. */
    private double selectionMiddle() {
        MapTree now = tree.get();
        int item = selection.get();
        return Math.clamp((axis().before(now.first(item)) + axis().after(now.last(item))) / 2 / width.get(), 0, 1);
    }

    /** The middle of the selection, as a part of what is in view; the middle when it is out of view. */
    private double selectionCentre() {
        double place = (selectionMiddle() - offset.get()) * zoom.get();
        return place >= 0 && place <= 1 ? place : 0.5;
    }

    private void reveal() {
        if (zoom.get() > 1 && tree.get().addressed()) {
            double place = (selectionMiddle() - offset.get()) * zoom.get();
            if (place < 0 || place > 1) {
                offset.set(clampOffset(selectionMiddle() - 0.5 / zoom.get()));
            }
        }
    }

    /** What is in view, where the axis is, or was, of a scale, filters and a width; nothing when all of the focus is. */
    private @Nullable Sight sight(Scale of, Set<Filter> with, double wide) {
        Sight known = sight;
        if (known != null
                && known.focus() == focus.get()
                && known.zoom() == zoom.get()
                && known.offset() == offset.get()) {
            // Nobody has moved the picture since: worked out again at each step, it would drift while a window is drawn wider.
            return known;
        }
        if (zoom.get() <= 1) {
            return null;
        }
        MapTree now = tree.get();
        Axis old = axis == null ? Axis.of(of, now, focus.get(), with, wide) : axis;
        double left = offset.get() * wide;
        double room = wide / zoom.get();
        long from = old.address(left);
        long to = old.address(left + room);
        int item = selection.get();
        double begins = Math.max(left, old.before(now.first(item)));
        double ends = Math.min(left + room, old.after(now.last(item)));
        if (item != MapTree.WHOLE && ends - begins >= room / 2) {
            // It is what somebody looks at; what is beside it may be a thousand times as large on another scale.
            from = begins > left ? now.first(item) : from;
            to = ends < left + room ? now.last(item) : to;
        }
        return new Sight(
                from,
                to,
                (old.before(from) - left) / room,
                (old.after(to) - left) / room,
                focus.get(),
                zoom.get(),
                offset.get());
    }

    /** Shows on the axis as it is from now on what was in view on the one before. */
    private void keep(@Nullable Sight seen) {
        axis = null;
        sight = null;
        if (seen == null) {
            return;
        }
        double from = axis().before(seen.from()) / width.get();
        double to = axis().after(seen.to()) / width.get();
        zoom.set(Math.clamp(to > from ? (seen.right() - seen.left()) / (to - from) : CLOSEST, 1, CLOSEST));
        offset.set(clampOffset((from + to) / 2 - (seen.left() + seen.right()) / 2 / zoom.get()));
        sight = new Sight(seen.from(), seen.to(), seen.left(), seen.right(), focus.get(), zoom.get(), offset.get());
    }

    /** Lowest address that is in the picture. */
    long firstInView() {
        return axis().address(offset.get() * width.get());
    }

    /** Highest address that is in the picture, inclusive. */
    long lastInView() {
        return axis().address((offset.get() + 1 / zoom.get()) * width.get());
    }

    private Axis axis() {
        Axis known = axis;
        if (known == null) {
            known = Axis.of(scale.get(), tree.get(), focus.get(), shown.get(), width.get());
            axis = known;
        }
        return known;
    }

    /** The picture of what is in view. */
    Picture picture(double height) {
        return new Picture(
                tree.get(),
                shown.get(),
                focus.get(),
                scale.get(),
                axis(),
                zoom.get(),
                offset.get(),
                width.get(),
                height);
    }

    // Finding.

    /** Somebody has moved on, or is about to ask something else. */
    void forgetAnswer() {
        answer.set("");
    }

    /**
     * Looks for a name, a PCI address, an address, a range, a size such as {@code >1G}, or overlaps, and selects the first
     * that fits, or, when the same is asked again, the next.
     *
     * @param step 1 for the next, -1 for the one before
     */
    void find(String typed, int step) {
        Optional<Query> query = Query.parse(typed, words.text("window.map.overlap-word"));
        if (query.isEmpty()) {
            answer.set("");
            return;
        }
        if (query.get() instanceof Query.Address(long address)) {
            goTo(address);
            return;
        }
        MapTree now = tree.get();
        if (!typed.equals(foundFor)) {
            foundFor = typed;
            found = now.find(item -> query.get().finds(now, item) || isCalled(query.get(), item));
            if (query.get() instanceof Query.Range(AddressRange range)) {
                found = closest(now, range);
            }
        }
        if (found.length == 0) {
            answer.set(words.text("window.map.found.none", typed.strip()));
            return;
        }
        int at = -1;
        for (int i = 0; i < found.length; i++) {
            if (found[i] == selection.get()) {
                at = i;
            }
        }
        int next = at < 0 ? 0 : Math.floorMod(at + step, found.length);
        select(found[next]);
        answer.set(words.text(
                "window.map.found",
                Integer.toString(next + 1),
                Integer.toString(found.length),
                itemWords.caption(found[next])));
    }

    /** A BAR goes by another name in the map than in the listing. */
    private boolean isCalled(Query query, int item) {
        return query instanceof Query.Name(String part)
                && tree.get().kind(item) == Kind.BAR
                && itemWords.caption(item).toLowerCase(Locale.ROOT).contains(part);
    }

    /** Of what shares addresses with a range, what is all inside comes first, and a region that is the range before all. */
    private int[] closest(MapTree now, AddressRange range) {
        return Arrays.stream(found)
                .boxed()
                .sorted((a, b) -> Integer.compare(rank(now, a, range), rank(now, b, range)))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    private static int rank(MapTree now, int item, AddressRange range) {
        AddressRange own = now.range(item);
        return own.equals(range) ? 0 : range.contains(own) ? 1 : 2;
    }

    /** Selects what is at a typed address and says what that is, or that nothing is there. */
    void goTo(String typed) {
        if (Query.isRange(typed)) {
            // From the first of what is found, wherever the selection was.
            select(MapTree.WHOLE);
            find(typed, 1);
            return;
        }
        Query.address(typed)
                .ifPresentOrElse(this::goTo, () -> answer.set(words.text("window.map.no-address", typed.strip())));
    }

    /** Selects the outermost region at an address, in the picture of the whole machine. */
    void goToOutermost(long address) {
        List<Integer> path = tree.get().path(tree.get().at(address));
        whole();
        if (path.size() > 1 && visible(path.get(1))) {
            select(path.get(1));
        }
    }

    private void goTo(long address) {
        if (!tree.get().addressed()) {
            answer.set(words.text("window.map.at.hidden"));
            return;
        }
        int item = tree.get().at(address);
        if (item != MapTree.WHOLE) {
            select(item);
        }
        answer.set(itemWords.answer(address));
    }

    // To take along.

    /** The line of the listing. */
    String line() {
        return itemWords.line(selection.get());
    }

    String lineWithParents() {
        return itemWords.lineWithParents(selection.get());
    }

    String forBugReport() {
        return itemWords.forBugReport(selection.get());
    }

    /** The whole listing, to be saved. */
    Content textFile() {
        MemoryMap map = tree.get().map();
        return () -> map.toText().getBytes(StandardCharsets.UTF_8);
    }

    /** What is to be saved; made away from the drawing thread. */
    @FunctionalInterface
    interface Content {
        byte[] bytes() throws IOException;
    }

    /** Writes a file and says whether that went well. */
    void save(Path file, Content content) {
        background.run(
                () -> {
                    try {
                        return Files.write(file, content.bytes());
                    } catch (IOException unwritable) {
                        throw new HelperProblem(HelperProblem.Kind.FAILED, unwritable);
                    }
                },
                saved -> answer.set(words.text("window.map.saved", file.toString())),
                problem -> answer.set(words.text("window.map.not-saved", file.toString())));
    }

    /** Says what was copied. */
    void copied(String text) {
        String first = text.lines().findFirst().orElse("").strip();
        answer.set(words.text("window.map.copied", text.lines().count() > 1 ? first + " …" : first));
    }

    /** The GPU that the selection belongs to. */
    Optional<Gpu> selectedGpu() {
        return itemWords.gpu(selection.get());
    }

    /** Shows the card of the GPU that the selection belongs to. */
    void showGpu() {
        selectedGpu().map(Gpu::address).ifPresent(showGpu);
    }
}
