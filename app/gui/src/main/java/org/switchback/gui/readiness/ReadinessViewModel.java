package org.switchback.gui.readiness;

import org.switchback.client.readiness.CheckResult;
import org.switchback.client.readiness.Readiness;
import org.switchback.client.readiness.ReadinessFormatter;

import java.util.ArrayList;
import java.util.List;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.collections.FXCollections;
import javafx.collections.ObservableList;
import org.jspecify.annotations.Nullable;
import org.switchback.gui.tasks.BackgroundTasks;
import org.switchback.gui.tasks.PendingTask;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperException;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.PciAddress;
import org.switchback.protocol.PlannedRefusal;

/** What the page of readiness shows: the checks of one GPU of a machine. Belongs to the drawing thread. */
public final class ReadinessViewModel {
    private final BackgroundTasks background;
    private final Messages messages;

    private final ObservableList<GpuOption> gpus = FXCollections.observableArrayList();
    private final ObservableList<CheckRow> rows = FXCollections.observableArrayList();
    // Fields, since an unmodifiable list that nobody holds takes its listeners with it when it is collected.
    private final ObservableList<GpuOption> readOnlyGpus = FXCollections.unmodifiableObservableList(gpus);
    private final ObservableList<CheckRow> readOnlyRows = FXCollections.unmodifiableObservableList(rows);
    private final ReadOnlyObjectWrapper<@Nullable PciAddress> selected = new ReadOnlyObjectWrapper<>(null);
    private final ReadOnlyStringWrapper summary = new ReadOnlyStringWrapper("");
    private final ReadOnlyObjectWrapper<CheckResult.CheckStatus> overallStatus =
            new ReadOnlyObjectWrapper<>(CheckResult.CheckStatus.UNKNOWN);
    private final ReadOnlyStringWrapper message = new ReadOnlyStringWrapper("");

    private List<Readiness> readinessOfGpus = List.of();
    private @Nullable PendingTask pendingTask;

    /**
     * A GPU that can be chosen.
     *
     * @param address  its address
     * @param name for people
     */
    public record GpuOption(PciAddress address, String name) {}

    public ReadinessViewModel(BackgroundTasks background, Messages messages) {
        this.background = background;
        this.messages = messages;
        message.set(messages.text("readiness.page.looking"));
    }

    /** The GPUs of the machine, by address. */
    public ObservableList<GpuOption> gpus() {
        return readOnlyGpus;
    }

    /** Whose checks are shown; null before the first answer. */
    public ReadOnlyObjectProperty<@Nullable PciAddress> selectedProperty() {
        return selected.getReadOnlyProperty();
    }

    /** The checks, in order; empty when a message is said instead. */
    public ObservableList<CheckRow> rows() {
        return readOnlyRows;
    }

    /** What the checks come to, a sentence. */
    public ReadOnlyStringProperty summaryProperty() {
        return summary.getReadOnlyProperty();
    }

    /** The worst of their results; what could not be measured counts for nothing. */
    public ReadOnlyObjectProperty<CheckResult.CheckStatus> overallStatusProperty() {
        return overallStatus.getReadOnlyProperty();
    }

    /** What is said in place of checks; empty with checks. */
    public ReadOnlyStringProperty messageProperty() {
        return message.getReadOnlyProperty();
    }

    /** No machine can be looked at now. */
    public void showNoMachine() {
        showMessage(messages.text("readiness.page.empty"));
    }

    /** A switch is changing the machine: what is read meanwhile is neither before nor after. */
    public void showSwitchInProgress() {
        showMessage(messages.text("readiness.page.busy"));
    }

    private void showMessage(String said) {
        cancelPendingTask();
        readinessOfGpus = List.of();
        gpus.clear();
        updateRows(said);
    }

    /** Checks a machine as it is now; what was shown before stays until the answer is there. */
    public void check(HelperConnection connection, Machine machine) {
        cancelPendingTask();
        pendingTask = background.run(
                () -> evaluate(connection, machine),
                this::showResults,
                problem -> showNoMachine());
    }

    private void cancelPendingTask() {
        if (pendingTask != null) {
            pendingTask.discardResult();
        }
    }

    private static List<Readiness> evaluate(HelperConnection connection, Machine machine) {
        List<Readiness> all = new ArrayList<>();
        for (Gpu gpu : machine.gpus()) {
            all.add(Readiness.of(machine, gpu, connection.source(), loadRefusals(connection, gpu)));
        }
        return all;
    }

    /** A plan that the helper does not give refuses nothing. */
    private static List<PlannedRefusal> loadRefusals(HelperConnection connection, Gpu gpu) {
        try {
            return connection.plan(gpu.address(), "vm", List.of(), false).refusals;
        } catch (HelperException problem) {
            return List.of();
        }
    }

    private void showResults(List<Readiness> now) {
        readinessOfGpus = now;
        List<GpuOption> choices = now.stream()
                .map(one -> new GpuOption(one.gpu().address(), one.gpu().graphics().name()))
                .toList();
        if (!choices.equals(gpus)) {
            gpus.setAll(choices);
        }
        PciAddress before = selected.get();
        if (choices.stream().noneMatch(choice -> choice.address().equals(before))) {
            // The one that a person would switch: not the one with the desktop on it.
            selected.set(now.stream()
                    .filter(one -> one.gpu().graphics().activeConnectors().isEmpty())
                    .findFirst()
                    .or(() -> now.stream().findFirst())
                    .map(one -> one.gpu().address())
                    .orElse(null));
        }
        updateRows(messages.text("readiness.page.no-gpu"));
    }

    /** Shows the checks of another GPU. */
    public void select(PciAddress gpu) {
        selected.set(gpu);
        updateRows("");
    }

    private @Nullable Readiness selectedReadiness() {
        return readinessOfGpus.stream()
                .filter(one -> one.gpu().address().equals(selected.get()))
                .findFirst()
                .orElse(null);
    }

    private void updateRows(String otherwise) {
        Readiness readiness = selectedReadiness();
        if (readiness == null) {
            selected.set(null);
            rows.clear();
            summary.set("");
            message.set(otherwise);
            return;
        }
        ReadinessFormatter text = new ReadinessFormatter(messages, readiness);
        List<CheckRow> fresh = readiness.results().stream()
                .map(finding -> new CheckRow(
                        finding.check(),
                        finding.status(),
                        text.title(finding.check()),
                        text.description(finding),
                        text.advice(finding).orElse("")))
                .toList();
        if (!fresh.equals(rows)) {
            rows.setAll(fresh);
        }
        overallStatus.set(
                readiness.isBlocked()
                        ? CheckResult.CheckStatus.BLOCKED
                        : readiness.count(CheckResult.CheckStatus.WARNING) > 0 ? CheckResult.CheckStatus.WARNING : CheckResult.CheckStatus.READY);
        summary.set(text.summary());
        message.set("");
    }

    /** All of it as a text; empty without checks. */
    public String toPlainText() {
        Readiness readiness = selectedReadiness();
        return readiness == null ? "" : new ReadinessFormatter(messages, readiness).toPlainText();
    }
}
