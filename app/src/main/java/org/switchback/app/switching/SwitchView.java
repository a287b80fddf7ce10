package org.switchback.app.switching;

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
import org.switchback.app.controls.Controls;
import org.switchback.app.words.Words;
import org.switchback.hardware.Spelling;

/** The pane of a switch: its plan, its progress, its result. */
public final class SwitchView extends BorderPane {
    private static final double WIDEST = 980;

    /** Where there is nothing to do but to wait. */
    private static final Set<SwitchViewModel.Phase> UNDER_WAY = Set.of(
            SwitchViewModel.Phase.PLANNING,
            SwitchViewModel.Phase.AUTHORISING,
            SwitchViewModel.Phase.RUNNING,
            SwitchViewModel.Phase.CHECKING);

    private final SwitchViewModel model;
    private final Words words;
    private final VBox stepRows = new VBox();
    private final HBox buttons = new HBox(10);
    private final ScrollPane scroll = Controls.scrolling(null);

    /** @param page name of the page that the pane belongs to */
    public SwitchView(SwitchViewModel model, Words words, String page) {
        this.model = model;
        this.words = words;
        setId("switch");
        getStyleClass().addAll("page", "switch-pane");
        VBox content = new VBox(
                18,
                head(page),
                outcome(),
                sentences("refusal", model.refusals(), Material2OutlinedAL.BLOCK, "refusal"),
                sentences("note", model.notes(), Material2OutlinedAL.INFO, "fact"),
                nativeDriver(),
                steps(),
                commands(),
                devices());
        content.setMaxWidth(WIDEST);
        StackPane centred = new StackPane(content);
        centred.getStyleClass().add("page-content");
        StackPane.setAlignment(content, Pos.TOP_CENTER);
        scroll.setContent(centred);
        setCenter(scroll);
        setBottom(actionBar());
        addEventHandler(KeyEvent.KEY_PRESSED, this::leaveByKey);
        // Where the keyboard is while there is nothing to decide.
        setFocusTraversable(true);
        setAccessibleText(model.titleProperty().get());
    }

    private void leaveByKey(KeyEvent event) {
        if (event.getCode() == KeyCode.ESCAPE) {
            event.consume();
            escape();
        }
    }

    /** Stops what is under way, or else leaves the pane. */
    public void escape() {
        model.actions().stream()
                .filter(action -> action.id().equals("switch-stop") && action.enabled())
                .findFirst()
                .ifPresentOrElse(action -> action.run().run(), model::leave);
    }

    // What it is about.

    private Node head(String page) {
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
        Runnable place = () -> {
            TreeItem<String> root = new TreeItem<>(page);
            TreeItem<String> here = new TreeItem<>(model.nameProperty().get());
            root.getChildren().add(here);
            path.setSelectedCrumb(here);
        };
        model.nameProperty().addListener((observable, old, now) -> place.run());
        place.run();

        Label title = new Label();
        title.setId("switch-title");
        title.textProperty().bind(model.titleProperty());
        title.getStyleClass().add(Styles.TITLE_3);
        title.setWrapText(true);
        Label status = new Label();
        status.setId("switch-status");
        status.getStyleClass().add("switch-status");
        status.setWrapText(true);
        status.textProperty().bind(model.statusProperty());
        ProgressBar bar = new ProgressBar();
        bar.setId("switch-progress");
        bar.setMaxWidth(Double.MAX_VALUE);
        bar.getStyleClass().add(Styles.SMALL);
        bar.progressProperty()
                .bind(Bindings.when(in(Set.of(SwitchViewModel.Phase.RUNNING)))
                        .then(model.progressProperty())
                        .otherwise(ProgressBar.INDETERMINATE_PROGRESS));
        bar.accessibleTextProperty().bind(model.statusProperty());
        Controls.showWhen(bar, in(UNDER_WAY));
        Controls.showWhen(status, in(Set.of(SwitchViewModel.Phase.ENDED)).not());
        return new VBox(10, path, title, status, bar);
    }

    private BooleanBinding in(Set<SwitchViewModel.Phase> phases) {
        return Bindings.createBooleanBinding(
                () -> phases.contains(model.phaseProperty().get()), model.phaseProperty());
    }

