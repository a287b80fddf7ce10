package org.switchback.app;

import atlantafx.base.theme.Styles;
import java.io.File;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import javafx.beans.binding.Bindings;
import javafx.beans.value.ObservableStringValue;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.Scene;
import javafx.scene.control.Button;
import javafx.scene.control.ButtonBase;
import javafx.scene.control.CheckMenuItem;
import javafx.scene.control.ContextMenu;
import javafx.scene.control.Label;
import javafx.scene.control.Menu;
import javafx.scene.control.MenuButton;
import javafx.scene.control.MenuItem;
import javafx.scene.control.RadioMenuItem;
import javafx.scene.control.SeparatorMenuItem;
import javafx.scene.control.TextInputControl;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.ToggleGroup;
import javafx.scene.image.ImageView;
import javafx.scene.input.DragEvent;
import javafx.scene.input.KeyCode;
import javafx.scene.input.KeyCodeCombination;
import javafx.scene.input.KeyCombination;
import javafx.scene.input.KeyEvent;
import javafx.scene.input.TransferMode;
import javafx.scene.layout.BorderPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.stage.FileChooser;
import javafx.stage.PopupWindow;
import org.controlsfx.control.SegmentedButton;
import org.jspecify.annotations.Nullable;
import org.kordamp.ikonli.Ikon;
import org.kordamp.ikonli.javafx.FontIcon;
import org.kordamp.ikonli.material2.Material2OutlinedAL;
import org.kordamp.ikonli.material2.Material2OutlinedMZ;
import org.switchback.app.activity.ActivityView;
import org.switchback.app.controls.Controls;
import org.switchback.app.gpus.GpusView;
import org.switchback.app.memorymap.MemoryMapView;
import org.switchback.app.readiness.ReadinessView;
import org.switchback.app.switching.SwitchView;
import org.switchback.app.switching.SwitchViewModel;
import org.switchback.app.words.Words;
import org.switchback.hardware.PciAddress;

/** Everything in the main window: header, what is said about the machine as a whole, and the page. */
final class MainView extends StackPane {
    /** With Alt, each opens the page of its place. */
    private static final List<KeyCode> PAGE_KEYS = List.of(KeyCode.DIGIT1, KeyCode.DIGIT2, KeyCode.DIGIT3, KeyCode.DIGIT4);

    /** Height of the product's picture beside its name. */
    private static final int MARK = 32;

    /** Pixels that the header needs beside the buttons of the pages for the name of the program and all else. */
    private static final double NARROW = 400;

    private final MainViewModel model;
    private final Words words;
    private final GpusView gpus;
    private final BorderPane frame = new BorderPane();
    private final SegmentedButton pageButtons;
    /** The cards, or the pane of the switch that was begun from one of them. */
    private final StackPane gpusPage = new StackPane();
    /** A page is built when it is opened for the first time: most starts need one of them. */
    private final Map<Page, Node> pages = new EnumMap<>(Page.class);

    MainView(MainViewModel model, Words words) {
        this.model = model;
        this.words = words;
        this.pageButtons = pageButtons(model, words);
        this.gpus = new GpusView(
                model.gpus(),
                words,
                model::refresh,
                () -> model.openSample(model.samples().getFirst().name()));
        getStyleClass().add("main");
        frame.setTop(new VBox(header(), ribbon(), banner(), notice(), leaving()));
        gpusPage.getChildren().setAll(gpus);
        frame.setCenter(page(model.pageProperty().get()));
        getChildren().addAll(frame, new KeyList(model.keysShownProperty(), words));
        model.pageProperty().addListener((observable, old, now) -> {
            frame.setCenter(page(now));
            moveKeyboard(now);
        });
        model.switchingProperty().addListener((observable, old, now) -> switchPane(old, now));
        addEventFilter(KeyEvent.KEY_PRESSED, MainView::pressFocused);
        addEventFilter(KeyEvent.KEY_PRESSED, this::stay);
        addEventHandler(KeyEvent.KEY_PRESSED, this::shortcut);
        addEventHandler(KeyEvent.KEY_TYPED, this::typed);
        addEventHandler(DragEvent.DRAG_OVER, this::dragged);
        addEventHandler(DragEvent.DRAG_DROPPED, this::dropped);
    }

    private Node page(Page page) {
        return pages.computeIfAbsent(page, this::build);
    }

