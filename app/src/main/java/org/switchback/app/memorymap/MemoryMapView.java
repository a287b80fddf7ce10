package org.switchback.app.memorymap;

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
import org.switchback.app.controls.Controls;
import org.switchback.app.words.Words;
import org.switchback.hardware.Spelling;

/** The page of the memory map: what lies where, as a picture, as rows and in words. */
public final class MemoryMapView extends BorderPane {
    /** The pane that the keyboard is in, or a part of it. */
    private static final PseudoClass HAS_KEYS = PseudoClass.getPseudoClass("has-keys");

    private final MemoryMapViewModel model;
    private final Words words;
    private final PictureView picture;
    private final RegionTree tree;
    private final DetailsPane details;
    private final StackPane frame;
    private final TextField find = new TextField();
    private final TextField goTo = new TextField();

    public MemoryMapView(MemoryMapViewModel model, Words words) {
        this.model = model;
        this.words = words;
        setId("page-memory-map");
        getStyleClass().addAll("page", "map-page");
        picture = new PictureView(model, words);
        tree = new RegionTree(model, words);
        details = new DetailsPane(
                model, words, () -> copy(model.line()), () -> copy(model.forBugReport()));
        frame = new StackPane(picture);
        setCenter(body());
        setTop(new VBox(bar(), answer(), note()));
        sceneProperty().flatMap(Scene::focusOwnerProperty).subscribe(this::ring);
        addEventFilter(KeyEvent.KEY_PRESSED, this::pressed);
        sceneProperty().subscribe(now -> {
            if (now == null) {
                model.forgetAnswer();
            }
        });
        addEventHandler(DragEvent.DRAG_OVER, this::dragged);
        addEventHandler(DragEvent.DRAG_DROPPED, this::dropped);
        model.open();
    }

    // What there is to press.

    private Node bar() {
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
        field(find, "map-find", "window.map.find", 90, 232);
        find.setAccessibleText(words.text("window.map.find.accessible"));
        find.setOnAction(event -> model.find(find.getText(), 1));
        // In the smallest window an address below 4 GiB still fits.
        field(goTo, "map-go-to", "window.map.go-to", 116, 130);
        goTo.setOnAction(event -> model.goTo(goTo.getText()));
        Button compare = Controls.button(
                "map-compare",
                words.text("window.map.compare"),
                Material2AL.COMPARE_ARROWS,
                () -> choose("window.map.compare").ifPresent(file -> model.compareWith(file.toPath())));
        compare.setMinWidth(Region.USE_PREF_SIZE);
        HBox bar = new HBox(10, title, find, goTo, compare, more());
        bar.setAlignment(Pos.CENTER_LEFT);
        bar.getStyleClass().add("map-bar");
        return bar;
    }

    private void field(TextField field, String id, String key, double least, double width) {
        field.setId(id);
        field.setPromptText(words.text(key));
        field.setAccessibleText(words.text(key));
        field.setPrefWidth(width);
        field.setMinWidth(least);
        field.textProperty().addListener((observable, before, now) -> model.forgetAnswer());
        field.addEventHandler(KeyEvent.KEY_PRESSED, event -> {
            if (event.getCode() == KeyCode.ESCAPE) {
                event.consume();
                picture.requestFocus();
            }
        });
    }

    private MenuButton more() {
        MenuButton more = new MenuButton(null, new FontIcon(Material2MZ.MORE_HORIZ));
        more.setId("map-more");
        more.setAccessibleText(words.text("window.map.more-actions"));
        more.getStyleClass().addAll(Styles.BUTTON_ICON, "no-arrow");
        MenuItem back = item("map-back", "window.map.back", Material2OutlinedAL.COMPUTER, model::backToMachine);
        back.visibleProperty().bind(model.importedProperty());
        more.getItems()
                .setAll(
                        back,
                        item("map-open", "window.map.open", Material2OutlinedAL.FOLDER_OPEN, () -> choose("window.map.open")
                                .ifPresent(file -> model.importFile(file.toPath()))),
                        item("map-paste", "window.map.paste", Material2AL.CONTENT_PASTE, this::paste),
                        new SeparatorMenuItem(),
                        item("map-export-png", "window.map.export.png", Material2OutlinedAL.IMAGE, () -> export(
                                "png", this::png)),
                        item("map-export-svg", "window.map.export.svg", null, () -> export("svg", this::svg)),
                        item("map-export-text", "window.map.export.text", null, () -> export("txt", model::textFile)));
        return more;
    }

