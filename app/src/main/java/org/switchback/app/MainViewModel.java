package org.switchback.app;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyBooleanWrapper;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.beans.property.SimpleBooleanProperty;
import org.jspecify.annotations.Nullable;
import org.switchback.app.activity.ActivityLog;
import org.switchback.app.activity.ActivityViewModel;
import org.switchback.app.activity.Attempt;
import org.switchback.app.activity.RecordedConnections;
import org.switchback.app.background.Background;
import org.switchback.app.gpus.GpusViewModel;
import org.switchback.app.gpus.Overview;
import org.switchback.app.helper.HelperConnection;
import org.switchback.app.helper.HelperConnections;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.Mishap;
import org.switchback.app.helper.Source;
import org.switchback.app.memorymap.MemoryMapViewModel;
import org.switchback.app.readiness.ReadinessViewModel;
import org.switchback.app.report.ReportFile;
import org.switchback.app.samples.SampleMachines;
import org.switchback.app.switching.Direction;
import org.switchback.app.switching.Familiarity;
import org.switchback.app.switching.Outcome;
import org.switchback.app.switching.SwitchViewModel;
import org.switchback.app.words.Words;
import org.switchback.hardware.Capture;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.Spelling;
import org.switchback.protocol.PlanReply;

/** Which machine the window shows, and what it says about that machine as a whole. Belongs to the drawing thread. */
public final class MainViewModel {
    /** A switch makes a dozen changes in a row; they are looked at once. */
    private static final Duration SETTLE = Duration.ofMillis(250);

    private final HelperConnections connections;
    private final ActivityLog log;
    private final Background background;
    private final Words words;
    private final BooleanSupplier firstStart;
    private final GpusViewModel gpus;
    private final MemoryMapViewModel memoryMap;

    private final ReadOnlyStringWrapper title = new ReadOnlyStringWrapper("");
    private final ReadOnlyStringWrapper ribbon = new ReadOnlyStringWrapper("");
    private final ReadOnlyStringWrapper banner = new ReadOnlyStringWrapper("");
    private final ReadOnlyStringWrapper notice = new ReadOnlyStringWrapper("");
    private final ReadOnlyObjectWrapper<@Nullable SwitchViewModel> switching = new ReadOnlyObjectWrapper<>(null);
    private final ReadOnlyObjectWrapper<Page> page = new ReadOnlyObjectWrapper<>(Page.GPUS);
    private final ReadOnlyObjectWrapper<@Nullable Shown> shown = new ReadOnlyObjectWrapper<>(null);
    private final ReadOnlyBooleanWrapper free = new ReadOnlyBooleanWrapper(true);
    private final ReadOnlyBooleanWrapper elsewhere = new ReadOnlyBooleanWrapper(false);
    private final ReadOnlyStringWrapper leaving = new ReadOnlyStringWrapper("");
    private final ReadOnlyBooleanWrapper gone = new ReadOnlyBooleanWrapper(false);

    private final BooleanProperty alwaysPlan = new SimpleBooleanProperty(false);
    private final BooleanProperty keysShown = new SimpleBooleanProperty(false);

    private @Nullable HelperConnection connection;
    private @Nullable PciAddress wantedGpu;
    /** Counts the machines that were opened: an answer about an earlier one is not shown any more. */
    private int machine;

    /** The machine that is simulated; null for this computer. */
    private @Nullable Simulated simulated;

    private boolean looking;
    private boolean lookAgain;
    private boolean healthy;
    /** Somebody has asked for another look: a simulated machine whose helper is gone is then opened anew. */
    private boolean reopens;

    /**
     * @param log        where every switch is written down
     * @param firstStart whether the window has never been opened before; may block
     */
    public MainViewModel(
            HelperConnections connections,
            ActivityLog log,
            Background background,
            Words words,
            BooleanSupplier firstStart) {
        this.connections = new RecordedConnections(connections, log, Attempt.By.WINDOW, Clock.systemUTC());
        this.log = log;
        this.background = background;
        this.words = words;
        this.firstStart = firstStart;
        this.gpus = new GpusViewModel(words, this::choose);
        this.memoryMap = new MemoryMapViewModel(background, words, Clock.systemDefaultZone(), this::showGpu);
        shown.addListener((observable, before, now) -> {
            if (now == null) {
                memoryMap.forget();
            } else {
                memoryMap.show(now.connection(), now.overview().machine());
            }
        });
        title.set(words.text("window.title"));
    }