    private Node build(Page page) {
        return switch (page) {
            case GPUS -> gpusPage;
            case MEMORY_MAP -> new MemoryMapView(model.memoryMap(), words);
            case READINESS -> new ReadinessView(model.readiness(), words, model::refresh);
            case ACTIVITY -> new ActivityView(model.activity(), words);
        };
    }

    /** To the page that has come into view, unless it is on the button of the page: what it was on is gone. */
    private void moveKeyboard(Page page) {
        Scene scene = getScene();
        ToggleButton button = pageButtons.getButtons().get(page.ordinal());
        if (scene == null || button == scene.getFocusOwner()) {
            return;
        }
        button.requestFocus();
        if (page(page) instanceof MemoryMapView map) {
            map.focusFirst();
        } else if (page == Page.GPUS) {
            if (gpusPage.getChildren().getFirst() instanceof SwitchView pane) {
                pane.focusMain();
            } else {
                model.wantedGpu().ifPresentOrElse(gpus::focus, gpus::focusFirst);
            }
        }
    }

    private void switchPane(@Nullable SwitchViewModel old, @Nullable SwitchViewModel now) {
        if (now != null) {
            SwitchView pane = new SwitchView(now, words, words.text(Page.GPUS.key()));
            gpusPage.getChildren().setAll(pane);
            pane.focusMain();
        } else {
            gpusPage.getChildren().setAll(gpus);
            if (old != null) {
                PciAddress gpu = old.address();
                gpus.focus(gpu);
            }
        }
    }

    // The header.

    private Node header() {
        // Twice as many pixels as it is high, for screens that have them.
        ImageView mark = new ImageView(ProductIcon.colored(2 * MARK));
        mark.setFitHeight(MARK);
        mark.setPreserveRatio(true);
        mark.setSmooth(true);
        mark.setAccessibleText(words.text("window.title"));
        Label name = new Label(words.text("window.title"));
        name.getStyleClass().add("app-name");
        Region gap = new Region();
        HBox.setHgrow(gap, Priority.ALWAYS);
        Button refresh = new Button(null, new FontIcon(Material2OutlinedMZ.REFRESH));
        refresh.setId("refresh");
        refresh.setAccessibleText(words.text("window.menu.refresh"));
        refresh.getStyleClass().addAll(Styles.BUTTON_ICON, Styles.FLAT);
        refresh.setOnAction(event -> model.refresh());
        refresh.disableProperty().bind(model.freeProperty().not());
        HBox header = new HBox(12, mark, name, pageButtons, gap, refresh, menu());
        // In a narrow window the pages need the room; the title bar has the name as well.
        Controls.showWhen(
                name,
                Bindings.createBooleanBinding(
                        () -> header.getWidth() > NARROW + pageButtons.prefWidth(-1),
                        header.widthProperty(),
                        pageButtons.layoutBoundsProperty()));
        header.setAlignment(Pos.CENTER_LEFT);
        header.getStyleClass().add("header");
        return header;
    }

    private static SegmentedButton pageButtons(MainViewModel model, Words words) {
        SegmentedButton buttons = new SegmentedButton();
        buttons.setId("pages");
        buttons.setAccessibleText(words.text("window.pages"));
        ToggleGroup one = new ToggleGroup();
        buttons.setToggleGroup(one);
        for (Page page : Page.values()) {
            ToggleButton button = Controls.named(
                    "page-button-" + page.id(),
                    new ToggleButton(words.text(page.key()), new FontIcon(page.sign())));
            button.setOnAction(event -> {
                // One page is always chosen, also when its button is pressed again.
                button.setSelected(true);
                model.open(page);
            });
            buttons.getButtons().add(button);
        }
        Runnable mark = () -> buttons.getButtons().get(model.pageProperty().get().ordinal()).setSelected(true);
        mark.run();
        model.pageProperty().addListener((observable, old, now) -> mark.run());
        return buttons;
    }

