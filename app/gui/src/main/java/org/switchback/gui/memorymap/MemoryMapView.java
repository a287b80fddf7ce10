package org.switchback.gui.memorymap;

import atlantafx.base.theme.Styles;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javafx.css.PseudoClass;
import javafx.geometry.Orientation;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.Button;
import javafx.scene.control.CheckBox;
import javafx.scene.control.Label;
import javafx.scene.control.MenuButton;
import javafx.scene.control.MenuItem;
import javafx.scene.control.SeparatorMenuItem;
import javafx.scene.control.SplitPane;
import javafx.scene.control.TextField;
import javafx.scene.control.TextInputControl;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.ToggleGroup;
import javafx.scene.input.Clipboard;
import javafx.scene.input.DragEvent;
import javafx.scene.input.Dragboard;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyEvent;
import javafx.scene.input.MouseEvent;
import javafx.scene.input.TransferMode;
import javafx.scene.layout.BorderPane;
import javafx.scene.layout.FlowPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.stage.FileChooser;
import org.controlsfx.control.SegmentedButton;
import org.jspecify.annotations.Nullable;
import org.kordamp.ikonli.Ikon;
import org.kordamp.ikonli.javafx.FontIcon;
import org.kordamp.ikonli.material2.Material2AL;
import org.kordamp.ikonli.material2.Material2MZ;
import org.kordamp.ikonli.material2.Material2OutlinedAL;
import org.switchback.gui.controls.Controls;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.KebabCase;

/** The page of the memory map: what lies where, as a picture, as rows and in words. */
public final class MemoryMapView extends BorderPane {
    /** The pane that the keyboard is in, or a part of it. */
    private static final PseudoClass HAS_FOCUS = PseudoClass.getPseudoClass("has-keys");

    private final MemoryMapViewModel model;
    private final Messages messages;
    private final MapCanvas canvas;
    private final RegionTreeTable regionTable;
    private final DetailsPane detailsPane;
    private final StackPane canvasFrame;
    private final TextField findField = new TextField();
    private final TextField goToField = new TextField();

    public MemoryMapView(MemoryMapViewModel model, Messages messages) {
        this.model = model;
        this.messages = messages;
        setId("page-memory-map");
        getStyleClass().addAll("page", "map-page");
        canvas = new MapCanvas(model, messages);
        regionTable = new RegionTreeTable(model, messages);
        detailsPane = new DetailsPane(
                model, messages, () -> copyText(model.listingLine()), () -> copyText(model.bugReportText()));
        canvasFrame = new StackPane(canvas);
        setCenter(createBody());
        setTop(new VBox(createToolBar(), createStatusLabel(), createNoticeBar()));
        sceneProperty().flatMap(Scene::focusOwnerProperty).subscribe(this::updateFocusRing);
        addEventFilter(KeyEvent.KEY_PRESSED, this::handleKey);
        sceneProperty().subscribe(now -> {
            if (now == null) {
                model.clearStatusText();
            }
        });
        addEventHandler(DragEvent.DRAG_OVER, this::handleDragOver);
        addEventHandler(DragEvent.DRAG_DROPPED, this::handleDrop);
        model.open();
    }

    // What there is to press.

    private Node createToolBar() {
        // In a small window the fields get narrow before a long title does.
        Label title = new Label() {
            @Override
            protected double computeMinWidth(double height) {
                return Math.min(290, computePrefWidth(height));
            }
        };
        title.setId("map-title");
        title.getStyleClass().add("map-title");
        title.textProperty().bind(model.titleProperty());
        title.setMaxWidth(Double.MAX_VALUE);
        HBox.setHgrow(title, Priority.ALWAYS);
        configureField(findField, "map-find", "window.map.find", 90, 232);
        findField.setAccessibleText(messages.text("window.map.find.accessible"));
        findField.setOnAction(event -> model.find(findField.getText(), 1));
        // In the smallest window an address below 4 GiB still fits.
        configureField(goToField, "map-go-to", "window.map.go-to", 116, 130);
        goToField.setOnAction(event -> model.goTo(goToField.getText()));
        Button compare = Controls.createButton(
                "map-compare",
                messages.text("window.map.compare"),
                Material2AL.COMPARE_ARROWS,
                () -> chooseFile("window.map.compare").ifPresent(file -> model.compareWith(file.toPath())));
        compare.setMinWidth(Region.USE_PREF_SIZE);
        HBox bar = new HBox(10, title, findField, goToField, compare, createMoreMenu());
        bar.setAlignment(Pos.CENTER_LEFT);
        bar.getStyleClass().add("map-bar");
        return bar;
    }