    public GpusViewModel gpus() {
        return gpus;
    }

    public MemoryMapViewModel memoryMap() {
        return memoryMap;
    }

    private void showGpu(PciAddress gpu) {
        wantedGpu = gpu;
        open(Page.GPUS);
        wantedGpu = null;
    }

    /** The GPU whose card is what the page of GPUs is opened for. */
    Optional<PciAddress> wantedGpu() {
        return Optional.ofNullable(wantedGpu);
    }

    /**
     * A machine as it was last seen.
     *
     * @param connection to ask it more; its calls block
     * @param overview   what was seen
     */
    public record Shown(HelperConnection connection, Overview overview) {}

    /** The machine that is shown, anew after every look; null while one is opened and when it can't be looked at. */
    public ReadOnlyObjectProperty<@Nullable Shown> shownProperty() {
        return shown.getReadOnlyProperty();
    }

    /** A page of its own, which looks at the machine once it is asked for. */
    ReadinessViewModel readiness() {
        ReadinessViewModel readiness = new ReadinessViewModel(background, words);
        shown.subscribe(now -> {
            SwitchViewModel pane = switching.get();
            if (now == null) {
                readiness.nothing();
            } else if (pane != null && pane.changing()) {
                readiness.underWay();
            } else {
                readiness.check(now.connection(), now.overview().machine());
            }
        });
        return readiness;
    }

    /** What has been switched so far; reads the record once it is asked for. */
    ActivityViewModel activity() {
        ActivityViewModel activity = new ActivityViewModel(log, background, words, ZoneId.systemDefault());
        shown.subscribe(now -> activity.machine(now == null ? null : now.connection()));
        return activity;
    }

    /** The page that is open. */
    ReadOnlyObjectProperty<Page> pageProperty() {
        return page.getReadOnlyProperty();
    }

    /** Opens a page; the others stay as they are. Where the page of GPUs is open already, it is back to its cards if that can be. */
    void open(Page wanted) {
        SwitchViewModel pane = switching.get();
        if (wanted == Page.GPUS && page.get() == Page.GPUS && pane != null) {
            pane.leave();
        }
        page.set(wanted);
    }

    /** Title of the window. */
    public ReadOnlyStringProperty titleProperty() {
        return title.getReadOnlyProperty();
    }

    /** Says that this is not this computer; empty when it is. */
    public ReadOnlyStringProperty ribbonProperty() {
        return ribbon.getReadOnlyProperty();
    }

    /** What is the matter with the helper; empty when nothing is. */
    public ReadOnlyStringProperty bannerProperty() {
        return banner.getReadOnlyProperty();
    }

    /** What came of something that was asked for, until it is dismissed; empty most of the time. */
    public ReadOnlyStringProperty noticeProperty() {
        return notice.getReadOnlyProperty();
    }

    /** The switch whose pane is open; null when none is. */
    public ReadOnlyObjectProperty<@Nullable SwitchViewModel> switchingProperty() {
        return switching.getReadOnlyProperty();
    }

    /** Whether another machine can be opened: not while a switch is under way. */
    public ReadOnlyBooleanProperty freeProperty() {
        return free.getReadOnlyProperty();
    }

    /** Whether a plan is shown before it is carried out also when the same one has succeeded before. */
    BooleanProperty alwaysPlanProperty() {
        return alwaysPlan;
    }

    /** Whether the list of all keys is open. */
    BooleanProperty keysShownProperty() {
        return keysShown;
    }

    /** Whether a sample machine or a report is shown. */
    public ReadOnlyBooleanProperty elsewhereProperty() {
        return elsewhere.getReadOnlyProperty();
    }

    /**
     * A sample machine that can be opened.
     *
     * @param name  as {@link SampleMachines} knows it
     * @param title for people
     */
    public record Sample(String name, String title) {}

    /** All of them, the default first. */
    public List<Sample> samples() {
        return SampleMachines.names().stream()
                .map(name -> new Sample(name, words.text("sample." + name)))
                .toList();
    }

    /**
     * Opens the first machine.
     *
     * @param sample name of a sample machine; empty for this computer, or for a sample when there is nothing to switch
     *     here and the window is opened for the first time
     */
    public void start(Optional<String> sample) {
        sample.ifPresentOrElse(this::openSample, () -> openThisMachine(true));
    }

