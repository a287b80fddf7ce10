package org.switchback.gui.activity;

import atlantafx.base.theme.Styles;
import java.io.File;
import java.util.List;
import javafx.beans.binding.Bindings;
import javafx.collections.ObservableList;
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
import org.switchback.client.activity.SwitchRecordFormatter;
import org.switchback.client.messages.Messages;
import org.switchback.gui.controls.Controls;
import org.switchback.hardware.KebabCase;
import org.switchback.job.SwitchRun;

/** The page of activity: every switch record on the left, the details of one on the right. */
public final class ActivityView extends BorderPane {
    private static final int MAX_ROWS = 16;

    private final ActivityViewModel model;
    private final Messages messages;
    private final ListView<ActivityViewModel.ActivityRow> list = new ListView<>();
    private final VBox details = new VBox(14);
    private final ScrollPane detailsScrollPane = Controls.createScrollPane(null);

    public ActivityView(ActivityViewModel model, Messages messages) {
        this.model = model;
        this.messages = messages;
        setId("page-activity");
        getStyleClass().addAll("page", "activity");
        StackPane middle = new StackPane(createEmptyMessage(), createRecordList());
        setTop(createNotice());
        setCenter(middle);
        setBottom(createActionBar());
        model.rows().subscribe(this::updateSelection);
        model.detailsProperty().subscribe(now -> {
            updateSelection();
            showDetails(now);
        });
        // Another program may have switched something while the page was not in view.
        parentProperty().subscribe(parent -> {
            if (parent != null) {
                model.refresh();
            }
        });
    }

    private Node createNotice() {
        Label notice = Controls.createWrappingLabel("activity-notice", "", "bar", "notice");
        notice.setGraphic(new FontIcon(Material2OutlinedAL.INFO));
        notice.textProperty().bind(model.noticeProperty());
        Controls.bindVisibility(notice, model.noticeProperty().isNotEmpty());
        return notice;
    }

    private Node createEmptyMessage() {
        Node sign = Controls.withStyles(new FontIcon(Material2OutlinedAL.HISTORY), "placeholder-icon");
        Label text = Controls.createLabel(messages.text("activity.empty"), Styles.TITLE_4);
        text.setId("activity-empty");
        text.setWrapText(true);
        text.setTextAlignment(TextAlignment.CENTER);
        VBox empty = new VBox(18, sign, text);
        empty.setAlignment(Pos.CENTER);
        empty.setMaxWidth(520);
        empty.setAccessibleText(text.getText());
        empty.visibleProperty().bind(Bindings.isEmpty(model.rows()));
        return empty;
    }

    private Node createRecordList() {
        list.setId("records");
        list.setAccessibleText(messages.text("activity.list"));
        list.setItems(model.rows());
        list.setCellFactory(view -> new RecordCell());
        list.setMinWidth(250);
        list.setPrefWidth(290);
        list.setMaxWidth(290);
        list.getSelectionModel().selectedItemProperty().subscribe((before, now) -> {
            if (now != null) {
                model.select(now.id());
            }
        });
        details.getStyleClass().add("page-content");
        detailsScrollPane.setContent(details);
        HBox.setHgrow(detailsScrollPane, Priority.ALWAYS);
        HBox both = new HBox(list, detailsScrollPane);
        both.visibleProperty().bind(Bindings.isNotEmpty(model.rows()));
        return both;
    }

    private void updateSelection() {
        ActivityViewModel.RecordDetails shown = model.detailsProperty().get();
        if (shown != null && !shown.row().equals(list.getSelectionModel().getSelectedItem())) {
            list.getSelectionModel().select(shown.row());
        }
    }

    /** A record in the list. */
    private final class RecordCell extends ListCell<ActivityViewModel.ActivityRow> {
        RecordCell() {
            // As wide as the list, so that its texts wrap.
            setPrefWidth(0);
        }

        @Override
        protected void updateItem(ActivityViewModel.@Nullable ActivityRow row, boolean none) {
            super.updateItem(row, none);
            setText(null);
            if (row == null || none) {
                setGraphic(null);
                setAccessibleText(null);
                return;
            }
            Label title = Controls.createLabel(row.title(), "record-title");
            Controls.enableWrapping(title);
            VBox text = new VBox(2, title, Controls.createLabel(row.time(), "identity"));
            HBox.setHgrow(text, Priority.ALWAYS);
            Node sign = Controls.withStyles(
                    new StackPane(new FontIcon(iconFor(row.status()))), "record-sign", KebabCase.of(row.status()));
            setGraphic(new HBox(10, sign, text));
            setAccessibleText(messages.text("activity.accessible", row.title(), row.time(), row.result()));
        }
    }

    private static Ikon iconFor(SwitchRun.Result kind) {
        return switch (kind) {
            case SUCCEEDED -> Material2AL.CHECK_CIRCLE;
            case UNCHANGED, FALSELY_REPORTED -> Material2MZ.UNDO;
            case PARTIALLY_SWITCHED -> Material2MZ.WARNING;
            case UNKNOWN -> Material2AL.HELP_OUTLINE;
        };
    }

    // The details of one record.