    private void configureField(TextField field, String id, String key, double least, double width) {
        field.setId(id);
        field.setPromptText(messages.text(key));
        field.setAccessibleText(messages.text(key));
        field.setPrefWidth(width);
        field.setMinWidth(least);
        field.textProperty().addListener((observable, before, now) -> model.clearStatusText());
        field.addEventHandler(KeyEvent.KEY_PRESSED, event -> {
            if (event.getCode() == KeyCode.ESCAPE) {
                event.consume();
                canvas.requestFocus();
            }
        });
    }

    private MenuButton createMoreMenu() {
        MenuButton more = new MenuButton(null, new FontIcon(Material2MZ.MORE_HORIZ));
        more.setId("map-more");
        more.setAccessibleText(messages.text("window.map.more-actions"));
        more.getStyleClass().addAll(Styles.BUTTON_ICON, "no-arrow");
        MenuItem back = createMenuItem("map-back", "window.map.back", Material2OutlinedAL.COMPUTER, model::showMachineMap);
        back.visibleProperty().bind(model.importedProperty());
        more.getItems()
                .setAll(
                        back,
                        createMenuItem("map-open", "window.map.open", Material2OutlinedAL.FOLDER_OPEN, () -> chooseFile("window.map.open")
                                .ifPresent(file -> model.importFile(file.toPath()))),
                        createMenuItem("map-paste", "window.map.paste", Material2AL.CONTENT_PASTE, this::paste),
                        new SeparatorMenuItem(),
                        createMenuItem("map-export-png", "window.map.export.png", Material2OutlinedAL.IMAGE, () -> exportFile(
                                "png", this::createPng)),
                        createMenuItem("map-export-svg", "window.map.export.svg", null, () -> exportFile("svg", this::createSvg)),
                        createMenuItem("map-export-text", "window.map.export.text", null, () -> exportFile("txt", model::listingContent)));
        return more;
    }

    private MenuItem createMenuItem(String id, String key, @Nullable Ikon sign, Runnable run) {
        MenuItem item = new MenuItem(messages.text(key));
        item.setId(id);
        if (sign != null) {
            item.setGraphic(new FontIcon(sign));
        }
        item.setOnAction(event -> run.run());
        return item;
    }

    /** What came of a search. It may be a long sentence, so it has a line of its own while there is one. */
    private Node createStatusLabel() {
        Label answer = new Label();
        answer.setId("map-answer");
        answer.textProperty().bind(model.statusTextProperty());
        Controls.enableWrapping(answer);
        answer.setMaxWidth(Double.MAX_VALUE);
        answer.getStyleClass().add("map-answer");
        Controls.bindVisibility(answer, model.statusTextProperty().isNotEmpty());
        return answer;
    }

    /** What is to be said about the map, and what can be done about it. */
    private Node createNoticeBar() {
        Label text = new Label(null, new FontIcon(Material2OutlinedAL.INFO));
        text.setId("map-message");
        text.textProperty().bind(model.messageProperty());
        Controls.enableWrapping(text);
        text.setMaxWidth(Double.MAX_VALUE);
        HBox.setHgrow(text, Priority.ALWAYS);
        Button whole = Controls.createFlatButton("map-show-whole", messages.text("window.map.show-whole"), null, model::showFullMap);
        Controls.bindVisibility(whole, model.fullMapOfferedProperty().and(model.importedProperty().not()));
        Button back = Controls.createFlatButton("map-back-button", messages.text("window.map.back"), null, model::showMachineMap);
        Controls.bindVisibility(back, model.importedProperty());
        HBox note = new HBox(12, text, whole, back);
        note.setAlignment(Pos.CENTER_LEFT);
        note.getStyleClass().addAll("bar", "map-note");
        Controls.bindVisibility(note, model.messageProperty().isNotEmpty().or(model.importedProperty()));
        return note;
    }