    /** Shows this computer. */
    public void openThisMachine() {
        openThisMachine(false);
    }

    private void openThisMachine(boolean first) {
        open(
                () -> {
                    if (first && firstStart.getAsBoolean() && !somethingToSwitch()) {
                        return simulation(new Simulated(
                                SampleMachines.load(SampleMachines.DEFAULT).orElseThrow(),
                                new Source.Sample(SampleMachines.DEFAULT),
                                Mishap.NONE));
                    }
                    return lookedAt(connections.thisMachine());
                });
    }

    /** Told by what everybody may look at: nobody is asked on the system bus for a sample. */
    private boolean somethingToSwitch() {
        HelperConnection look = connections.lookOnly(HelperProblem.Kind.MISSING);
        try {
            return switchable(lookedAt(look));
        } finally {
            look.close();
        }
    }

    private static boolean switchable(Opened opened) {
        return opened.overview().map(Overview::switchable).orElse(false);
    }

    /** Shows a sample machine. */
    public void openSample(String name) {
        if (!SampleMachines.names().contains(name)) {
            notice.set(words.text("window.sample.unknown", name));
            if (connection == null) {
                openThisMachine();
            }
            return;
        }
        simulate(new Simulated(SampleMachines.load(name).orElseThrow(), new Source.Sample(name), Mishap.NONE));
    }

    /** Shows the machine of a saved report, or says why it cannot. */
    public void openReport(Path file) {
        String name = String.valueOf(file.getFileName());
        background.run(
                () -> ReportFile.read(file),
                read -> {
                    switch (read) {
                        case ReportFile.Read.Report(var capture) ->
                            simulate(new Simulated(capture, new Source.SavedReport(name), Mishap.NONE));
                        case ReportFile.Read.NoReport() -> notice.set(words.text("window.report.other", name));
                        case ReportFile.Read.Damaged(int line) ->
                            notice.set(words.text("window.report.damaged", name, Integer.toString(line)));
                        case ReportFile.Read.Unreadable() ->
                            notice.set(words.text("window.report.unreadable", name));
                    }
                },
                problem -> notice.set(words.text("window.report.unreadable", name)));
    }

    /**
     * Something that can be made to go wrong on a machine that is not this computer.
     *
     * @param mishap what
     * @param title  for people, as an entry of a menu
     */
    public record Failure(Mishap mishap, String title) {
        /** As part of the name of a node: {@code slow-step}. */
        public String id() {
            return Spelling.of(mishap);
        }
    }

    /** All of them, that nothing goes wrong first. */
    public List<Failure> failures() {
        return Stream.of(Mishap.values())
                .map(mishap -> new Failure(mishap, capital(words.text("window.mishap." + mishap.name()))))
                .toList();
    }

    /** What stands in the middle of a sentence elsewhere, as one of its own. */
    private String capital(String text) {
        int first = text.offsetByCodePoints(0, 1);
        return text.substring(0, first).toUpperCase(words.locale()) + text.substring(first);
    }

    /** Opens the machine that is shown anew, with that failure. */
    public void tryFailure(Failure failure) {
        tryMishap(failure.mishap());
    }

    /** Whether that is what goes wrong on the machine that is shown. */
    public boolean goesWrong(Failure failure) {
        return failure.mishap() == mishap();
    }

    /** What goes wrong on the machine that is shown. */
    public Mishap mishap() {
        return simulated == null ? Mishap.NONE : simulated.mishap();
    }

    /** Opens the machine that is shown anew, with something that goes wrong; does nothing on this computer. */
    public void tryMishap(Mishap mishap) {
        if (simulated != null) {
            simulate(new Simulated(simulated.capture(), simulated.source(), mishap));
        }
    }

    /** Takes the notice away. */
    public void dismissNotice() {
        notice.set("");
    }

    /**
     * Looks again at the machine, from whatever page, and leaves the pane of a switch that is not under way; where the
     * helper was missing or lost, looks for the helper again first.
     */
    public void refresh() {
        if (!free.get()) {
            return;
        }
        if (switching.get() != null) {
            closePane();
        }
        if (healthy) {
            reopens = true;
            look(Duration.ZERO);
        } else if (simulated != null) {
            simulate(simulated);
        } else {
            openThisMachine();
        }
    }

    private static boolean ofThisComputer(Source source) {
        return source instanceof Source.ThisMachine || source instanceof Source.LookOnly;
    }