    private void showDetails(ActivityViewModel.@Nullable RecordDetails shown) {
        details.getChildren().clear();
        if (shown == null) {
            return;
        }
        ObservableList<Node> nodes = details.getChildren();
        nodes.add(Controls.createWrappingLabel("record-title", shown.row().title(), Styles.TITLE_3));
        nodes.add(Controls.createWrappingLabel("record-circumstances", shown.context(), "identity"));
        nodes.add(createResultBox(shown));
        if (!shown.steps().isEmpty()) {
            nodes.add(createHeading("activity.steps"));
            nodes.add(createStepList(shown.steps()));
        }
        addTextArea("record-writes", "activity.writes", shown.shellCommands());
        if (!shown.memoryMapChanges().isEmpty()) {
            nodes.add(createHeading("activity.map"));
            nodes.add(Controls.createWrappingLabel("record-changes", shown.memoryMapChanges(), "record-changes"));
        }
        addTextArea("record-before", "activity.map.before", shown.memoryMapBefore());
        addTextArea("record-after", "activity.map.after", shown.memoryMapAfter());
        detailsScrollPane.setVvalue(0);
    }

    private Node createResultBox(ActivityViewModel.RecordDetails shown) {
        String text = shown.duration().isEmpty()
                ? shown.row().result()
                : messages.text("activity.result.took", shown.row().result(), shown.duration());
        Label result = Controls.createWrappingLabel("record-result", text, "record-result");
        result.setGraphic(new FontIcon(iconFor(shown.row().status())));
        VBox box = new VBox(6, result);
        int number = 1;
        for (String objection : shown.failures()) {
            box.getChildren()
                    .add(Controls.createWrappingLabel("record-objection-" + number++, objection, "result-line"));
        }
        box.getStyleClass().addAll("switch-result", KebabCase.of(shown.row().status()));
        return box;
    }

    private Node createHeading(String key) {
        return Controls.createLabel(messages.text(key), "record-heading");
    }

    private Node createStepList(List<SwitchRecordFormatter.RecordedStep> lines) {
        VBox box = Controls.withStyles(new VBox(), "steps");
        for (SwitchRecordFormatter.RecordedStep line : lines) {
            Label number = Controls.createLabel(Integer.toString(line.number()), "step-number");
            VBox text =
                    new VBox(2, Controls.createWrappingLabel("record-step-" + line.number(), line.text(), "step-text"));
            if (!line.note().isEmpty()) {
                text.getChildren()
                        .add(Controls.createWrappingLabel("record-note-" + line.number(), line.note(), "step-note"));
            }
            HBox.setHgrow(text, Priority.ALWAYS);
            text.setMaxWidth(Double.MAX_VALUE);
            Label state = Controls.createLabel(line.state(), "step-undo");
            state.setMinWidth(Region.USE_PREF_SIZE);
            Label time = Controls.createLabel(line.time(), "step-time");
            time.setMinWidth(Region.USE_PREF_SIZE);
            StackPane times = new StackPane(time);
            times.setAlignment(Pos.CENTER_RIGHT);
            times.setPrefWidth(64);
            HBox row = Controls.withStyles(new HBox(10, number, text, state, times), "step");
            row.setAlignment(Pos.CENTER_LEFT);
            row.setAccessibleRole(AccessibleRole.TEXT);
            row.setAccessibleText(
                    messages.text("window.step.accessible", line.number(), line.text(), line.state(), line.time()));
            box.getChildren().add(row);
        }
        return box;
    }

    /** Adds a text with a heading to the details, unless it is empty. */
    private void addTextArea(String id, String key, String text) {
        if (!text.isEmpty()) {
            TextArea area = Controls.withStyles(new TextArea(text.stripTrailing()), "commands");
            area.setId(id);
            area.setEditable(false);
            area.setAccessibleText(messages.text(key));
            area.setPrefRowCount((int) Math.clamp(text.lines().count(), 1, MAX_ROWS));
            details.getChildren().addAll(createHeading(key), area);
        }
    }

    // What can be done.

    private Node createActionBar() {
        Button copy = Controls.createFlatButton(
                "activity-copy",
                messages.text("activity.copy"),
                Material2OutlinedAL.CONTENT_COPY,
                () -> Controls.copyToClipboard(model.plainText()));
        copy.disableProperty().bind(model.detailsProperty().isNull());
        CheckBox names = Controls.withId("activity-names", new CheckBox(messages.text("activity.save.names")));
        Button save =
                Controls.createButton("activity-save", messages.text("activity.save"), Material2OutlinedMZ.SAVE, () -> {
                    File file = chooseFile();
                    if (file != null) {
                        model.saveReport(file.toPath(), names.isSelected());
                    }
                });
        save.disableProperty().bind(model.canSaveProperty().not());
        FlowPane bar = Controls.withStyles(new FlowPane(14, 8, copy, names, save), "action-bar");
        bar.setAlignment(Pos.CENTER_RIGHT);
        return bar;
    }

    private @Nullable File chooseFile() {
        FileChooser chooser = new FileChooser();
        chooser.setTitle(messages.text("activity.save"));
        chooser.setInitialFileName(messages.text("activity.save.name"));
        return chooser.showSaveDialog(getScene().getWindow());
    }
}
