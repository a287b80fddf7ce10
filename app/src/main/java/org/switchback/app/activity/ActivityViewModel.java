package org.switchback.app.activity;

import java.io.IOException;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.List;
import javafx.beans.property.ReadOnlyBooleanProperty;
import javafx.beans.property.ReadOnlyBooleanWrapper;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.collections.FXCollections;
import javafx.collections.ObservableList;
import org.jspecify.annotations.Nullable;
import org.switchback.app.background.Background;
import org.switchback.app.helper.HelperConnection;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.report.Anonymous;
import org.switchback.app.report.ReportFile;
import org.switchback.app.words.Words;
import org.switchback.hardware.Capture;

/** What the page of activity shows: every attempt, and all about one of them. Belongs to the drawing thread. */
public final class ActivityViewModel {
    private final ActivityLog log;
    private final Background background;
    private final Words words;
    private final ZoneId zone;

    private final ObservableList<Row> rows = FXCollections.observableArrayList();
    // A field, since an unmodifiable list that nobody holds takes its listeners with it when it is collected.
    private final ObservableList<Row> shownRows = FXCollections.unmodifiableObservableList(rows);
    private final ReadOnlyObjectWrapper<@Nullable Details> details = new ReadOnlyObjectWrapper<>(null);
    private final ReadOnlyStringWrapper notice = new ReadOnlyStringWrapper("");
    private final ReadOnlyBooleanWrapper canSave = new ReadOnlyBooleanWrapper(false);

    private List<Attempt> attempts = List.of();
    private String selected = "";
    private @Nullable HelperConnection machine;

    /**
     * An attempt in the list.
     *
     * @param id     of the attempt
     * @param title  which GPU should go where
     * @param time   when
     * @param kind   how it ended, in one word
     * @param result how it ended, a sentence
     */
    public record Row(String id, String title, String time, AttemptText.Kind kind, String result) {}

    /**
     * All about an attempt, in words.
     *
     * @param row           as in the list
     * @param circumstances when, by whom, where
     * @param took          how long it took; empty when nothing was done
     * @param objections    what spoke against it
     * @param steps         as they came out
     * @param writes        the exact writes, one a line
     * @param changes       what changed in the memory map; empty when that is not known
     * @param mapBefore     the memory map around the GPU
     * @param mapAfter      the same afterwards; empty when it is not known
     */
    public record Details(
            Row row,
            String circumstances,
            String took,
            List<String> objections,
            List<AttemptText.StepLine> steps,
            String writes,
            String changes,
            String mapBefore,
            String mapAfter) {}

    /** @param zone of the times */
    public ActivityViewModel(ActivityLog log, Background background, Words words, ZoneId zone) {
        this.log = log;
        this.background = background;
        this.words = words;
        this.zone = zone;
        log.onChange(() -> background.show(this::refresh));
        refresh();
    }

    /** Every attempt, the newest first. */
    public ObservableList<Row> rows() {
        return shownRows;
    }

    /** The one that is chosen; null when there is none. */
    public ReadOnlyObjectProperty<@Nullable Details> detailsProperty() {
        return details.getReadOnlyProperty();
    }

    /** What is to be said about the record or a report; mostly empty. */
    public ReadOnlyStringProperty noticeProperty() {
        return notice.getReadOnlyProperty();
    }

    /** Whether there is a machine to make a report of. */
    public ReadOnlyBooleanProperty canSaveProperty() {
        return canSave.getReadOnlyProperty();
    }

    /** The machine that reports are made of; null when none can be looked at. */
    public void machine(@Nullable HelperConnection now) {
        machine = now;
        canSave.set(now != null);
    }

    /** Reads the record again: another program may have added to it. */
    public void refresh() {
        background.run(log::content, this::show, problem -> {});
    }

    private void show(ActivityLog.Content content) {
        attempts = content.attempts();
        List<Row> fresh = attempts.stream().map(attempt -> row(text(attempt), attempt)).toList();
        boolean newest = rows.isEmpty() || selected.equals(rows.getFirst().id());
        if (!fresh.equals(rows)) {
            rows.setAll(fresh);
        }
        content.trouble().ifPresent(trouble -> notice.set(trouble.text(words)));
        boolean there = fresh.stream().anyMatch(row -> row.id().equals(selected));
        // Whoever looks at the newest goes on to the next newest; whoever looks at an older one stays there.
        select(fresh.isEmpty() ? "" : there && !newest ? selected : fresh.getFirst().id());
    }

    private AttemptText text(Attempt attempt) {
        return new AttemptText(words, zone, attempt);
    }

    private static Row row(AttemptText text, Attempt attempt) {
        return new Row(attempt.id(), text.title(), text.time(), text.kind(), text.result());
    }

    /** Chooses an attempt by its id. */
    public void select(String id) {
        selected = id;
        details.set(attempts.stream()
                .filter(attempt -> attempt.id().equals(id))
                .findFirst()
                .map(this::details)
                .orElse(null));
    }

    private Details details(Attempt attempt) {
        AttemptText text = text(attempt);
        return new Details(
                row(text, attempt),
                text.circumstances(),
                text.took(),
                text.objections(),
                text.steps(),
                String.join("\n", attempt.writes()),
                text.changes(),
                text.mapBefore(),
                text.mapAfter());
    }

    /** All about the chosen attempt as a text; empty when none is. */
    public String text() {
        return attempts.stream()
                .filter(attempt -> attempt.id().equals(selected))
                .findFirst()
                .map(attempt -> text(attempt).plain())
                .orElse("");
    }

    /**
     * Saves the machine that is shown as a report.
     *
     * @param names with the names of host and users
     */
    public void saveReport(Path file, boolean names) {
        HelperConnection asked = machine;
        if (asked == null) {
            return;
        }
        background.run(
                () -> save(asked, file, names),
                saved -> notice.set(words.text(saved ? "activity.saved" : "activity.unsaved", file.toString())),
                problem -> notice.set(words.problem(problem.kind())));
    }

    private static boolean save(HelperConnection asked, Path file, boolean names) throws HelperProblem {
        Capture capture = asked.inspect(false);
        try {
            ReportFile.write(file, names ? capture : Anonymous.of(capture));
            return true;
        } catch (IOException unwritable) {
            return false;
        }
    }
}
