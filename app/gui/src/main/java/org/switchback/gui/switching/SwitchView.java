package org.switchback.gui.switching;

import atlantafx.base.theme.Styles;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import javafx.beans.binding.Bindings;
import javafx.beans.binding.BooleanBinding;
import javafx.collections.ListChangeListener;
import javafx.collections.ObservableList;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.CheckBox;
import javafx.scene.control.Label;
import javafx.scene.control.ProgressBar;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.TextArea;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.TreeItem;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.layout.BorderPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import org.controlsfx.control.BreadCrumbBar;
import org.kordamp.ikonli.Ikon;
import org.kordamp.ikonli.javafx.FontIcon;
import org.kordamp.ikonli.material2.Material2AL;
import org.kordamp.ikonli.material2.Material2MZ;
import org.kordamp.ikonli.material2.Material2OutlinedAL;
import org.switchback.client.messages.Messages;
import org.switchback.gui.controls.Controls;
import org.switchback.hardware.KebabCase;
import org.switchback.job.SwitchRun;
import org.switchback.job.SwitchRun.StepState;

/** The pane of a switch: its plan, its progress, its result. */
public final class SwitchView extends BorderPane {

    /** Where there is nothing to do but to wait. */
    private static final Set<SwitchViewModel.SwitchPhase> BUSY_PHASES = Set.of(
            SwitchViewModel.SwitchPhase.PLANNING,
            SwitchViewModel.SwitchPhase.AUTHORIZING,
            SwitchViewModel.SwitchPhase.RUNNING,
            SwitchViewModel.SwitchPhase.CHECKING);

    private final SwitchViewModel model;
    private final Messages messages;
    private final VBox stepRows = new VBox();
    private final HBox buttons = new HBox(10);
    private final ScrollPane scrollPane = Controls.createScrollPane(null);

    /** @param page name of the page that the pane belongs to */
    public SwitchView(SwitchViewModel model, Messages messages, String page) {
        this.model = model;
        this.messages = messages;
        setId("switch");
        getStyleClass().addAll("page", "switch-pane");
        VBox content = new VBox(
                18,
                createHeader(page),
                createResultBox(),
                createSentenceBox("refusal", model.refusals(), Material2OutlinedAL.BLOCK, "refusal"),
                createSentenceBox("note", model.notes(), Material2OutlinedAL.INFO, "info-line"),
                createNativeDriverCheckBox(),
                createStepList(),
                createCommandBox(),
                createDeviceBox());
        scrollPane.setContent(Controls.createPage(content));
        setCenter(scrollPane);
        setBottom(createActionBar());
        addEventHandler(KeyEvent.KEY_PRESSED, this::handleKey);
        // Where the keyboard is while there is nothing to decide.
        setFocusTraversable(true);
        setAccessibleText(model.titleProperty().get());
    }

    private void handleKey(KeyEvent event) {
        if (event.getCode() == KeyCode.ESCAPE) {
            event.consume();
            stopOrLeave();
        }
    }

    /** Stops what is under way, or else leaves the pane. */
    public void stopOrLeave() {
        model.actions().stream()
                .filter(action -> action.id().equals("switch-stop") && action.enabled())
                .findFirst()
                .ifPresentOrElse(action -> action.handler().run(), model::leave);
    }

    // What it is about.

    private Node createHeader(String page) {
        BreadCrumbBar<String> path = new BreadCrumbBar<>();
        path.setId("switch-path");
        path.setAccessibleText(page);
        path.setAutoNavigationEnabled(false);
        path.setOnCrumbAction(event -> {
            if (event.getSelectedCrumb().getParent() == null) {
                model.leave();
            }
        });
        path.disableProperty().bind(model.canLeaveProperty().not());
        model.gpuNameProperty().subscribe(name -> {
            TreeItem<String> root = new TreeItem<>(page);
            TreeItem<String> here = new TreeItem<>(name);
            root.getChildren().add(here);
            path.setSelectedCrumb(here);
        });
        Label title = Controls.createLabel("", Styles.TITLE_3);
        title.setId("switch-title");
        title.textProperty().bind(model.titleProperty());
        title.setWrapText(true);
        Label status = Controls.createLabel("", "switch-status");
        status.setId("switch-status");
        status.setWrapText(true);
        status.textProperty().bind(model.statusProperty());
        ProgressBar bar = new ProgressBar();
        bar.setId("switch-progress");
        bar.setMaxWidth(Double.MAX_VALUE);
        bar.getStyleClass().add(Styles.SMALL);
        bar.progressProperty()
                .bind(Bindings.when(phaseIsIn(Set.of(SwitchViewModel.SwitchPhase.RUNNING)))
                        .then(model.progressProperty())
                        .otherwise(ProgressBar.INDETERMINATE_PROGRESS));
        bar.accessibleTextProperty().bind(model.statusProperty());
        Controls.bindVisibility(bar, phaseIsIn(BUSY_PHASES));
        Controls.bindVisibility(
                status, phaseIsIn(Set.of(SwitchViewModel.SwitchPhase.FINISHED)).not());
        return new VBox(10, path, title, status, bar);
    }