    // What is shown.

    private Node createBody() {
        SplitPane below = new SplitPane(regionTable, detailsPane);
        below.setDividerPositions(0.62);
        below.getStyleClass().add("map-below");
        VBox upper = new VBox(8, createLocationBar(), createOverview(), createControls(), createCanvasFrame());
        upper.getStyleClass().add("map-upper");
        SplitPane body = new SplitPane(upper, below);
        body.setOrientation(Orientation.VERTICAL);
        body.setDividerPositions(0.56);
        body.getStyleClass().add("map-body");
        model.stateProperty().subscribe(now -> {
            boolean drawn = now == MemoryMapViewModel.MapPageState.MAP;
            upper.setVisible(drawn);
            upper.setManaged(drawn);
            if (drawn && !body.getItems().contains(upper)) {
                body.getItems().addFirst(upper);
                body.setDividerPositions(0.56);
            } else if (!drawn) {
                body.getItems().remove(upper);
            }
        });
        return body;
    }

    private Node createLocationBar() {
        HBox crumbs = new HBox(2);
        crumbs.setId("map-breadcrumb");
        crumbs.setAccessibleText(messages.text("window.map.breadcrumb"));
        crumbs.setAlignment(Pos.CENTER_LEFT);
        crumbs.setMinWidth(0);
        HBox.setHgrow(crumbs, Priority.ALWAYS);
        Runnable lead = () -> crumbs.getChildren().setAll(createBreadcrumbs());
        model.viewRootProperty().addListener((observable, before, now) -> lead.run());
        model.treeProperty().addListener((observable, before, now) -> lead.run());
        lead.run();
        Button overlaps = Controls.createButton("map-overlaps", "", Material2MZ.WARNING, () -> model.selectOverlap(1));
        overlaps.getStyleClass().addAll(Styles.SMALL, "map-overlaps");
        overlaps.setMinWidth(Region.USE_PREF_SIZE);
        returnFocusToCanvas(overlaps);
        Runnable count = () -> {
            overlaps.setText(model.overlapsText());
            boolean none = model.treeProperty().get().overlaps().length == 0;
            overlaps.setVisible(!none);
            overlaps.setManaged(!none);
        };
        model.treeProperty().addListener((observable, before, now) -> count.run());
        count.run();
        HBox where = new HBox(10, crumbs, overlaps);
        where.setAlignment(Pos.CENTER_LEFT);
        where.setMinHeight(30);
        return where;
    }

    private List<Node> createBreadcrumbs() {
        List<Node> crumbs = new ArrayList<>();
        List<Integer> path = model.treeProperty().get().pathFromRoot(model.viewRootProperty().get());
        for (int i = 0; i < path.size(); i++) {
            int item = path.get(i);
            Button crumb = Controls.createButton("map-crumb-" + i, model.regionMessages().label(item), null, () -> {
                model.zoomTo(item);
                canvas.requestFocus();
            });
            crumb.getStyleClass().addAll(Styles.FLAT, Styles.SMALL, "map-crumb");
            crumb.setDisable(i == path.size() - 1);
            if (i > 0) {
                Label step = new Label("›");
                step.getStyleClass().add("map-quiet");
                crumbs.add(step);
            }
            crumbs.add(crumb);
        }
        return crumbs;
    }

    private Node createOverview() {
        return new OverviewStrip(model, messages, canvas.paletteProperty());
    }