    private MenuButton menu() {
        Menu samples = new Menu(words.text("window.menu.samples"), new FontIcon(Material2OutlinedMZ.SCIENCE));
        samples.setId("menu-samples");
        for (MainViewModel.Sample sample : model.samples()) {
            MenuItem item = item("menu-sample-" + sample.name(), sample.title(), null, () -> model.openSample(sample.name()));
            samples.getItems().add(item);
        }
        Menu failures = new Menu(words.text("window.menu.mishap"), new FontIcon(Material2OutlinedAL.BUG_REPORT));
        failures.setId("menu-mishap");
        failures.visibleProperty().bind(model.elsewhereProperty());
        ToggleGroup one = new ToggleGroup();
        for (MainViewModel.Failure failure : model.failures()) {
            RadioMenuItem item = new RadioMenuItem(failure.title());
            item.setId("menu-mishap-" + failure.id());
            item.setToggleGroup(one);
            item.setUserData(failure);
            item.setOnAction(event -> model.tryFailure(failure));
            failures.getItems().add(item);
        }
        failures.setOnShowing(event -> one.getToggles().stream()
                .filter(toggle -> toggle.getUserData() instanceof MainViewModel.Failure failure
                        && model.goesWrong(failure))
                .forEach(one::selectToggle));
        MenuItem report = item(
                "menu-report",
                words.text("window.menu.report"),
                Material2OutlinedAL.FOLDER_OPEN,
                () -> chooseReport().ifPresent(file -> model.openReport(file.toPath())));
        report.setAccelerator(new KeyCodeCombination(KeyCode.O, KeyCombination.SHORTCUT_DOWN));
        MenuItem home = item(
                "menu-this", words.text("window.menu.this"), Material2OutlinedAL.COMPUTER, model::openThisMachine);
        MenuItem busy = new MenuItem(words.text("window.menu.busy"));
        busy.setId("menu-busy");
        busy.setDisable(true);
        busy.visibleProperty().bind(model.freeProperty().not());
        CheckMenuItem always = new CheckMenuItem(words.text("window.menu.always-plan"));
        always.setId("menu-always-plan");
        always.selectedProperty().bindBidirectional(model.alwaysPlanProperty());
        MenuItem keys = item(
                "menu-keys", words.text("window.keys"), Material2OutlinedAL.KEYBOARD, () -> model.keysShownProperty()
                        .set(true));
        MenuItem quit = item("menu-quit", words.text("window.menu.quit"), null, model::quit);
        quit.setAccelerator(new KeyCodeCombination(KeyCode.Q, KeyCombination.SHORTCUT_DOWN));
        for (MenuItem needsPeace : List.of(samples, failures, report, home)) {
            needsPeace.disableProperty().bind(model.freeProperty().not());
        }
        MenuButton menu = new MenuButton(null, new FontIcon(Material2OutlinedMZ.MENU));
        menu.getItems().setAll(busy, samples, failures, report, home, new SeparatorMenuItem(), always, keys, quit);
        menu.setId("menu");
        menu.setAccessibleText(words.text("window.menu"));
        menu.setOnShown(event -> alignRight(menu));
        menu.getStyleClass().addAll(Styles.BUTTON_ICON, Styles.FLAT, "no-arrow");
        return menu;
    }

    /** At the right edge of the window a menu that opens to the right would leave it. */
    private static void alignRight(MenuButton menu) {
        ContextMenu popup = menu.getItems().getFirst().getParentPopup();
        if (popup != null) {
            popup.setAnchorLocation(PopupWindow.AnchorLocation.CONTENT_TOP_RIGHT);
            popup.setAnchorX(menu.localToScreen(menu.getBoundsInLocal()).getMaxX());
        }
    }

    private static MenuItem item(
            String id, String text, @Nullable Ikon sign, Runnable run) {
        MenuItem item = new MenuItem(text);
        item.setId(id);
        if (sign != null) {
            item.setGraphic(new FontIcon(sign));
        }
        item.setOnAction(event -> run.run());
        return item;
    }

    // What is said about the machine as a whole.

    private Node ribbon() {
        return bar("ribbon", Material2OutlinedMZ.SCIENCE, model.ribbonProperty(), () -> {
            Button back = Controls.flat("ribbon-back", words.text("window.ribbon.back"), null, model::openThisMachine);
            back.disableProperty().bind(model.freeProperty().not());
            return List.of(back);
        });
    }

    private Node banner() {
        return bar(
                "banner",
                Material2OutlinedAL.INFO,
                model.bannerProperty(),
                () -> List.of(
                        Controls.flat("banner-check", words.text("window.menu.refresh"), null, model::refresh)));
    }