    private MenuItem item(String id, String key, @Nullable Ikon sign, Runnable run) {
        MenuItem item = new MenuItem(words.text(key));
        item.setId(id);
        if (sign != null) {
            item.setGraphic(new FontIcon(sign));
        }
        item.setOnAction(event -> run.run());
        return item;
    }

    /** What came of a search. It may be a long sentence, so it has a line of its own while there is one. */
    private Node answer() {
        Label answer = new Label();
        answer.setId("map-answer");
        answer.textProperty().bind(model.answerProperty());
        Controls.wrap(answer);
        answer.setMaxWidth(Double.MAX_VALUE);
        answer.getStyleClass().add("map-answer");
        Controls.showWhen(answer, model.answerProperty().isNotEmpty());
        return answer;
    }

    /** What is to be said about the map, and what can be done about it. */
    private Node note() {
        Label text = new Label(null, new FontIcon(Material2OutlinedAL.INFO));
        text.setId("map-message");
        text.textProperty().bind(model.messageProperty());
        Controls.wrap(text);
        text.setMaxWidth(Double.MAX_VALUE);
        HBox.setHgrow(text, Priority.ALWAYS);
        Button whole = Controls.flat("map-show-whole", words.text("window.map.show-whole"), null, model::showWhole);
        Controls.showWhen(whole, model.wholeOfferedProperty().and(model.importedProperty().not()));
        Button back = Controls.flat("map-back-button", words.text("window.map.back"), null, model::backToMachine);
        Controls.showWhen(back, model.importedProperty());
        HBox note = new HBox(12, text, whole, back);
        note.setAlignment(Pos.CENTER_LEFT);
        note.getStyleClass().addAll("bar", "map-note");
        Controls.showWhen(note, model.messageProperty().isNotEmpty().or(model.importedProperty()));
        return note;
    }

    // What is shown.