    private Node createControls() {
        SegmentedButton scales = new SegmentedButton();
        scales.setId("map-scale");
        scales.setAccessibleText(messages.text("window.map.scale"));
        ToggleGroup one = new ToggleGroup();
        scales.setToggleGroup(one);
        for (ScaleMode scale : ScaleMode.values()) {
            ToggleButton button = Controls.withId(
                    "map-scale-" + scale.name(), new ToggleButton(messages.text("window.map.scale." + scale.name())));
            button.getStyleClass().add(Styles.SMALL);
            button.setSelected(model.scaleProperty().get() == scale);
            button.setOnAction(event -> {
                button.setSelected(true);
                model.scaleProperty().set(scale);
            });
            model.scaleProperty().addListener((observable, before, now) -> button.setSelected(now == scale));
            scales.getButtons().add(button);
        }
        Label honest = new Label(messages.text("window.map.not-to-scale"));
        honest.setId("map-not-to-scale");
        honest.getStyleClass().add("scale-note");
        honest.setMinWidth(Region.USE_PREF_SIZE);
        honest.visibleProperty().bind(model.scaleProperty().isNotEqualTo(ScaleMode.TRUE_SIZE));
        FlowPane controls = new FlowPane(12, 4, scales, honest);
        controls.setAlignment(Pos.CENTER_LEFT);
        for (Filter filter : Filter.values()) {
            CheckBox box = new CheckBox(messages.text("window.map.filter." + filter.name()));
            box.setId("map-filter-" + filter.name());
            box.setAccessibleText(messages.text("window.map.show") + " " + box.getText());
            model.shownFiltersProperty().subscribe(now -> box.setSelected(now.contains(filter)));
            box.setOnAction(event -> model.setFilterShown(filter, box.isSelected()));
            box.getStyleClass().addAll("map-filter", "map-filter-" + KebabCase.of(filter));
            controls.getChildren().add(box);
        }
        controls.setMinHeight(Region.USE_PREF_SIZE);
        returnFocusToCanvas(controls);
        return controls;
    }

    /** Who clicks goes on with the keys of the map; who got here with the keyboard stays here. */
    private void returnFocusToCanvas(Node clicked) {
        // A filter, since a control keeps the events of the mouse to itself.
        clicked.addEventFilter(MouseEvent.MOUSE_CLICKED, event -> canvas.requestFocus());
    }

    private Node createCanvasFrame() {
        canvasFrame.getStyleClass().add("map-frame");
        canvasFrame.setMinHeight(130);
        VBox.setVgrow(canvasFrame, Priority.ALWAYS);
        return canvasFrame;
    }

    // Keys.

    /** Puts the keyboard on the picture, as soon as there is one. */
    public void focusCanvas() {
        Controls.requestFocusOnceShown(canvas);
    }

    /** All of them, as the names of their texts: {@code window.map.key.NAME} and {@code window.map.key.NAME.does}. */
    public static List<String> shortcutNames() {
        return List.of(
                "arrows", "up-down", "enter", "backspace", "centre", "whole", "zoom", "pan", "overlap", "find", "go-to",
                "copy", "copy-parents", "paste", "pane");
    }

    private void handleKey(KeyEvent event) {
        boolean writing = event.getTarget() instanceof TextInputControl;
        boolean taken;
        if (event.isAltDown()) {
            taken = false;
        } else if (event.isShortcutDown()) {
            taken = handleShortcut(event, writing);
        } else if (event.getCode() == KeyCode.F6) {
            focusNextPane(event.isShiftDown() ? -1 : 1);
            taken = true;
        } else {
            taken = !writing && handlePlainKey(event);
        }
        if (taken) {
            event.consume();
        }
    }