    private Node notice() {
        return bar(
                "notice",
                Material2OutlinedMZ.WARNING,
                model.noticeProperty(),
                () -> List.of(Controls.flat(
                        "notice-dismiss", words.text("window.notice.dismiss"), null, model::dismissNotice)));
    }

    private Node leaving() {
        return bar(
                "leaving",
                Material2OutlinedAL.INFO,
                model.leavingProperty(),
                () -> List.of(
                        Controls.flat("leaving-now", words.text("window.leaving.now"), null, model::quit),
                        Controls.flat("leaving-stay", words.text("window.leaving.stay"), null, model::stay)));
    }

    /** A bar across the window, away when there is nothing to say. */
    private static Node bar(String id, Ikon sign, ObservableStringValue text, Supplier<List<Button>> buttons) {
        HBox bar = new HBox(12);
        bar.setId(id);
        bar.setAlignment(Pos.CENTER_LEFT);
        bar.getStyleClass().addAll("bar", id);
        Controls.fillWhen(bar, Bindings.createBooleanBinding(() -> !text.get().isEmpty(), text), () -> {
            bar.getChildren().add(barText(id, sign, text));
            bar.getChildren().addAll(buttons.get());
        });
        return bar;
    }

    private static Label barText(String id, Ikon sign, ObservableStringValue text) {
        Label label = new Label(null, new FontIcon(sign));
        label.setId(id + "-text");
        label.textProperty().bind(text);
        Controls.wrap(label);
        label.setMaxWidth(Double.MAX_VALUE);
        HBox.setHgrow(label, Priority.ALWAYS);
        return label;
    }

    // Keys and files.

    /** Enter presses the button that has the keyboard, as the space bar does. */
    private static void pressFocused(KeyEvent event) {
        if (event.getCode() == KeyCode.ENTER
                && event.getTarget() instanceof ButtonBase button
                && !(button instanceof MenuButton)) {
            event.consume();
            button.fire();
        }
    }

    /** While it is to go, Escape is for that, and not for what the window shows. */
    private void stay(KeyEvent event) {
        if (event.getCode() == KeyCode.ESCAPE && !model.leavingProperty().get().isEmpty()) {
            event.consume();
            model.stay();
        }
    }

    private void shortcut(KeyEvent event) {
        if (event.isControlDown() || event.isMetaDown()) {
            return;
        }
        int page = PAGE_KEYS.indexOf(event.getCode());
        if (event.isAltDown()) {
            if (page >= 0 && page < Page.values().length) {
                event.consume();
                model.open(Page.values()[page]);
            }
        } else if (event.getCode() == KeyCode.F5) {
            event.consume();
            model.refresh();
        } else if (event.getCode() == KeyCode.ESCAPE) {
            // Pressed in the pane it does not come here.
            if (model.pageProperty().get() == Page.GPUS && gpusPage.getChildren().getFirst() instanceof SwitchView pane) {
                event.consume();
                pane.escape();
            }
        } else if (event.getCode() == KeyCode.F10) {
            event.consume();
            if (lookup("#menu") instanceof MenuButton menu) {
                menu.requestFocus();
                menu.show();
            }
        }
    }

    /** By character: on many keyboards the question mark is somewhere else. */
    private void typed(KeyEvent event) {
        if (event.getCharacter().equals("?") && !(event.getTarget() instanceof TextInputControl)) {
            event.consume();
            model.keysShownProperty().set(!model.keysShownProperty().get());
        }
    }

    private Optional<File> chooseReport() {
        FileChooser chooser = new FileChooser();
        chooser.setTitle(words.text("window.menu.report"));
        chooser.getExtensionFilters()
                .add(new FileChooser.ExtensionFilter(words.text("window.report.files"), "*"));
        return Optional.ofNullable(chooser.showOpenDialog(getScene().getWindow()));
    }

    private void dragged(DragEvent event) {
        if (model.freeProperty().get() && event.getDragboard().getFiles().size() == 1) {
            event.acceptTransferModes(TransferMode.COPY);
            event.consume();
        }
    }

    private void dropped(DragEvent event) {
        List<File> files = event.getDragboard().getFiles();
        boolean taken = model.freeProperty().get() && files.size() == 1;
        if (taken) {
            model.openReport(files.getFirst().toPath());
        }
        event.setDropCompleted(taken);
        event.consume();
    }
}