    private BooleanBinding phaseIsIn(Set<SwitchViewModel.SwitchPhase> phases) {
        return Bindings.createBooleanBinding(
                () -> phases.contains(model.phaseProperty().get()), model.phaseProperty());
    }

    private Node createResultBox() {
        VBox box = new VBox(6);
        box.setId("switch-result");
        model.switchResultProperty().subscribe(result -> {
            box.getChildren().clear();
            box.getStyleClass().setAll("switch-result");
            if (result != null) {
                box.getStyleClass().add(KebabCase.of(result.kind()));
                Label title = Controls.createWrappingLabel("result-title", result.title(), "result-title");
                title.setGraphic(new FontIcon(iconFor(result.kind())));
                box.getChildren().add(title);
                for (String line : result.lines()) {
                    Label label = Controls.createLabel(line, "result-line");
                    Controls.enableWrapping(label);
                    box.getChildren().add(label);
                }
            }
            scrollPane.setVvalue(0);
        });
        Controls.bindVisibility(box, model.switchResultProperty().isNotNull());
        return box;
    }

    private static Ikon iconFor(SwitchRun.Result kind) {
        return switch (kind) {
            case SUCCEEDED -> Material2AL.CHECK_CIRCLE;
            case UNCHANGED, FALSELY_REPORTED -> Material2MZ.UNDO;
            case PARTIALLY_SWITCHED -> Material2MZ.WARNING;
            case UNKNOWN -> Material2AL.HELP;
        };
    }

    /** A box of sentences, away when there are none. */
    private Node createSentenceBox(String id, ObservableList<String> texts, Ikon sign, String style) {
        VBox box = Controls.withStyles(new VBox(8), "sentences");
        Runnable fill = () -> {
            List<Node> lines = new ArrayList<>();
            for (String text : texts) {
                Label line = Controls.createWrappingLabel(id + "-" + (lines.size() + 1), text, style);
                line.setGraphic(new FontIcon(sign));
                lines.add(line);
            }
            box.getChildren().setAll(lines);
        };
        texts.subscribe(fill);
        fill.run();
        Controls.bindVisibility(box, Bindings.isNotEmpty(texts));
        return box;
    }

    private Node createNativeDriverCheckBox() {
        CheckBox allow =
                Controls.withId("switch-native-driver", new CheckBox(messages.text("window.switch.native-driver")));
        allow.setWrapText(true);
        model.nativeDriverAllowedProperty().subscribe(now -> allow.setSelected(now));
        allow.setOnAction(event -> model.allowNativeDriver(allow.isSelected()));
        Controls.bindVisibility(
                allow,
                model.nativeDriverOfferedProperty()
                        .and(phaseIsIn(
                                Set.of(SwitchViewModel.SwitchPhase.PLANNED, SwitchViewModel.SwitchPhase.REFUSED))));
        return allow;
    }

    // The steps.

    private Node createStepList() {
        stepRows.setId("switch-steps");
        stepRows.getStyleClass().add("steps");
        ObservableList<StepRow> rows = model.steps();
        rows.addListener((ListChangeListener<StepRow>) change -> {
            while (change.next()) {
                boolean replaced = change.wasReplaced() && change.getRemovedSize() == change.getAddedSize();
                if (!replaced || stepRows.getChildren().size() != rows.size()) {
                    populateSteps();
                    return;
                }
                for (int i = change.getFrom(); i < change.getTo(); i++) {
                    StepRowView view = (StepRowView) stepRows.getChildren().get(i);
                    view.update(rows.get(i));
                    if (rows.get(i).state() == StepState.RUNNING) {
                        scrollIntoView(view);
                    }
                }
            }
        });
        populateSteps();
        Controls.bindVisibility(stepRows, Bindings.isNotEmpty(rows));
        return stepRows;
    }

    private void populateSteps() {
        stepRows.getChildren()
                .setAll(model.steps().stream()
                        .map(row -> new StepRowView(row, messages))
                        .toList());
    }