    private Node body() {
        SplitPane below = new SplitPane(tree, details);
        below.setDividerPositions(0.62);
        below.getStyleClass().add("map-below");
        VBox upper = new VBox(8, where(), overview(), controls(), canvas());
        upper.getStyleClass().add("map-upper");
        SplitPane body = new SplitPane(upper, below);
        body.setOrientation(Orientation.VERTICAL);
        body.setDividerPositions(0.56);
        body.getStyleClass().add("map-body");
        model.stateProperty().subscribe(now -> {
            boolean drawn = now == MemoryMapViewModel.State.MAP;
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

    private Node where() {
        HBox crumbs = new HBox(2);
        crumbs.setId("map-breadcrumb");
        crumbs.setAccessibleText(words.text("window.map.breadcrumb"));
        crumbs.setAlignment(Pos.CENTER_LEFT);
        crumbs.setMinWidth(0);
        HBox.setHgrow(crumbs, Priority.ALWAYS);
        Runnable lead = () -> crumbs.getChildren().setAll(crumbs());
        model.focusProperty().addListener((observable, before, now) -> lead.run());
        model.treeProperty().addListener((observable, before, now) -> lead.run());
        lead.run();
        Button overlaps = Controls.button("map-overlaps", "", Material2MZ.WARNING, () -> model.selectOverlap(1));
        overlaps.getStyleClass().addAll(Styles.SMALL, "map-overlaps");
        overlaps.setMinWidth(Region.USE_PREF_SIZE);
        giveKeysBack(overlaps);
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

    private List<Node> crumbs() {
        List<Node> crumbs = new ArrayList<>();
        List<Integer> path = model.treeProperty().get().path(model.focusProperty().get());
        for (int i = 0; i < path.size(); i++) {
            int item = path.get(i);
            Button crumb = Controls.button("map-crumb-" + i, model.itemWords().label(item), null, () -> {
                model.zoomTo(item);
                picture.requestFocus();
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

    private Node overview() {
        return new OverviewStrip(model, words, picture.paletteProperty());
    }

    private Node controls() {
        SegmentedButton scales = new SegmentedButton();
        scales.setId("map-scale");
        scales.setAccessibleText(words.text("window.map.scale"));
        ToggleGroup one = new ToggleGroup();
        scales.setToggleGroup(one);
        for (Scale scale : Scale.values()) {
            ToggleButton button = Controls.named(
                    "map-scale-" + scale.name(), new ToggleButton(words.text("window.map.scale." + scale.name())));
            button.getStyleClass().add(Styles.SMALL);
            button.setSelected(model.scaleProperty().get() == scale);
            button.setOnAction(event -> {
                button.setSelected(true);
                model.scaleProperty().set(scale);
            });
            model.scaleProperty().addListener((observable, before, now) -> button.setSelected(now == scale));
            scales.getButtons().add(button);
        }
        Label honest = new Label(words.text("window.map.not-to-scale"));
        honest.setId("map-not-to-scale");
        honest.getStyleClass().add("scale-note");
        honest.setMinWidth(Region.USE_PREF_SIZE);
        honest.visibleProperty().bind(model.scaleProperty().isNotEqualTo(Scale.TRUE_SIZE));
        FlowPane controls = new FlowPane(12, 4, scales, honest);
        controls.setAlignment(Pos.CENTER_LEFT);
        for (Filter filter : Filter.values()) {
            CheckBox box = new CheckBox(words.text("window.map.filter." + filter.name()));
            box.setId("map-filter-" + filter.name());
            box.setAccessibleText(words.text("window.map.show") + " " + box.getText());
            model.shownProperty().subscribe(now -> box.setSelected(now.contains(filter)));
            box.setOnAction(event -> model.filter(filter, box.isSelected()));
            box.getStyleClass().addAll("map-filter", "map-filter-" + Spelling.of(filter));
            controls.getChildren().add(box);
        }
        controls.setMinHeight(Region.USE_PREF_SIZE);
        giveKeysBack(controls);
        return controls;
    }

    /** Who clicks goes on with the keys of the map; who got here with the keyboard stays here. */
    private void giveKeysBack(Node clicked) {
        // A filter, since a control keeps the events of the mouse to itself.
        clicked.addEventFilter(MouseEvent.MOUSE_CLICKED, event -> picture.requestFocus());
    }

    private Node canvas() {
        frame.getStyleClass().add("map-frame");
        frame.setMinHeight(130);
        VBox.setVgrow(frame, Priority.ALWAYS);
        return frame;
    }

    // Keys.

    /** Puts the keyboard on the picture, as soon as there is one. */
    public void focusFirst() {
        Controls.focus(picture);
    }

    /** All of them, as the names of their texts: {@code window.map.key.NAME} and {@code window.map.key.NAME.does}. */
    public static List<String> keys() {
        return List.of(
                "arrows", "up-down", "enter", "backspace", "centre", "whole", "zoom", "pan", "overlap", "find", "go-to",
                "copy", "copy-parents", "paste", "pane");
    }

    private void pressed(KeyEvent event) {
        boolean writing = event.getTarget() instanceof TextInputControl;
        boolean taken;
        if (event.isAltDown()) {
            taken = false;
        } else if (event.isShortcutDown()) {
            taken = shortcut(event, writing);
        } else if (event.getCode() == KeyCode.F6) {
            nextPane(event.isShiftDown() ? -1 : 1);
            taken = true;
        } else {
            taken = !writing && plain(event);
        }
        if (taken) {
            event.consume();
        }
    }

    private boolean shortcut(KeyEvent event, boolean writing) {
        switch (event.getCode()) {
            case F -> focus(find);
            case L -> focus(goTo);
            case C -> {
                if (writing || model.selectionProperty().get() == MapTree.WHOLE) {
                    return false;
                }
                copy(event.isShiftDown() ? model.lineWithParents() : model.line());
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

    private static void focus(TextField field) {
        field.requestFocus();
        field.selectAll();
    }

    private boolean plain(KeyEvent event) {
        boolean onPicture = event.getTarget() == picture;
        boolean onTree = event.getTarget() == tree;
        if (!onPicture && !onTree) {
            return false;
        }
        switch (event.getCode()) {
            case F -> model.centre();
            case DIGIT0, NUMPAD0 -> model.whole();
            case PLUS, ADD, EQUALS -> model.zoomIn();
            case MINUS, SUBTRACT -> model.zoomOut();
            case O -> model.selectOverlap(event.isShiftDown() ? -1 : 1);
            case ENTER -> model.zoomTo(model.selectionProperty().get());
            case BACK_SPACE -> model.up();
            default -> {
                return onPicture && arrow(event.getCode());
            }
        }
        return true;
    }

    private boolean arrow(KeyCode code) {
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

    private void nextPane(int step) {
        List<Node> panes = List.of(picture, tree, details, find);
        Node owner = getScene().getFocusOwner();
        int at = 0;
        for (int i = 0; i < panes.size(); i++) {
            if (within(owner, panes.get(i))) {
                at = i;
            }
        }
        panes.get(Math.floorMod(at + step, panes.size())).requestFocus();
    }

    /** Shows where the keys go: the toolkit itself marks neither what F6 nor what a click has focused. */
    private void ring(@Nullable Node owner) {
        for (Node pane : List.of(frame, tree, details)) {
            pane.pseudoClassStateChanged(HAS_KEYS, within(owner, pane));
        }
    }

    private static boolean within(@Nullable Node owner, Node pane) {
        Node at = owner;
        while (at != null && at != pane) {
            at = at.getParent();
        }
        return at != null;
    }

    // In and out.

    private void copy(String text) {
        Controls.copy(text);
        model.copied(text);
    }

    private void paste() {
        String text = Clipboard.getSystemClipboard().getString();
        model.importText(text == null ? "" : text, words.text("window.map.pasted"));
    }

    private Optional<File> choose(String key) {
        FileChooser chooser = new FileChooser();
        chooser.setTitle(words.text(key));
        return Optional.ofNullable(chooser.showOpenDialog(getScene().getWindow()));
    }

    /** Makes the content of a file, on the drawing thread; what it gives is made into bytes away from it. */
    private interface Export {
        MemoryMapViewModel.Content make();
    }

    private void export(String ending, Export what) {
        FileChooser chooser = new FileChooser();
        chooser.setInitialFileName("memory-map." + ending);
        Optional.ofNullable(chooser.showSaveDialog(getScene().getWindow()))
                .ifPresent(file -> model.save(file.toPath(), what.make()));
    }

    private MemoryMapViewModel.Content png() {
        return PictureExport.png(picture);
    }

    private MemoryMapViewModel.Content svg() {
        return PictureExport.svg(picture, model);
    }

    private void dragged(DragEvent event) {
        Dragboard board = event.getDragboard();
        if (board.getFiles().size() == 1 || board.hasString()) {
            event.acceptTransferModes(TransferMode.COPY);
            event.consume();
        }
    }

    private void dropped(DragEvent event) {
        Dragboard board = event.getDragboard();
        if (board.getFiles().size() == 1) {
            model.importFile(board.getFiles().getFirst().toPath());
        } else if (board.hasString()) {
            model.importText(board.getString(), words.text("window.map.pasted"));
        } else {
            return;
        }
        event.setDropCompleted(true);
        event.consume();
    }
}
