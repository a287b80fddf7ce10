package org.switchback.gui.memorymap;

import atlantafx.base.theme.Styles;
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
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
import org.switchback.client.messages.Messages;
import org.switchback.gui.controls.Controls;
import org.switchback.hardware.KebabCase;

/** The page of the memory map: canvas, tree table and details. */
public final class MemoryMapView extends BorderPane {
    /** Marks the pane that contains the focus owner. */
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
        canvasFrame = Controls.withStyles(new StackPane(canvas), "map-frame");
        canvasFrame.setMinHeight(130);
        VBox.setVgrow(canvasFrame, Priority.ALWAYS);
        setCenter(createBody());
        setTop(new VBox(createToolBar(), createStatusLabel(), createNoticeBar()));
        sceneProperty().flatMap(Scene::focusOwnerProperty).subscribe(this::updateFocusRing);
        addEventFilter(KeyEvent.KEY_PRESSED, this::handleKey);
        sceneProperty().subscribe(now -> {
            if (now == null) {
                model.search().clearStatusText();
            }
        });
        addEventHandler(DragEvent.DRAG_OVER, this::handleDragOver);
        addEventHandler(DragEvent.DRAG_DROPPED, this::handleDrop);
        model.open();
    }

    // Tool bar

    private Node createToolBar() {
        // In a small window the fields shrink before a long title does.
        Label title = new Label() {
            @Override
            protected double computeMinWidth(double height) {
                return Math.min(290, computePrefWidth(height));
            }
        };
        title.setId("map-title");
        Controls.withStyles(title, "map-title")
                .textProperty()
                .bind(model.loader().titleProperty());
        title.setMaxWidth(Double.MAX_VALUE);
        HBox.setHgrow(title, Priority.ALWAYS);
        configureField(findField, "map-find", "window.map.find", 90, 232);
        findField.setAccessibleText(messages.text("window.map.find.accessible"));
        findField.setOnAction(event -> model.search().find(findField.getText(), 1));
        // Wide enough for an address below 4 GiB in the smallest window.
        configureField(goToField, "map-go-to", "window.map.go-to", 116, 130);
        goToField.setOnAction(event -> model.search().goTo(goToField.getText()));
        Button compare = Controls.createButton(
                "map-compare", messages.text("window.map.compare"), Material2AL.COMPARE_ARROWS, () -> chooseFile(
                                "window.map.compare")
                        .ifPresent(file -> model.loader().compareWith(file.toPath())));
        compare.setMinWidth(Region.USE_PREF_SIZE);
        HBox bar = new HBox(10, title, findField, goToField, compare, createMoreMenu());
        bar.setAlignment(Pos.CENTER_LEFT);
        return Controls.withStyles(bar, "map-bar");
    }

    private void configureField(TextField field, String id, String key, double minWidth, double width) {
        field.setId(id);
        field.setPromptText(messages.text(key));
        field.setAccessibleText(messages.text(key));
        field.setPrefWidth(width);
        field.setMinWidth(minWidth);
        field.textProperty().subscribe((before, now) -> model.search().clearStatusText());
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
        MenuItem back = createMenuItem("back", Material2OutlinedAL.COMPUTER, model.loader()::showMachineMap);
        back.visibleProperty().bind(model.loader().importedProperty());
        more.getItems()
                .setAll(
                        back,
                        createMenuItem("open", Material2OutlinedAL.FOLDER_OPEN, this::openFile),
                        createMenuItem("paste", Material2AL.CONTENT_PASTE, this::paste),
                        new SeparatorMenuItem(),
                        createMenuItem(
                                "export.png",
                                Material2OutlinedAL.IMAGE,
                                () -> exportFile("png", () -> MapExport.toPng(canvas))),
                        createMenuItem(
                                "export.svg", null, () -> exportFile("svg", () -> MapExport.toSvg(canvas, model))),
                        createMenuItem("export.text", null, () -> exportFile("txt", model::listingContent)));
        return more;
    }

    /** @param name of the text {@code window.map.NAME}; the ID is {@code map-NAME} with dashes instead of dots */
    private MenuItem createMenuItem(String name, @Nullable Ikon icon, Runnable action) {
        return Controls.createMenuItem(
                "map-" + name.replace('.', '-'), messages.text("window.map." + name), icon, action);
    }

    /** The status text. It can be a long sentence, so it has its own line, shown only while there is a text. */
    private Node createStatusLabel() {
        Label label = Controls.createWrappingLabel("map-answer", "", "map-answer");
        label.textProperty().bind(model.statusTextProperty());
        Controls.bindVisibility(label, model.statusTextProperty().isNotEmpty());
        return label;
    }

    /** The notice about the map with its buttons. */
    private Node createNoticeBar() {
        MapLoader loader = model.loader();
        Label text = Controls.createWrappingLabel("map-message", "");
        text.setGraphic(new FontIcon(Material2OutlinedAL.INFO));
        text.textProperty().bind(loader.messageProperty());
        HBox.setHgrow(text, Priority.ALWAYS);
        Button showFullMap = Controls.createFlatButton(
                "map-show-whole", messages.text("window.map.show-whole"), null, loader::showFullMap);
        Controls.bindVisibility(
                showFullMap,
                loader.fullMapOfferedProperty().and(loader.importedProperty().not()));
        Button back = Controls.createFlatButton(
                "map-back-button", messages.text("window.map.back"), null, loader::showMachineMap);
        Controls.bindVisibility(back, loader.importedProperty());
        HBox notice = Controls.withStyles(new HBox(12, text, showFullMap, back), "bar", "map-note");
        notice.setAlignment(Pos.CENTER_LEFT);
        Controls.bindVisibility(notice, loader.messageProperty().isNotEmpty().or(loader.importedProperty()));
        return notice;
    }

    // Body

    private Node createBody() {
        SplitPane lower = Controls.withStyles(new SplitPane(regionTable, detailsPane), "map-below");
        lower.setDividerPositions(0.62);
        Node overview = new OverviewStrip(model, messages, canvas.paletteProperty());
        VBox upper = Controls.withStyles(
                new VBox(8, createLocationBar(), overview, createControls(), canvasFrame), "map-upper");
        SplitPane body = Controls.withStyles(new SplitPane(upper, lower), "map-body");
        body.setOrientation(Orientation.VERTICAL);
        body.setDividerPositions(0.56);
        model.loader().stateProperty().subscribe(state -> {
            boolean hasAddresses = state == MapLoader.MapPageState.MAP;
            upper.setVisible(hasAddresses);
            upper.setManaged(hasAddresses);
            if (hasAddresses && !body.getItems().contains(upper)) {
                body.getItems().addFirst(upper);
                body.setDividerPositions(0.56);
            } else if (!hasAddresses) {
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
        Runnable updateCrumbs = () -> crumbs.getChildren().setAll(createBreadcrumbs());
        model.viewport().viewRootProperty().subscribe((before, now) -> updateCrumbs.run());
        model.treeProperty().subscribe(tree -> updateCrumbs.run());
        Button overlaps = Controls.withStyles(
                Controls.createButton("map-overlaps", "", Material2MZ.WARNING, () -> model.selectOverlap(1)),
                Styles.SMALL,
                "map-overlaps");
        overlaps.setMinWidth(Region.USE_PREF_SIZE);
        returnFocusToCanvas(overlaps);
        model.treeProperty().subscribe(tree -> {
            overlaps.setText(model.overlapsText());
            overlaps.setVisible(!tree.overlaps().isEmpty());
            overlaps.setManaged(overlaps.isVisible());
        });
        HBox bar = new HBox(10, crumbs, overlaps);
        bar.setAlignment(Pos.CENTER_LEFT);
        bar.setMinHeight(30);
        return bar;
    }

    private List<Node> createBreadcrumbs() {
        List<Node> crumbs = new ArrayList<>();
        List<Integer> path = model.treeProperty()
                .get()
                .pathFromRoot(model.viewport().viewRootProperty().get());
        for (int i = 0; i < path.size(); i++) {
            int item = path.get(i);
            Button crumb = Controls.createButton(
                    "map-crumb-" + i, model.regionMessages().label(item), null, () -> {
                        model.viewport().zoomTo(item);
                        canvas.requestFocus();
                    });
            crumb.setDisable(i == path.size() - 1);
            if (i > 0) {
                crumbs.add(Controls.createLabel("›", "map-quiet"));
            }
            crumbs.add(Controls.withStyles(crumb, Styles.FLAT, Styles.SMALL, "map-crumb"));
        }
        return crumbs;
    }

    private Node createControls() {
        SegmentedButton scales = new SegmentedButton();
        scales.setId("map-scale");
        scales.setAccessibleText(messages.text("window.map.scale"));
        ToggleGroup group = new ToggleGroup();
        scales.setToggleGroup(group);
        for (ScaleMode scale : ScaleMode.values()) {
            ToggleButton button = Controls.withId(
                    "map-scale-" + scale.name(), new ToggleButton(messages.text("window.map.scale." + scale.name())));
            button.getStyleClass().add(Styles.SMALL);
            button.setOnAction(event -> {
                button.setSelected(true);
                model.viewport().scaleProperty().set(scale);
            });
            model.viewport().scaleProperty().subscribe(now -> button.setSelected(now == scale));
            scales.getButtons().add(button);
        }
        Label notToScale = Controls.createLabel(messages.text("window.map.not-to-scale"), "scale-note");
        notToScale.setId("map-not-to-scale");
        notToScale.setMinWidth(Region.USE_PREF_SIZE);
        notToScale.visibleProperty().bind(model.viewport().scaleProperty().isNotEqualTo(ScaleMode.TRUE_SIZE));
        FlowPane controls = new FlowPane(12, 4, scales, notToScale);
        controls.setAlignment(Pos.CENTER_LEFT);
        for (Filter filter : Filter.values()) {
            CheckBox box = new CheckBox(messages.text("window.map.filter." + filter.name()));
            box.setId("map-filter-" + filter.name());
            box.setAccessibleText(messages.text("window.map.show") + " " + box.getText());
            model.viewport().shownFiltersProperty().subscribe(shown -> box.setSelected(shown.contains(filter)));
            box.setOnAction(event -> model.navigation().setFilterShown(filter, box.isSelected()));
            box.getStyleClass().addAll("map-filter", "map-filter-" + KebabCase.of(filter));
            controls.getChildren().add(box);
        }
        controls.setMinHeight(Region.USE_PREF_SIZE);
        returnFocusToCanvas(controls);
        return controls;
    }

    /** Moves the focus to the canvas after a mouse click on a control; keyboard users keep the focus. */
    private void returnFocusToCanvas(Node control) {
        // An event filter, since controls consume mouse events.
        control.addEventFilter(MouseEvent.MOUSE_CLICKED, event -> canvas.requestFocus());
    }

    // Keys

    /** Focuses the canvas as soon as it is shown. */
    public void focusCanvas() {
        Controls.requestFocusOnceShown(canvas);
    }

    /** Names of the shortcuts; their texts are {@code window.map.key.NAME} and {@code window.map.key.NAME.does}. */
    public static List<String> shortcutNames() {
        return List.of(
                "arrows",
                "up-down",
                "enter",
                "backspace",
                "centre",
                "whole",
                "zoom",
                "pan",
                "overlap",
                "find",
                "go-to",
                "copy",
                "copy-parents",
                "paste",
                "pane");
    }

    private void handleKey(KeyEvent event) {
        boolean inTextField = event.getTarget() instanceof TextInputControl;
        boolean handled;
        if (event.isAltDown()) {
            handled = false;
        } else if (event.isShortcutDown()) {
            handled = handleShortcut(event, inTextField);
        } else if (event.getCode() == KeyCode.F6) {
            focusNextPane(event.isShiftDown() ? -1 : 1);
            handled = true;
        } else {
            handled = !inTextField && handlePlainKey(event);
        }
        if (handled) {
            event.consume();
        }
    }

    private boolean handleShortcut(KeyEvent event, boolean inTextField) {
        switch (event.getCode()) {
            case F -> focusField(findField);
            case L -> focusField(goToField);
            case C -> {
                if (inTextField || model.selectionProperty().get() == MapTree.ROOT) {
                    return false;
                }
                copyText(event.isShiftDown() ? model.listingLinesWithParents() : model.listingLine());
            }
            case V -> {
                if (inTextField) {
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
        boolean onCanvas = event.getTarget() == canvas;
        if (!onCanvas && event.getTarget() != regionTable) {
            return false;
        }
        switch (event.getCode()) {
            case F -> model.viewport().centreSelection();
            case DIGIT0, NUMPAD0 -> model.zoomToRoot();
            case PLUS, ADD, EQUALS -> model.viewport().zoomIn();
            case MINUS, SUBTRACT -> model.viewport().zoomOut();
            case O -> model.selectOverlap(event.isShiftDown() ? -1 : 1);
            case ENTER -> model.viewport().zoomTo(model.selectionProperty().get());
            case BACK_SPACE -> model.navigation().zoomToParent();
            default -> {
                return onCanvas && handleArrowKey(event.getCode());
            }
        }
        return true;
    }

    private boolean handleArrowKey(KeyCode code) {
        switch (code) {
            case LEFT -> model.navigation().selectNeighbour(-1);
            case RIGHT -> model.navigation().selectNeighbour(1);
            case UP -> model.navigation().selectParent();
            case DOWN -> model.navigation().selectFirstChild();
            default -> {
                return false;
            }
        }
        return true;
    }

    private void focusNextPane(int step) {
        List<Node> panes = List.of(canvas, regionTable, detailsPane, findField);
        Node owner = getScene().getFocusOwner();
        int current = 0;
        for (int i = 0; i < panes.size(); i++) {
            if (isWithin(owner, panes.get(i))) {
                current = i;
            }
        }
        panes.get(Math.floorMod(current + step, panes.size())).requestFocus();
    }

    /** Marks the focused pane: JavaFX itself marks neither one focused by F6 nor one focused by a click. */
    private void updateFocusRing(@Nullable Node owner) {
        for (Node pane : List.of(canvasFrame, regionTable, detailsPane)) {
            pane.pseudoClassStateChanged(HAS_FOCUS, isWithin(owner, pane));
        }
    }

    private static boolean isWithin(@Nullable Node owner, Node pane) {
        Node ancestor = owner;
        while (ancestor != null && ancestor != pane) {
            ancestor = ancestor.getParent();
        }
        return ancestor != null;
    }

    // Import and export

    private void copyText(String text) {
        Controls.copyToClipboard(text);
        model.showCopied(text);
    }

    private void paste() {
        String text = Clipboard.getSystemClipboard().getString();
        model.loader().importText(text == null ? "" : text, messages.text("window.map.pasted"));
    }

    private Optional<File> chooseFile(String key) {
        FileChooser chooser = new FileChooser();
        chooser.setTitle(messages.text(key));
        return Optional.ofNullable(chooser.showOpenDialog(getScene().getWindow()));
    }

    private void openFile() {
        chooseFile("window.map.open").ifPresent(file -> model.loader().importFile(file.toPath()));
    }

    private void exportFile(String extension, Supplier<MemoryMapViewModel.ExportContent> content) {
        FileChooser chooser = new FileChooser();
        chooser.setInitialFileName("memory-map." + extension);
        Optional.ofNullable(chooser.showSaveDialog(getScene().getWindow()))
                .ifPresent(file -> model.save(file.toPath(), content.get()));
    }

    private void handleDragOver(DragEvent event) {
        Dragboard dragboard = event.getDragboard();
        if (dragboard.getFiles().size() == 1 || dragboard.hasString()) {
            event.acceptTransferModes(TransferMode.COPY);
            event.consume();
        }
    }

    private void handleDrop(DragEvent event) {
        Dragboard dragboard = event.getDragboard();
        if (dragboard.getFiles().size() == 1) {
            model.loader().importFile(dragboard.getFiles().getFirst().toPath());
        } else if (dragboard.hasString()) {
            model.loader().importText(dragboard.getString(), messages.text("window.map.pasted"));
        } else {
            return;
        }
        event.setDropCompleted(true);
        event.consume();
    }
}
