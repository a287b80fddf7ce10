package org.switchback.gui.activity;

import java.io.IOException;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.SimpleBooleanProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;
import javafx.collections.FXCollections;
import javafx.collections.ObservableList;
import org.jspecify.annotations.Nullable;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperException;
import org.switchback.client.activity.ActivityLog;
import org.switchback.client.activity.SwitchRecord;
import org.switchback.client.activity.SwitchRecordFormatter;
import org.switchback.client.messages.Messages;
import org.switchback.client.report.Anonymizer;
import org.switchback.client.report.ReportFile;
import org.switchback.gui.tasks.BackgroundTasks;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.job.SwitchRun;

/** What the page of activity shows: every switch record, and the details of one. Belongs to the drawing thread. */
public final class ActivityViewModel {
    private final ActivityLog activityLog;
    private final BackgroundTasks background;
    private final Messages messages;
    private final ZoneId zone;

    private final ObservableList<ActivityRow> rows = FXCollections.observableArrayList();
    // A field: without a reference to the unmodifiable list, the garbage collector removes it and its listeners.
    private final ObservableList<ActivityRow> unmodifiableRows = FXCollections.unmodifiableObservableList(rows);
    private final ObjectProperty<@Nullable RecordDetails> details = new SimpleObjectProperty<>(null);
    private final StringProperty notice = new SimpleStringProperty("");
    private final BooleanProperty canSave = new SimpleBooleanProperty(false);

    private List<SwitchRecord> records = List.of();
    private String selectedId = "";
    private @Nullable HelperConnection connection;

    /**
     * A record in the list.
     *
     * @param id of the record
     * @param title which GPU should go where
     * @param time when
     * @param status how it ended, in one word
     * @param result how it ended, a sentence
     */
    public record ActivityRow(String id, String title, String time, SwitchRun.Result status, String result) {}

    /**
     * The details of a record as texts.
     *
     * @param row as in the list
     * @param context when, by whom, where
     * @param duration how long it took; empty when nothing was done
     * @param failures what spoke against it
     * @param steps as they came out
     * @param shellCommands the exact writes, one a line
     * @param memoryMapChanges what changed in the memory map; empty when that is not known
     * @param memoryMapBefore the memory map around the GPU
     * @param memoryMapAfter the same afterwards; empty when it is not known
     */
    public record RecordDetails(
            ActivityRow row,
            String context,
            String duration,
            List<String> failures,
            List<SwitchRecordFormatter.RecordedStep> steps,
            String shellCommands,
            String memoryMapChanges,
            String memoryMapBefore,
            String memoryMapAfter) {}

    /** @param zone of the times */
    public ActivityViewModel(ActivityLog activityLog, BackgroundTasks background, Messages messages, ZoneId zone) {
        this.activityLog = activityLog;
        this.background = background;
        this.messages = messages;
        this.zone = zone;
        activityLog.addChangeListener(() -> background.runOnFxThread(this::refresh));
        refresh();
    }

    /** Every record, the newest first. */
    public ObservableList<ActivityRow> rows() {
        return unmodifiableRows;
    }

    /** The one that is chosen; null when there is none. */
    public ReadOnlyObjectProperty<@Nullable RecordDetails> detailsProperty() {
        return details;
    }

    /** What is to be said about the record or a report; mostly empty. */
    public ReadOnlyStringProperty noticeProperty() {
        return notice;
    }

    /** Whether there is a machine to make a report of. */
    public ReadOnlyBooleanProperty canSaveProperty() {
        return canSave;
    }

    /** The machine that reports are made of; null when none can be looked at. */
    public void setConnection(@Nullable HelperConnection now) {
        connection = now;
        canSave.set(now != null);
    }

    /** Reads the record again: another program may have added to it. */
    public void refresh() {
        background.run(activityLog::load, this::update, problem -> {});
    }

    private void update(ActivityLog.ActivityLogContent content) {
        records = content.records();
        List<ActivityRow> fresh = records.stream()
                .map(switchRecord -> createRow(formatter(switchRecord), switchRecord))
                .toList();
        boolean newest = rows.isEmpty() || selectedId.equals(rows.getFirst().id());
        if (!fresh.equals(rows)) {
            rows.setAll(fresh);
        }
        content.problem().ifPresent(trouble -> notice.set(trouble.format(messages)));
        boolean there = fresh.stream().anyMatch(row -> row.id().equals(selectedId));
        // If the newest record was selected, the newest is selected again. An older selected record stays selected.
        select(
                fresh.isEmpty()
                        ? ""
                        : there && !newest ? selectedId : fresh.getFirst().id());
    }

    private SwitchRecordFormatter formatter(SwitchRecord switchRecord) {
        return new SwitchRecordFormatter(messages, zone, switchRecord);
    }

    private static ActivityRow createRow(SwitchRecordFormatter text, SwitchRecord switchRecord) {
        return new ActivityRow(switchRecord.id(), text.title(), text.time(), text.status(), text.result());
    }

    /** Chooses a record by its id. */
    public void select(String id) {
        selectedId = id;
        details.set(selectedRecord().map(this::createDetails).orElse(null));
    }

    private Optional<SwitchRecord> selectedRecord() {
        return records.stream()
                .filter(switchRecord -> switchRecord.id().equals(selectedId))
                .findFirst();
    }

    private RecordDetails createDetails(SwitchRecord switchRecord) {
        SwitchRecordFormatter text = formatter(switchRecord);
        return new RecordDetails(
                createRow(text, switchRecord),
                text.context(),
                text.duration(),
                text.failures(),
                text.steps(),
                String.join("\n", switchRecord.shellCommands()),
                text.memoryMapChanges(),
                text.memoryMapBefore(),
                text.memoryMapAfter());
    }

    /** The chosen record as text; empty when none is. */
    public String plainText() {
        return selectedRecord()
                .map(switchRecord -> formatter(switchRecord).toPlainText())
                .orElse("");
    }

    /**
     * Saves the machine that is shown as a report.
     *
     * @param names with the names of host and users
     */
    public void saveReport(Path file, boolean names) {
        HelperConnection asked = connection;
        if (asked == null) {
            return;
        }
        background.run(
                () -> writeReport(asked, file, names),
                saved -> notice.set(messages.text(saved ? "activity.saved" : "activity.unsaved", file)),
                problem -> notice.set(messages.formatHelperFailure(problem.kind())));
    }

    private static boolean writeReport(HelperConnection asked, Path file, boolean names) throws HelperException {
        MachineSnapshot capture = asked.inspect(false);
        try {
            ReportFile.write(file, names ? capture : Anonymizer.anonymize(capture));
            return true;
        } catch (IOException unwritable) {
            return false;
        }
    }
}