    private void scrollIntoView(Node row) {
        Node content = scrollPane.getContent();
        double top =
                content.sceneToLocal(row.localToScene(row.getBoundsInLocal())).getMinY();
        double height = scrollPane.getViewportBounds().getHeight();
        double hidden = content.getLayoutBounds().getHeight() - height;
        double from = scrollPane.getVvalue() * hidden;
        double rowHeight = row.getBoundsInLocal().getHeight();
        if (hidden > 0 && (top < from || top + rowHeight > from + height)) {
            // The step after it is in view as well.
            scrollPane.setVvalue(Math.clamp((top + 2 * rowHeight - height) / hidden, 0, 1));
        }
    }

    private Node createCommandBox() {
        TextArea text = Controls.withStyles(new TextArea(), "commands");
        text.setId("switch-commands");
        text.setEditable(false);
        text.setAccessibleText(messages.text("window.switch.commands"));
        ToggleButton toggle =
                Controls.withId("switch-commands-show", Controls.withStyles(new ToggleButton(), Styles.FLAT, "quiet"));
        toggle.textProperty()
                .bind(Bindings.when(toggle.selectedProperty())
                        .then(messages.text("window.switch.commands.hide"))
                        .otherwise(messages.text("window.switch.commands.show")));
        toggle.setGraphic(new FontIcon(Material2OutlinedAL.CODE));
        Button copy = Controls.createButton(
                "switch-commands-copy",
                messages.text("window.switch.commands.copy"),
                Material2OutlinedAL.CONTENT_COPY,
                () -> Controls.copyToClipboard(model.commands()));
        copy.getStyleClass().addAll(Styles.FLAT, "quiet");
        Runnable fill = () -> {
            text.setText(model.commands());
            text.setPrefRowCount(Math.clamp(model.commands().lines().count(), 1, 14));
        };
        toggle.selectedProperty().subscribe((before, shown) -> {
            fill.run();
            if (shown) {
                layout();
                scrollIntoView(text);
            }
        });
        model.steps().subscribe(() -> {
            if (!text.getText().equals(model.commands())) {
                fill.run();
            }
        });
        Controls.bindVisibility(text, toggle.selectedProperty());
        copy.visibleProperty().bind(toggle.selectedProperty());
        VBox box = new VBox(6, new HBox(6, toggle, copy), text);
        Controls.bindVisibility(box, Bindings.isNotEmpty(model.steps()));
        return box;
    }

    private Node createDeviceBox() {
        VBox box = new VBox(
                8,
                Controls.createLabel(messages.text("window.switch.devices"), Styles.TEXT_CAPTION),
                createSentenceBox("device", model.devices(), Material2OutlinedAL.DEVELOPER_BOARD, "info-line"));
        Controls.bindVisibility(box, Bindings.isNotEmpty(model.devices()));
        return box;
    }

    // The buttons.

    private Node createActionBar() {
        buttons.setAlignment(Pos.CENTER_RIGHT);
        buttons.setMaxWidth(Controls.MAX_PAGE_WIDTH);
        buttons.setMinHeight(Region.USE_PREF_SIZE);
        model.actions().subscribe(this::updateButtons);
        updateButtons();
        // A button here that can't be pressed says why, so it has to be read.
        return Controls.withStyles(new StackPane(buttons), "action-bar", "tells");
    }

    /** A button that stays keeps its node, and with it the keyboard. */
    private void updateButtons() {
        Map<String, Button> old = buttons.getChildren().stream()
                .map(Button.class::cast)
                .collect(Collectors.toMap(Node::getId, Function.identity()));
        boolean same =
                old.keySet().equals(model.actions().stream().map(PaneAction::id).collect(Collectors.toSet()));
        List<Node> fresh = new ArrayList<>();
        for (PaneAction action : model.actions()) {
            Button button = old.getOrDefault(action.id(), Controls.withId(action.id(), new Button()));
            button.setText(action.label());
            button.setMinWidth(Region.USE_PREF_SIZE);
            button.setDisable(!action.enabled());
            button.setOnAction(event -> action.handler().run());
            button.getStyleClass().remove(Styles.ACCENT);
            if (action.primary()) {
                button.getStyleClass().add(Styles.ACCENT);
            }
            fresh.add(button);
        }
        buttons.getChildren().setAll(fresh);
        if (!same) {
            focusPrimaryButton();
        }
    }

    /**
     * Focuses the main button, or the pane while there is none. During a switch the only button cancels it, which an
     * accidental second press of Enter must not do.
     */
    public void focusPrimaryButton() {
        if (getScene() == null) {
            return;
        }
        Node target = this;
        if (!BUSY_PHASES.contains(model.phaseProperty().get())) {
            for (PaneAction action : model.actions()) {
                Node button = buttons.lookup("#" + action.id());
                if (button != null && action.enabled() && (target == this || action.primary())) {
                    target = button;
                }
            }
        }
        target.requestFocus();
    }
}