    // Quitting.

    /** What is said while the window waits with quitting for a switch to end; empty when it doesn't. */
    ReadOnlyStringProperty leavingProperty() {
        return leaving.getReadOnlyProperty();
    }

    /** Whether the window is to go now. */
    ReadOnlyBooleanProperty goneProperty() {
        return gone.getReadOnlyProperty();
    }

    /**
     * Quits: at once, or, while a switch changes the kernel, when it has succeeded; one that fails wants to be seen. Asked
     * for again it is at once: the helper needs no window to finish.
     */
    void quit() {
        SwitchViewModel pane = switching.get();
        HelperConnection used = connection;
        if (pane == null || used == null || !pane.changing() || !leaving.get().isEmpty()) {
            gone.set(true);
        } else {
            leaving.set(words.text(used.source().real() ? "window.leaving" : "window.leaving.sample"));
        }
    }

    /** Does not quit after all. */
    void stay() {
        leaving.set("");
    }

    private void quitAfter(SwitchViewModel pane) {
        if (pane.changing() || leaving.get().isEmpty()) {
            return;
        }
        leaving.set("");
        Outcome outcome = pane.outcomeProperty().get();
        gone.set(outcome != null && outcome.kind() == Outcome.Kind.REACHED);
    }

    /**
     * Lets go of the machine; the window is being closed.
     *
     * @return completes when what was to be written down about it is
     */
    public CompletableFuture<Void> close() {
        machine++;
        HelperConnection last = connection;
        connection = null;
        CompletableFuture<Void> closed = new CompletableFuture<>();
        if (last == null) {
            closed.complete(null);
        } else {
            background.run(() -> {
                try {
                    last.close();
                } finally {
                    closed.complete(null);
                }
            });
        }
        return closed;
    }

    /**
     * A machine that is not this computer.
     *
     * @param capture what it is at first
     * @param source  where it is from
     * @param mishap  what goes wrong on it
     */
    private record Simulated(Capture capture, Source source, Mishap mishap) {}

    private record Opened(
            HelperConnection connection,
            Optional<Simulated> simulated,
            Optional<Overview> overview,
            Optional<HelperProblem> problem) {}

    private void simulate(Simulated machineToBe) {
        open(() -> simulation(machineToBe));
    }

    private Opened simulation(Simulated of) {
        HelperConnection fresh = connections.simulated(of.capture(), of.source(), of.mishap());
        try {
            return new Opened(fresh, Optional.of(of), Optional.of(Overview.of(fresh, log)), Optional.empty());
        } catch (HelperProblem problem) {
            return new Opened(fresh, Optional.of(of), Optional.empty(), Optional.of(problem));
        }
    }

    /** Where the helper does not let us look, everybody may still look at what the kernel shows everybody. */
    private Opened lookedAt(HelperConnection fresh) {
        try {
            return new Opened(fresh, Optional.empty(), Optional.of(Overview.of(fresh, log)), Optional.empty());
        } catch (HelperProblem problem) {
            if (fresh.source() instanceof Source.LookOnly) {
                return new Opened(fresh, Optional.empty(), Optional.empty(), Optional.of(problem));
            }
            fresh.close();
            return lookedAt(connections.lookOnly(problem.kind()));
        }
    }

    private void open(Background.Call<Opened> opener) {
        if (!free.get()) {
            return;
        }
        close();
        int number = machine;
        looking = false;
        free.unbind();
        free.set(true);
        switching.set(null);
        banner.set("");
        gpus.scanning();
        shown.set(null);
        background.run(
                opener,
                opened -> {
                    if (number == machine) {
                        opened(number, opened);
                    } else {
                        background.run(opened.connection()::close);
                    }
                },
                problem -> {
                    if (number == machine) {
                        gpus.failed(problem);
                    }
                });
    }

    private void opened(int number, Opened opened) {
        HelperConnection fresh = opened.connection();
        connection = fresh;
        simulated = opened.simulated().orElse(null);
        introduce(fresh.source());
        fresh.onChange(() -> background.show(() -> changed(number)));
        opened.overview().ifPresent(overview -> show(fresh, overview));
        opened.problem().ifPresent(problem -> {
            lose(problem);
        });
    }

