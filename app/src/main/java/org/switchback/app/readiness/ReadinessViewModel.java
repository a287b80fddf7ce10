package org.switchback.app.readiness;

import java.util.ArrayList;
import java.util.List;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.collections.FXCollections;
import javafx.collections.ObservableList;
import org.jspecify.annotations.Nullable;
import org.switchback.app.background.Background;
import org.switchback.app.background.Errand;
import org.switchback.app.helper.HelperConnection;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.words.Words;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.PciAddress;
import org.switchback.protocol.PlannedRefusal;

/** What the page of readiness shows: the checks of one GPU of a machine. Belongs to the drawing thread. */
public final class ReadinessViewModel {
    private final Background background;
    private final Words words;

    private final ObservableList<Choice> gpus = FXCollections.observableArrayList();
    private final ObservableList<CheckRow> rows = FXCollections.observableArrayList();
    // Fields, since an unmodifiable list that nobody holds takes its listeners with it when it is collected.
    private final ObservableList<Choice> shownGpus = FXCollections.unmodifiableObservableList(gpus);
    private final ObservableList<CheckRow> shownRows = FXCollections.unmodifiableObservableList(rows);
    private final ReadOnlyObjectWrapper<@Nullable PciAddress> selected = new ReadOnlyObjectWrapper<>(null);
    private final ReadOnlyStringWrapper summary = new ReadOnlyStringWrapper("");
    private final ReadOnlyObjectWrapper<Finding.Result> verdict =
            new ReadOnlyObjectWrapper<>(Finding.Result.UNKNOWN);
    private final ReadOnlyStringWrapper message = new ReadOnlyStringWrapper("");

    private List<Readiness> all = List.of();
    private @Nullable Errand errand;

    /**
     * A GPU that can be chosen.
     *
     * @param gpu  its address
     * @param name for people
     */
    public record Choice(PciAddress gpu, String name) {}

    public ReadinessViewModel(Background background, Words words) {
        this.background = background;
        this.words = words;
        message.set(words.text("readiness.page.looking"));
    }

    /** The GPUs of the machine, by address. */
    public ObservableList<Choice> gpus() {
        return shownGpus;
    }

    /** Whose checks are shown; null before the first answer. */
    public ReadOnlyObjectProperty<@Nullable PciAddress> selectedProperty() {
        return selected.getReadOnlyProperty();
    }

    /** The checks, in order; empty when a message is said instead. */
    public ObservableList<CheckRow> rows() {
        return shownRows;
    }

    /** What the checks come to, a sentence. */
    public ReadOnlyStringProperty summaryProperty() {
        return summary.getReadOnlyProperty();
    }

    /** The worst of their results; what could not be measured counts for nothing. */
    public ReadOnlyObjectProperty<Finding.Result> verdictProperty() {
        return verdict.getReadOnlyProperty();
    }

    /** What is said in place of checks; empty with checks. */
    public ReadOnlyStringProperty messageProperty() {
        return message.getReadOnlyProperty();
    }

    /** No machine can be looked at now. */
    public void nothing() {
        instead(words.text("readiness.page.empty"));
    }

    /** A switch is changing the machine: what is read meanwhile is neither before nor after. */
    public void underWay() {
        instead(words.text("readiness.page.busy"));
    }

    private void instead(String said) {
        drop();
        all = List.of();
        gpus.clear();
        fill(said);
    }

    /** Checks a machine as it is now; what was shown before stays until the answer is there. */
    public void check(HelperConnection connection, Machine machine) {
        drop();
        errand = background.run(
                () -> judge(connection, machine),
                this::judged,
                problem -> nothing());
    }

    private void drop() {
        if (errand != null) {
            errand.drop();
        }
    }

    private static List<Readiness> judge(HelperConnection connection, Machine machine) {
        List<Readiness> all = new ArrayList<>();
        for (Gpu gpu : machine.gpus()) {
            all.add(Readiness.of(machine, gpu, connection.source(), refusals(connection, gpu)));
        }
        return all;
    }

    /** A plan that the helper does not give refuses nothing. */
    private static List<PlannedRefusal> refusals(HelperConnection connection, Gpu gpu) {
        try {
            return connection.plan(gpu.address(), "vm", List.of(), false).refusals;
        } catch (HelperProblem problem) {
            return List.of();
        }
    }

    private void judged(List<Readiness> now) {
        all = now;
        List<Choice> choices = now.stream()
                .map(one -> new Choice(one.gpu().address(), one.gpu().graphics().name()))
                .toList();
        if (!choices.equals(gpus)) {
            gpus.setAll(choices);
        }
        PciAddress before = selected.get();
        if (choices.stream().noneMatch(choice -> choice.gpu().equals(before))) {
            // The one that a person would switch: not the one with the desktop on it.
            selected.set(now.stream()
                    .filter(one -> one.gpu().graphics().displays().isEmpty())
                    .findFirst()
                    .or(() -> now.stream().findFirst())
                    .map(one -> one.gpu().address())
                    .orElse(null));
        }
        fill(words.text("readiness.page.no-gpu"));
    }

    /** Shows the checks of another GPU. */
    public void select(PciAddress gpu) {
        selected.set(gpu);
        fill("");
    }

    private @Nullable Readiness current() {
        return all.stream()
                .filter(one -> one.gpu().address().equals(selected.get()))
                .findFirst()
                .orElse(null);
    }

    private void fill(String otherwise) {
        Readiness readiness = current();
        if (readiness == null) {
            selected.set(null);
            rows.clear();
            summary.set("");
            message.set(otherwise);
            return;
        }
        ReadinessText text = new ReadinessText(words, readiness);
        List<CheckRow> fresh = readiness.findings().stream()
                .map(finding -> new CheckRow(
                        finding.check(),
                        finding.result(),
                        text.title(finding.check()),
                        text.sentence(finding),
                        text.advice(finding).orElse("")))
                .toList();
        if (!fresh.equals(rows)) {
            rows.setAll(fresh);
        }
        verdict.set(
                readiness.blocked()
                        ? Finding.Result.BLOCKS
                        : readiness.count(Finding.Result.TO_DO) > 0 ? Finding.Result.TO_DO : Finding.Result.READY);
        summary.set(text.summary());
        message.set("");
    }

    /** All of it as a text; empty without checks. */
    public String text() {
        Readiness readiness = current();
        return readiness == null ? "" : new ReadinessText(words, readiness).plain();
    }
}