    private boolean handleShortcut(KeyEvent event, boolean writing) {
        switch (event.getCode()) {
            case F -> focusField(findField);
            case L -> focusField(goToField);
            case C -> {
                if (writing || model.selectionProperty().get() == MapTree.ROOT) {
                    return false;
                }
                copyText(event.isShiftDown() ? model.listingLinesWithParents() : model.listingLine());
            }
            case V -> {
                if (writing) {
                    return false;
                }
                paste();
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private static void focusField(TextField field) {
        field.requestFocus();
        field.selectAll();
    }

    private boolean handlePlainKey(KeyEvent event) {
        boolean onPicture = event.getTarget() == canvas;
        boolean onTree = event.getTarget() == regionTable;
        if (!onPicture && !onTree) {
            return false;
        }
        switch (event.getCode()) {
            case F -> model.centreSelection();
            case DIGIT0, NUMPAD0 -> model.zoomToRoot();
            case PLUS, ADD, EQUALS -> model.zoomIn();
            case MINUS, SUBTRACT -> model.zoomOut();
            case O -> model.selectOverlap(event.isShiftDown() ? -1 : 1);
            case ENTER -> model.zoomTo(model.selectionProperty().get());
            case BACK_SPACE -> model.zoomToParent();
            default -> {
                return onPicture && handleArrowKey(event.getCode());
            }
        }
        return true;
    }

    private boolean handleArrowKey(KeyCode code) {
        switch (code) {
            case LEFT -> model.selectNeighbour(-1);
            case RIGHT -> model.selectNeighbour(1);
            case UP -> model.selectParent();
            case DOWN -> model.selectFirstChild();
            default -> {
                return false;
            }
        }
        return true;
    }

    private void focusNextPane(int step) {
        List<Node> panes = List.of(canvas, regionTable, detailsPane, findField);
        Node owner = getScene().getFocusOwner();
        int at = 0;
        for (int i = 0; i < panes.size(); i++) {
            if (isWithin(owner, panes.get(i))) {
                at = i;
            }
        }
        panes.get(Math.floorMod(at + step, panes.size())).requestFocus();
    }

    /** Shows where the keys go: the toolkit itself marks neither what F6 nor what a click has focused. */
    private void updateFocusRing(@Nullable Node owner) {
        for (Node pane : List.of(canvasFrame, regionTable, detailsPane)) {
            pane.pseudoClassStateChanged(HAS_FOCUS, isWithin(owner, pane));
        }
    }

    private static boolean isWithin(@Nullable Node owner, Node pane) {
        Node at = owner;
        while (at != null && at != pane) {
            at = at.getParent();
        }
        return at != null;
    }

    // In and out.

    private void copyText(String text) {
        Controls.copyToClipboard(text);
        model.showCopied(text);
    }

    private void paste() {
        String text = Clipboard.getSystemClipboard().getString();
        model.importText(text == null ? "" : text, messages.text("window.map.pasted"));
    }

    private Optional<File> chooseFile(String key) {
        FileChooser chooser = new FileChooser();
        chooser.setTitle(messages.text(key));
        return Optional.ofNullable(chooser.showOpenDialog(getScene().getWindow()));
    }

    /** Makes the content of a file, on the drawing thread; what it gives is made into bytes away from it. */
    private interface ExportFactory {
        MemoryMapViewModel.ExportContent create();
    }

    private void exportFile(String ending, ExportFactory what) {
        FileChooser chooser = new FileChooser();
        chooser.setInitialFileName("memory-map." + ending);
        Optional.ofNullable(chooser.showSaveDialog(getScene().getWindow()))
                .ifPresent(file -> model.save(file.toPath(), what.create()));
    }

    private MemoryMapViewModel.ExportContent createPng() {
        return MapExport.toPng(canvas);
    }

    private MemoryMapViewModel.ExportContent createSvg() {
        return MapExport.toSvg(canvas, model);
    }

    private void handleDragOver(DragEvent event) {
        Dragboard board = event.getDragboard();
        if (board.getFiles().size() == 1 || board.hasString()) {
            event.acceptTransferModes(TransferMode.COPY);
            event.consume();
        }
    }

    private void handleDrop(DragEvent event) {
        Dragboard board = event.getDragboard();
        if (board.getFiles().size() == 1) {
            model.importFile(board.getFiles().getFirst().toPath());
        } else if (board.hasString()) {
            model.importText(board.getString(), messages.text("window.map.pasted"));
        } else {
            return;
        }
        event.setDropCompleted(true);
        event.consume();
    }
}
