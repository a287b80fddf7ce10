package org.switchback.gui.readiness;

import java.util.ArrayList;
import java.util.List;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;
import javafx.collections.FXCollections;
import javafx.collections.ObservableList;
import org.jspecify.annotations.Nullable;
import org.switchback.client.HelperConnection;
import org.switchback.client.messages.Messages;
import org.switchback.client.readiness.CheckResult;
import org.switchback.client.readiness.Readiness;
import org.switchback.client.readiness.ReadinessFormatter;
import org.switchback.gui.tasks.BackgroundTasks;
import org.switchback.gui.tasks.PendingTask;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.PciAddress;

/** The content of the readiness page: the checks of one GPU of the machine. Confined to the FX thread. */
public final class ReadinessViewModel {
    private final BackgroundTasks background;
    private final Messages messages;

    private final ObservableList<GpuOption> gpus = FXCollections.observableArrayList();
    private final ObservableList<CheckRow> rows = FXCollections.observableArrayList();
    // Fields: an unreferenced unmodifiable list is garbage collected together with its listeners.
    private final ObservableList<GpuOption> readOnlyGpus = FXCollections.unmodifiableObservableList(gpus);
    private final ObservableList<CheckRow> readOnlyRows = FXCollections.unmodifiableObservableList(rows);
    private final ObjectProperty<@Nullable PciAddress> selected = new SimpleObjectProperty<>(null);
    private final StringProperty summary = new SimpleStringProperty("");
    private final ObjectProperty<CheckResult.CheckStatus> overallStatus =
            new SimpleObjectProperty<>(CheckResult.CheckStatus.UNKNOWN);
    private final StringProperty message = new SimpleStringProperty("");

    private List<Readiness> readinessOfGpus = List.of();
    private @Nullable PendingTask pendingTask;

    /** A GPU that can be selected. */
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

    /** The GPU whose checks are shown; null before the first check and without a GPU. */
    public ReadOnlyObjectProperty<@Nullable PciAddress> selectedProperty() {
        return selected;
    }

    /** The checks, in order; empty while a message is shown instead. */
    public ObservableList<CheckRow> rows() {
        return readOnlyRows;
    }

    /** The overall result, one sentence; empty without checks. */
    public ReadOnlyStringProperty summaryProperty() {
        return summary;
    }

    /** The worst status of the checks; unknown ones are ignored. */
    public ReadOnlyObjectProperty<CheckResult.CheckStatus> overallStatusProperty() {
        return overallStatus;
    }

    /** Shown instead of checks; empty with checks. */
    public ReadOnlyStringProperty messageProperty() {
        return message;
    }

    public void showNoMachine() {
        showMessage(messages.text("readiness.page.empty"));
    }

    /** Removes the checks: during a switch they would show a mix of before and after. */
    public void showSwitchInProgress() {
        showMessage(messages.text("readiness.page.busy"));
    }

    private void showMessage(String text) {
        cancelPendingTask();
        readinessOfGpus = List.of();
        gpus.clear();
        updateRows(text);
    }

    /** Checks a machine in the background; the old rows stay until the results arrive. */
    public void check(HelperConnection connection, Machine machine) {
        cancelPendingTask();
        pendingTask = background.run(() -> evaluate(connection, machine), this::showResults, e -> showNoMachine());
    }

    private void cancelPendingTask() {
        if (pendingTask != null) {
            pendingTask.discardResult();
        }
    }

    private static List<Readiness> evaluate(HelperConnection connection, Machine machine) {
        List<Readiness> results = new ArrayList<>();
        for (Gpu gpu : machine.gpus()) {
            results.add(Readiness.of(machine, gpu, connection.source(), connection.planRefusals(gpu.address())));
        }
        return results;
    }

    private void showResults(List<Readiness> results) {
        readinessOfGpus = results;
        List<GpuOption> options = results.stream()
                .map(readiness -> new GpuOption(
                        readiness.gpu().address(), readiness.gpu().graphics().name()))
                .toList();
        if (!options.equals(gpus)) {
            gpus.setAll(options);
        }
        PciAddress before = selected.get();
        if (options.stream().noneMatch(option -> option.address().equals(before))) {
            // The GPU that would be switched is the one without the desktop.
            selected.set(results.stream()
                    .filter(readiness ->
                            readiness.gpu().graphics().activeConnectors().isEmpty())
                    .findFirst()
                    .or(() -> results.stream().findFirst())
                    .map(readiness -> readiness.gpu().address())
                    .orElse(null));
        }
        updateRows(messages.text("readiness.page.no-gpu"));
    }

    /** Shows the checks of this GPU. */
    public void select(PciAddress gpu) {
        selected.set(gpu);
        updateRows("");
    }

    private @Nullable Readiness selectedReadiness() {
        return readinessOfGpus.stream()
                .filter(readiness -> readiness.gpu().address().equals(selected.get()))
                .findFirst()
                .orElse(null);
    }

    private void updateRows(String messageWithoutGpu) {
        Readiness readiness = selectedReadiness();
        if (readiness == null) {
            selected.set(null);
            rows.clear();
            summary.set("");
            message.set(messageWithoutGpu);
            return;
        }
        ReadinessFormatter formatter = new ReadinessFormatter(messages, readiness);
        List<CheckRow> newRows = readiness.results().stream()
                .map(result -> new CheckRow(
                        result.check(),
                        result.status(),
                        formatter.title(result.check()),
                        formatter.description(result),
                        formatter.advice(result).orElse("")))
                .toList();
        if (!newRows.equals(rows)) {
            rows.setAll(newRows);
        }
        overallStatus.set(
                readiness.isBlocked()
                        ? CheckResult.CheckStatus.BLOCKED
                        : readiness.count(CheckResult.CheckStatus.WARNING) > 0
                                ? CheckResult.CheckStatus.WARNING
                                : CheckResult.CheckStatus.READY);
        summary.set(formatter.summary());
        message.set("");
    }

    /** The checks as plain text, for the clipboard; empty without checks. */
    public String toPlainText() {
        Readiness readiness = selectedReadiness();
        return readiness == null ? "" : new ReadinessFormatter(messages, readiness).toPlainText();
    }
}
