package org.switchback.app.activity;

import atlantafx.base.theme.Styles;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import javafx.beans.binding.Bindings;
import javafx.collections.ListChangeListener;
import javafx.geometry.Pos;
import javafx.scene.AccessibleRole;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.CheckBox;
import javafx.scene.control.Label;
import javafx.scene.control.ListCell;
import javafx.scene.control.ListView;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.TextArea;
import javafx.scene.layout.BorderPane;
import javafx.scene.layout.FlowPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.scene.text.TextAlignment;
import javafx.stage.FileChooser;
import org.jspecify.annotations.Nullable;
import org.kordamp.ikonli.Ikon;
import org.kordamp.ikonli.javafx.FontIcon;
import org.kordamp.ikonli.material2.Material2AL;
import org.kordamp.ikonli.material2.Material2MZ;
import org.kordamp.ikonli.material2.Material2OutlinedAL;
import org.kordamp.ikonli.material2.Material2OutlinedMZ;
import org.switchback.app.controls.Controls;
import org.switchback.app.words.Words;

/** The page of activity: every attempt on the left, all about one of them on the right. */
public final class ActivityView extends BorderPane {
    private static final int MOST_ROWS = 16;

    private final ActivityViewModel model;
    private final Words words;
    private final ListView<ActivityViewModel.Row> list = new ListView<>();
    private final VBox details = new VBox(14);
    private final ScrollPane scroll = Controls.scrolling(null);

    public ActivityView(ActivityViewModel model, Words words) {
        this.model = model;
        this.words = words;
        setId("page-activity");
        getStyleClass().addAll("page", "activity");
        StackPane middle = new StackPane(empty(), attempts());
        setTop(notice());
        setCenter(middle);
        setBottom(actions());
        model.rows().addListener((ListChangeListener<ActivityViewModel.Row>) change -> mark());
        model.detailsProperty().addListener((observable, old, now) -> {
            mark();
            fill(now);
        });
        fill(model.detailsProperty().get());
        mark();
        // Another program may have switched something while the page was not in view.
        parentProperty().subscribe(parent -> {
            if (parent != null) {
                model.refresh();
            }
        });
    }

    private Node notice() {
        Label notice = new Label(null, new FontIcon(Material2OutlinedAL.INFO));
        notice.setId("activity-notice");
        notice.textProperty().bind(model.noticeProperty());
        Controls.wrap(notice);
        notice.setMaxWidth(Double.MAX_VALUE);
        notice.getStyleClass().addAll("bar", "notice");
        Controls.showWhen(notice, model.noticeProperty().isNotEmpty());
        return notice;
    }

    private Node empty() {
        FontIcon sign = new FontIcon(Material2OutlinedAL.HISTORY);
        sign.getStyleClass().add("big-sign");
        Label text = new Label(words.text("activity.empty"));
        text.setId("activity-empty");
        text.setWrapText(true);
        text.setTextAlignment(TextAlignment.CENTER);
        text.getStyleClass().add(Styles.TITLE_4);
        VBox empty = new VBox(18, sign, text);
        empty.setAlignment(Pos.CENTER);
        empty.setMaxWidth(520);
        empty.setAccessibleText(text.getText());
        empty.visibleProperty().bind(Bindings.isEmpty(model.rows()));
        return empty;
    }

    private Node attempts() {
        list.setId("attempts");
        list.setAccessibleText(words.text("activity.list"));
        list.setItems(model.rows());
        list.setCellFactory(view -> new Cell());
        list.setMinWidth(250);
        list.setPrefWidth(290);
        list.setMaxWidth(290);
        list.getSelectionModel().selectedItemProperty().addListener((observable, old, now) -> {
            if (now != null) {
                model.select(now.id());
            }
        });
        details.getStyleClass().add("page-content");
        scroll.setContent(details);
        HBox.setHgrow(scroll, Priority.ALWAYS);
        HBox both = new HBox(list, scroll);
        both.visibleProperty().bind(Bindings.isNotEmpty(model.rows()));
        return both;
    }

    private void mark() {
        ActivityViewModel.Details shown = model.detailsProperty().get();
        if (shown != null && !shown.row().equals(list.getSelectionModel().getSelectedItem())) {
            list.getSelectionModel().select(shown.row());
        }
    }

    /** An attempt in the list. */
    private final class Cell extends ListCell<ActivityViewModel.Row> {
        Cell() {
            // As wide as the list, so that its texts wrap.
            setPrefWidth(0);
        }

        @Override
        protected void updateItem(ActivityViewModel.@Nullable Row row, boolean none) {
            super.updateItem(row, none);
            setText(null);
            if (row == null || none) {
                setGraphic(null);
                setAccessibleText(null);
                return;
            }
            Label title = new Label(row.title());
            title.getStyleClass().add("attempt-title");
            Controls.wrap(title);
            Label time = new Label(row.time());
            time.getStyleClass().add("identity");
            VBox text = new VBox(2, title, time);
            HBox.setHgrow(text, Priority.ALWAYS);
            StackPane sign = new StackPane(new FontIcon(sign(row.kind())));
            sign.getStyleClass().addAll("attempt-sign", row.kind().id());
            HBox box = new HBox(10, sign, text);
            setGraphic(box);
            setAccessibleText(words.text("activity.accessible", row.title(), row.time(), row.result()));
        }
    }

    private static Ikon sign(AttemptText.Kind kind) {
        return switch (kind) {
            case DONE -> Material2AL.CHECK_CIRCLE;
            case UNCHANGED -> Material2MZ.UNDO;
            case HALF -> Material2MZ.WARNING;
            case OPEN -> Material2AL.HELP_OUTLINE;
        };
    }

