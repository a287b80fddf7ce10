package org.switchback.gui.switching;

import javafx.geometry.Pos;
import javafx.scene.AccessibleRole;
import javafx.scene.Node;
import javafx.scene.control.Label;
import javafx.scene.control.ProgressIndicator;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import org.kordamp.ikonli.Ikon;
import org.kordamp.ikonli.javafx.FontIcon;
import org.kordamp.ikonli.material2.Material2AL;
import org.kordamp.ikonli.material2.Material2MZ;
import org.switchback.client.messages.Messages;
import org.switchback.gui.controls.Controls;
import org.switchback.hardware.KebabCase;
import org.switchback.job.SwitchRun.StepState;

/** One step of a plan in a row: number, text, whether it can be undone, how far it is. */
final class StepRowView extends HBox {
    private final Messages messages;
    private final Label note;
    private final Label time = Controls.createLabel("", "step-time");
    private final StackPane stateIcon = new StackPane();

    StepRowView(StepRow row, Messages messages) {
        super(14);
        this.messages = messages;
        setId("step-" + row.number());
        setAlignment(Pos.CENTER_LEFT);
        setAccessibleRole(AccessibleRole.TEXT);
        Label number = Controls.createLabel(Integer.toString(row.number()), "step-number");
        Label text = Controls.createLabel(row.text(), "step-text");
        Controls.enableWrapping(text);
        note = Controls.createWrappingLabel("step-note-" + row.number(), "", "step-note");
        VBox middle = new VBox(2, text, note);
        middle.setAlignment(Pos.CENTER_LEFT);
        middle.setMaxWidth(Double.MAX_VALUE);
        HBox.setHgrow(middle, Priority.ALWAYS);
        Label undo = Controls.createLabel(row.reversibility(), "step-undo");
        undo.setId("step-undo-" + row.number());
        undo.setMinWidth(Region.USE_PREF_SIZE);
        time.setId("step-time-" + row.number());
        time.setMinWidth(Region.USE_PREF_SIZE);
        StackPane times = new StackPane(time);
        times.setAlignment(Pos.CENTER_RIGHT);
        times.setPrefWidth(72);
        times.setMinWidth(Region.USE_COMPUTED_SIZE);
        stateIcon.setMinSize(22, 22);
        getChildren().addAll(number, middle, undo, times, stateIcon);
        update(row);
    }

    /** Shows the step as it stands now. */
    void update(StepRow row) {
        String state = KebabCase.of(row.state());
        getStyleClass().setAll("step", state);
        note.setText(
                row.state() == StepState.UNDO_FAILED ? messages.text("window.step.stays", row.note()) : row.note());
        note.setVisible(!row.note().isEmpty());
        note.setManaged(!row.note().isEmpty());
        time.setText(row.duration());
        stateIcon.getChildren().setAll(iconFor(row.state()));
        setAccessibleText(messages.text(
                "window.step.accessible",
                row.number(),
                row.text(),
                row.reversibility(),
                messages.text("window.step.state." + row.state().name())));
    }

    private Node iconFor(StepState state) {
        Ikon ikon =
                switch (state) {
                    case PENDING -> Material2MZ.REMOVE;
                    case DONE -> Material2AL.CHECK_CIRCLE;
                    case FAILED, UNDO_FAILED -> Material2AL.ERROR;
                    case SKIPPED -> Material2MZ.REMOVE_CIRCLE_OUTLINE;
                    case UNDONE -> Material2MZ.UNDO;
                    case STUCK -> Material2AL.HOURGLASS_DISABLED;
                    case UNKNOWN -> Material2AL.HELP;
                    case RUNNING, UNDOING -> null;
                };
        if (ikon != null) {
            return new FontIcon(ikon);
        }
        // The one that is there keeps turning.
        if (stateIcon.getChildren().size() == 1
                && stateIcon.getChildren().getFirst() instanceof ProgressIndicator turning) {
            return turning;
        }
        ProgressIndicator spinner = new ProgressIndicator();
        spinner.setMaxSize(18, 18);
        spinner.setAccessibleText(messages.text("window.step.state." + state.name()));
        return spinner;
    }
}