    private Node outcome() {
        VBox box = new VBox(6);
        box.setId("switch-outcome");
        Runnable fill = () -> {
            Outcome outcome = model.outcomeProperty().get();
            box.getChildren().clear();
            box.getStyleClass().setAll("outcome");
            if (outcome != null) {
                box.getStyleClass().add(Spelling.of(outcome.kind()));
                Label title = new Label(outcome.title(), new FontIcon(sign(outcome.kind())));
                title.setId("result-title");
                title.getStyleClass().add("outcome-title");
                Controls.wrap(title);
                box.getChildren().add(title);
                for (String line : outcome.lines()) {
                    Label label = new Label(line);
                    label.getStyleClass().add("outcome-line");
                    Controls.wrap(label);
                    box.getChildren().add(label);
                }
            }
        };
        model.outcomeProperty().addListener((observable, old, now) -> {
            fill.run();
            scroll.setVvalue(0);
        });
        fill.run();
        Controls.showWhen(
                box,
                Bindings.createBooleanBinding(
                        () -> model.outcomeProperty().get() != null, model.outcomeProperty()));
        return box;
    }

    private static Ikon sign(Outcome.Kind kind) {
        return switch (kind) {
            case REACHED -> Material2AL.CHECK_CIRCLE;
            case UNCHANGED -> Material2MZ.UNDO;
            case HALF -> Material2MZ.WARNING;
            case UNKNOWN -> Material2AL.HELP;
        };
    }

    /** A box of sentences, away when there are none. */
    private Node sentences(String id, ObservableList<String> texts, Ikon sign, String style) {
        VBox box = new VBox(8);
        box.getStyleClass().add("sentences");
        Runnable fill = () -> {
            List<Node> lines = new ArrayList<>();
            for (String text : texts) {
                Label line = new Label(text, new FontIcon(sign));
                line.setId(id + "-" + (lines.size() + 1));
                line.getStyleClass().add(style);
                Controls.wrap(line);
                line.setMaxWidth(Double.MAX_VALUE);
                lines.add(line);
            }
            box.getChildren().setAll(lines);
        };
        texts.addListener((ListChangeListener<String>) change -> fill.run());
        fill.run();
        Controls.showWhen(box, Bindings.isNotEmpty(texts));
        return box;
    }

    private Node nativeDriver() {
        CheckBox allow = Controls.named(
                "switch-native-driver", new CheckBox(words.text("window.switch.native-driver")));
        allow.setWrapText(true);
        model.nativeAllowedProperty().subscribe(now -> allow.setSelected(now));
        allow.setOnAction(event -> model.allowNativeDriver(allow.isSelected()));
        Controls.showWhen(
                allow,
                model.nativeOfferedProperty().and(in(Set.of(SwitchViewModel.Phase.PLANNED, SwitchViewModel.Phase.REFUSED))));
        return allow;
    }

    // The steps.

    private Node steps() {
        stepRows.setId("switch-steps");
        stepRows.getStyleClass().add("steps");
        ObservableList<StepRow> rows = model.steps();
        rows.addListener((ListChangeListener<StepRow>) change -> {
            while (change.next()) {
                boolean replaced = change.wasReplaced() && change.getRemovedSize() == change.getAddedSize();
                if (!replaced || stepRows.getChildren().size() != rows.size()) {
                    fillSteps();
                    return;
                }
                for (int i = change.getFrom(); i < change.getTo(); i++) {
                    StepRowView view = (StepRowView) stepRows.getChildren().get(i);
                    view.show(rows.get(i));
                    if (rows.get(i).state() == StepRow.State.RUNNING) {
                        bringIntoView(view);
                    }
                }
            }
        });
        fillSteps();
        Controls.showWhen(stepRows, Bindings.isNotEmpty(rows));
        return stepRows;
    }

    private void fillSteps() {
        stepRows.getChildren()
                .setAll(model.steps().stream()
                        .map(row -> new StepRowView(row, words))
                        .toList());
    }

    private void bringIntoView(Node row) {
        Node content = scroll.getContent();
        double top = content.sceneToLocal(row.localToScene(row.getBoundsInLocal())).getMinY();
        double height = scroll.getViewportBounds().getHeight();
        double hidden = content.getLayoutBounds().getHeight() - height;
        double from = scroll.getVvalue() * hidden;
        double rowHeight = row.getBoundsInLocal().getHeight();
        if (hidden > 0 && (top < from || top + rowHeight > from + height)) {
            // The step after it is in view as well.
            scroll.setVvalue(Math.clamp((top + 2 * rowHeight - height) / hidden, 0, 1));
        }
    }