    private void introduce(Source source) {
        switch (source) {
            case Source.ThisMachine() -> introduce("window.title", "", "");
            case Source.LookOnly(HelperProblem.Kind why) ->
                introduce("window.title", "", words.text("source.look-only", words.problem(why)));
            case Source.Sample(String name) ->
                introduce(
                        "window.title.sample",
                        words.text("sample." + name),
                        "",
                        words.text("window.ribbon.sample") + wrong());
            case Source.SavedReport(String file) ->
                introduce("window.title.report", file, "", words.text("source.report", file) + wrong());
        }
        elsewhere.set(!ofThisComputer(source));
    }

    /** What goes wrong on purpose, to go on with after a sentence; empty when nothing does. */
    private String wrong() {
        return mishap() == Mishap.NONE ? "" : " " + words.text("window.ribbon.mishap", words.text("window.mishap." + mishap().name()));
    }

    private void introduce(String titleKey, String what, String said) {
        introduce(titleKey, what, said, "");
    }

    private void introduce(String titleKey, String what, String said, String onRibbon) {
        title.set(words.text(titleKey, what));
        ribbon.set(onRibbon);
        banner.set(said);
    }

    private void show(HelperConnection asked, Overview overview) {
        healthy = !(asked.source() instanceof Source.LookOnly);
        reopens = false;
        if (switching.get() != null) {
            gpus.expectChange();
        }
        gpus.show(overview, asked.source());
        shown.set(new Shown(asked, overview));
    }

    /** What was known of the machine is not true any more. */
    private void failed(HelperConnection asked, HelperProblem problem) {
        if (switching.get() != null) {
            // The pane stays with what it has to say; leaving it looks again.
            return;
        }
        if (asked.source() instanceof Source.ThisMachine) {
            healthy = false;
            open(() -> lookedAt(connections.lookOnly(problem.kind())));
        } else {
            lose(problem);
        }
    }

    private void lose(HelperProblem problem) {
        healthy = false;
        Simulated again = simulated;
        if (reopens && again != null) {
            // Somebody has asked for it: what is gone does not have to be asked for twice.
            reopens = false;
            simulate(again);
            return;
        }
        shown.set(null);
        gpus.failed(problem);
    }

    private void changed(int number) {
        // While a pane is open the cards are not in view; the end of its switch looks again, and so does leaving it.
        SwitchViewModel pane = switching.get();
        if (number == machine && (pane == null || pane.phaseProperty().get() == SwitchViewModel.Phase.ENDED)) {
            look(SETTLE);
        }
    }

    private void look(Duration settle) {
        HelperConnection asked = connection;
        if (asked == null) {
            return;
        }
        if (looking) {
            lookAgain = true;
            return;
        }
        looking = true;
        lookAgain = false;
        int number = machine;
        background.run(
                () -> {
                    LockSupport.parkNanos(settle.toNanos());
                    return Overview.of(asked, log);
                },
                overview -> looked(number, () -> show(asked, overview)),
                problem -> looked(number, () -> failed(asked, problem)));
    }

    private void looked(int number, Runnable result) {
        if (number != machine) {
            return;
        }
        looking = false;
        result.run();
        if (lookAgain) {
            look(SETTLE);
        }
    }

    private void choose(PciAddress gpu, Direction direction) {
        HelperConnection used = connection;
        if (used == null || switching.get() != null) {
            return;
        }
        boolean always = alwaysPlan.get();
        SwitchViewModel pane = new SwitchViewModel(
                used,
                background,
                words,
                gpu,
                direction,
                (target, plan) -> always ? Familiarity.NEW : familiarity(used.source(), gpu, target, plan),
                this::left);
        free.bind(pane.canLeaveProperty());
        pane.phaseProperty().addListener((observable, old, now) -> {
            quitAfter(pane);
            if (now == SwitchViewModel.Phase.ENDED && switching.get() == pane) {
                // The other pages can be opened from the result as well.
                look(Duration.ZERO);
            }
        });
        switching.set(pane);
    }

    private Familiarity familiarity(Source source, PciAddress gpu, String target, PlanReply plan) {
        return log.newest(source, gpu, attempt -> attempt.target().equals(target) && attempt.succeeded())
                .map(attempt -> attempt.planned(plan.steps) ? Familiarity.SAME : Familiarity.CHANGED)
                .orElse(Familiarity.NEW);
    }

    private void left() {
        closePane();
        look(Duration.ZERO);
    }

    private void closePane() {
        free.unbind();
        free.set(true);
        switching.set(null);
        gpus.expectChange();
    }
}