    // All about one attempt.

    private void fill(ActivityViewModel.@Nullable Details shown) {
        details.getChildren().clear();
        if (shown == null) {
            return;
        }
        List<Node> nodes = new ArrayList<>();
        nodes.add(label("attempt-title", shown.row().title(), Styles.TITLE_3));
        nodes.add(label("attempt-circumstances", shown.circumstances(), "identity"));
        nodes.add(outcome(shown));
        if (!shown.steps().isEmpty()) {
            nodes.add(heading("activity.steps"));
            nodes.add(steps(shown.steps()));
        }
        if (!shown.writes().isEmpty()) {
            nodes.add(heading("activity.writes"));
            nodes.add(area("attempt-writes", "activity.writes", shown.writes()));
        }
        if (!shown.changes().isEmpty()) {
            nodes.add(heading("activity.map"));
            nodes.add(label("attempt-changes", shown.changes(), "attempt-changes"));
        }
        if (!shown.mapBefore().isEmpty()) {
            nodes.add(heading("activity.map.before"));
            nodes.add(area("attempt-before", "activity.map.before", shown.mapBefore().stripTrailing()));
        }
        if (!shown.mapAfter().isEmpty()) {
            nodes.add(heading("activity.map.after"));
            nodes.add(area("attempt-after", "activity.map.after", shown.mapAfter().stripTrailing()));
        }
        details.getChildren().setAll(nodes);
        scroll.setVvalue(0);
    }

    private Node outcome(ActivityViewModel.Details shown) {
        String text = shown.took().isEmpty()
                ? shown.row().result()
                : words.text("activity.result.took", shown.row().result(), shown.took());
        Label result = label("attempt-result", text, "attempt-result");
        result.setGraphic(new FontIcon(sign(shown.row().kind())));
        VBox box = new VBox(6, result);
        int number = 1;
        for (String objection : shown.objections()) {
            box.getChildren().add(label("attempt-objection-" + number++, objection, "outcome-line"));
        }
        box.getStyleClass().addAll("outcome", shown.row().kind() == AttemptText.Kind.DONE ? "reached" : shown.row().kind().id());
        return box;
    }

    private Node heading(String key) {
        Label heading = new Label(words.text(key));
        heading.getStyleClass().add("attempt-heading");
        return heading;
    }

    private Node steps(List<AttemptText.StepLine> lines) {
        VBox box = new VBox();
        box.getStyleClass().add("steps");
        for (AttemptText.StepLine line : lines) {
            Label number = new Label(Integer.toString(line.number()));
            number.getStyleClass().add("step-number");
            VBox text = new VBox(2, label("attempt-step-" + line.number(), line.text(), "step-text"));
            if (!line.note().isEmpty()) {
                text.getChildren().add(label("attempt-note-" + line.number(), line.note(), "step-note"));
            }
            HBox.setHgrow(text, Priority.ALWAYS);
            text.setMaxWidth(Double.MAX_VALUE);
            Label state = new Label(line.state());
            state.getStyleClass().add("step-undo");
            state.setMinWidth(Region.USE_PREF_SIZE);
            Label time = new Label(line.time());
            time.getStyleClass().add("step-time");
            time.setMinWidth(Region.USE_PREF_SIZE);
            StackPane times = new StackPane(time);
            times.setAlignment(Pos.CENTER_RIGHT);
            times.setPrefWidth(64);
            HBox row = new HBox(10, number, text, state, times);
            row.setAlignment(Pos.CENTER_LEFT);
            row.getStyleClass().addAll("step");
            row.setAccessibleRole(AccessibleRole.TEXT);
            row.setAccessibleText(words.text(
                    "window.step.accessible", Integer.toString(line.number()), line.text(), line.state(), line.time()));
            box.getChildren().add(row);
        }
        return box;
    }

    private Node area(String id, String key, String text) {
        TextArea area = new TextArea(text);
        area.setId(id);
        area.setEditable(false);
        area.getStyleClass().add("commands");
        area.setAccessibleText(words.text(key));
        area.setPrefRowCount((int) Math.clamp(text.lines().count(), 1, MOST_ROWS));
        return area;
    }

    private static Label label(String id, String text, String style) {
        Label label = new Label(text);
        label.setId(id);
        label.getStyleClass().add(style);
        Controls.wrap(label);
        label.setMaxWidth(Double.MAX_VALUE);
        return label;
    }

    // What can be done.

    private Node actions() {
        Button copy = Controls.flat(
                "activity-copy",
                words.text("activity.copy"),
                Material2OutlinedAL.CONTENT_COPY,
                () -> Controls.copy(model.text()));
        copy.disableProperty().bind(model.detailsProperty().isNull());
        CheckBox names = Controls.named("activity-names", new CheckBox(words.text("activity.save.names")));
        Button save = Controls.button("activity-save", words.text("activity.save"), Material2OutlinedMZ.SAVE, () -> {
            File file = chosen();
            if (file != null) {
                model.saveReport(file.toPath(), names.isSelected());
            }
        });
        save.disableProperty().bind(model.canSaveProperty().not());
        FlowPane bar = new FlowPane(14, 8, copy, names, save);
        bar.setAlignment(Pos.CENTER_RIGHT);
        bar.getStyleClass().add("action-bar");
        return bar;
    }

    private @Nullable File chosen() {
        FileChooser chooser = new FileChooser();
        chooser.setTitle(words.text("activity.save"));
        chooser.setInitialFileName(words.text("activity.save.name"));
        return chooser.showSaveDialog(getScene().getWindow());
    }
}