    private Node commands() {
        TextArea text = new TextArea();
        text.setId("switch-commands");
        text.setEditable(false);
        text.getStyleClass().add("commands");
        text.setAccessibleText(words.text("window.switch.commands"));
        ToggleButton toggle = Controls.named("switch-commands-show", new ToggleButton());
        toggle.getStyleClass().addAll(Styles.FLAT, "quiet");
        toggle.textProperty()
                .bind(Bindings.when(toggle.selectedProperty())
                        .then(words.text("window.switch.commands.hide"))
                        .otherwise(words.text("window.switch.commands.show")));
        FontIcon sign = new FontIcon(Material2OutlinedAL.CODE);
        toggle.setGraphic(sign);
        Button copy = Controls.button(
                "switch-commands-copy",
                words.text("window.switch.commands.copy"),
                Material2OutlinedAL.CONTENT_COPY,
                () -> Controls.copy(model.commands()));
        copy.getStyleClass().addAll(Styles.FLAT, "quiet");
        Runnable fill = () -> {
            text.setText(model.commands());
            text.setPrefRowCount(Math.clamp(model.commands().lines().count(), 1, 14));
        };
        toggle.selectedProperty().addListener((observable, was, shown) -> {
            fill.run();
            if (shown) {
                layout();
                bringIntoView(text);
            }
        });
        model.steps().addListener((ListChangeListener<StepRow>) change -> {
            if (!text.getText().equals(model.commands())) {
                fill.run();
            }
        });
        Controls.showWhen(text, toggle.selectedProperty());
        copy.visibleProperty().bind(toggle.selectedProperty());
        VBox box = new VBox(6, new HBox(6, toggle, copy), text);
        Controls.showWhen(box, Bindings.isNotEmpty(model.steps()));
        return box;
    }

    private Node devices() {
        Label title = new Label(words.text("window.switch.devices"));
        title.getStyleClass().addAll(Styles.TEXT_CAPTION);
        VBox box = new VBox(
                8, title, sentences("device", model.devices(), Material2OutlinedAL.DEVELOPER_BOARD, "fact"));
        Controls.showWhen(box, Bindings.isNotEmpty(model.devices()));
        return box;
    }

    // The buttons.

    private Node actionBar() {
        buttons.setAlignment(Pos.CENTER_RIGHT);
        buttons.setMaxWidth(WIDEST);
        buttons.setMinHeight(Region.USE_PREF_SIZE);
        StackPane bar = new StackPane(buttons);
        // A button here that can't be pressed says why, so it has to be read.
        bar.getStyleClass().addAll("action-bar", "tells");
        model.actions().addListener((ListChangeListener<Action>) change -> fillButtons());
        fillButtons();
        return bar;
    }

    /** A button that stays keeps its node, and with it the keyboard. */
    private void fillButtons() {
        Map<String, Button> old = buttons.getChildren().stream()
                .map(Button.class::cast)
                .collect(Collectors.toMap(Node::getId, Function.identity()));
        boolean same = old.keySet()
                .equals(model.actions().stream().map(Action::id).collect(Collectors.toSet()));
        List<Node> fresh = new ArrayList<>();
        for (Action action : model.actions()) {
            Button button = old.getOrDefault(action.id(), Controls.named(action.id(), new Button()));
            button.setText(action.label());
            button.setMinWidth(Region.USE_PREF_SIZE);
            button.setDisable(!action.enabled());
            button.setOnAction(event -> action.run().run());
            button.getStyleClass().remove(Styles.ACCENT);
            if (action.main()) {
                button.getStyleClass().add(Styles.ACCENT);
            }
            fresh.add(button);
        }
        buttons.getChildren().setAll(fresh);
        if (!same) {
            focusMain();
        }
    }

    /**
     * Puts the keyboard on the main button, or on the pane while there is none to press. While something is under way all
     * that could be pressed stops it, which is not what whoever presses Enter once too often wants.
     */
    public void focusMain() {
        if (getScene() == null) {
            return;
        }
        Node target = this;
        if (!UNDER_WAY.contains(model.phaseProperty().get())) {
            for (Action action : model.actions()) {
                Node button = buttons.lookup("#" + action.id());
                if (button != null && action.enabled() && (target == this || action.main())) {
                    target = button;
                }
            }
        }
        target.requestFocus();
    }
}
