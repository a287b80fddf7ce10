package org.switchback.gui;

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
import org.switchback.gui.activity.ActivityView;
import org.switchback.gui.controls.Controls;
import org.switchback.gui.gpus.GpusView;
import org.switchback.gui.memorymap.MemoryMapView;
import org.switchback.gui.readiness.ReadinessView;
import org.switchback.gui.switching.SwitchView;
import org.switchback.gui.switching.SwitchViewModel;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.PciAddress;

/** Everything in the main window: header, what is said about the machine as a whole, and the page. */
final class MainView extends StackPane {
    /** With Alt, each opens the page of its place. */
    private static final List<KeyCode> PAGE_KEYS = List.of(KeyCode.DIGIT1, KeyCode.DIGIT2, KeyCode.DIGIT3, KeyCode.DIGIT4);

    /** Height of the product's picture beside its name. */
    private static final int LOGO_HEIGHT = 32;

    /** Pixels that the header needs beside the buttons of the pages for the name of the program and all else. */
    private static final double HEADER_RESERVED_WIDTH = 400;

    private final MainViewModel model;
    private final Messages messages;
    private final GpusView gpusView;
    private final BorderPane borderPane = new BorderPane();
    private final SegmentedButton pageButtons;
    /** The cards, or the pane of the switch that was begun from one of them. */
    private final StackPane gpusPage = new StackPane();
    /** A page is built when it is opened for the first time: most starts need one of them. */
    private final Map<MainPage, Node> pages = new EnumMap<>(MainPage.class);

    MainView(MainViewModel model, Messages messages) {
        this.model = model;
        this.messages = messages;
        this.pageButtons = createPageButtons(model, messages);
        this.gpusView = new GpusView(
                model.gpus(),
                messages,
                model::refresh,
                () -> model.openSample(model.samples().getFirst().name()));
        getStyleClass().add("main");
        borderPane.setTop(new VBox(createHeader(), createSimulationBar(), createHelperBar(), createNoticeBar(), createQuitBar()));
        gpusPage.getChildren().setAll(gpusView);
        borderPane.setCenter(getOrCreatePage(model.pageProperty().get()));
        getChildren().addAll(borderPane, new KeyboardShortcutsPane(model.shortcutsShownProperty(), messages));
        model.pageProperty().addListener((observable, old, now) -> {
            borderPane.setCenter(getOrCreatePage(now));
            moveFocus(now);
        });
        model.activeSwitchProperty().addListener((observable, old, now) -> showSwitchPane(old, now));
        addEventFilter(KeyEvent.KEY_PRESSED, MainView::fireFocusedButton);
        addEventFilter(KeyEvent.KEY_PRESSED, this::cancelQuitOnEscape);
        addEventHandler(KeyEvent.KEY_PRESSED, this::handleShortcut);
        addEventHandler(KeyEvent.KEY_TYPED, this::handleKeyTyped);
        addEventHandler(DragEvent.DRAG_OVER, this::handleDragOver);
        addEventHandler(DragEvent.DRAG_DROPPED, this::handleDragDropped);
    }

    private Node getOrCreatePage(MainPage page) {
        return pages.computeIfAbsent(page, this::createPage);
    }

    private Node createPage(MainPage page) {
        return switch (page) {
            case GPUS -> gpusPage;
            case MEMORY_MAP -> new MemoryMapView(model.memoryMap(), messages);
            case READINESS -> new ReadinessView(model.createReadinessViewModel(), messages, model::refresh);
            case ACTIVITY -> new ActivityView(model.createActivityViewModel(), messages);
        };
    }

    /** To the page that has come into view, unless it is on the button of the page: what it was on is gone. */
    private void moveFocus(MainPage page) {
        Scene scene = getScene();
        ToggleButton button = pageButtons.getButtons().get(page.ordinal());
        if (scene == null || button == scene.getFocusOwner()) {
            return;
        }
        button.requestFocus();
        if (getOrCreatePage(page) instanceof MemoryMapView map) {
            map.focusCanvas();
        } else if (page == MainPage.GPUS) {
            if (gpusPage.getChildren().getFirst() instanceof SwitchView pane) {
                pane.focusPrimaryButton();
            } else {
                model.gpuToFocus().ifPresentOrElse(gpusView::focusCard, gpusView::focusFirstAction);
            }
        }
    }

    private void showSwitchPane(@Nullable SwitchViewModel old, @Nullable SwitchViewModel now) {
        if (now != null) {
            SwitchView pane = new SwitchView(now, messages, messages.text(MainPage.GPUS.titleKey()));
            gpusPage.getChildren().setAll(pane);
            pane.focusPrimaryButton();
        } else {
            gpusPage.getChildren().setAll(gpusView);
            if (old != null) {
                PciAddress gpu = old.gpuAddress();
                gpusView.focusCard(gpu);
            }
        }
    }

    // The header.

    private Node createHeader() {
        // Twice as many pixels as it is high, for screens that have them.
        ImageView mark = new ImageView(ApplicationIcon.colored(2 * LOGO_HEIGHT));
        mark.setFitHeight(LOGO_HEIGHT);
        mark.setPreserveRatio(true);
        mark.setSmooth(true);
        mark.setAccessibleText(messages.text("window.title"));
        Label name = new Label(messages.text("window.title"));
        name.getStyleClass().add("app-name");
        Region gap = new Region();
        HBox.setHgrow(gap, Priority.ALWAYS);
        Button refresh = new Button(null, new FontIcon(Material2OutlinedMZ.REFRESH));
        refresh.setId("refresh");
        refresh.setAccessibleText(messages.text("window.menu.refresh"));
        refresh.getStyleClass().addAll(Styles.BUTTON_ICON, Styles.FLAT);
        refresh.setOnAction(event -> model.refresh());
        refresh.disableProperty().bind(model.idleProperty().not());
        HBox header = new HBox(12, mark, name, pageButtons, gap, refresh, createMenu());
        // In a narrow window the pages need the room; the title bar has the name as well.
        Controls.bindVisibility(
                name,
                Bindings.createBooleanBinding(
                        () -> header.getWidth() > HEADER_RESERVED_WIDTH + pageButtons.prefWidth(-1),
                        header.widthProperty(),
                        pageButtons.layoutBoundsProperty()));
        header.setAlignment(Pos.CENTER_LEFT);
        header.getStyleClass().add("header");
        return header;
    }

    private static SegmentedButton createPageButtons(MainViewModel model, Messages words) {
        SegmentedButton buttons = new SegmentedButton();
        buttons.setId("pages");
        buttons.setAccessibleText(words.text("window.pages"));
        ToggleGroup one = new ToggleGroup();
        buttons.setToggleGroup(one);
        for (MainPage page : MainPage.values()) {
            ToggleButton button = Controls.withId(
                    "page-button-" + page.id(),
                    new ToggleButton(words.text(page.titleKey()), new FontIcon(page.icon())));
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

    private MenuButton createMenu() {
        Menu samples = new Menu(messages.text("window.menu.samples"), new FontIcon(Material2OutlinedMZ.SCIENCE));
        samples.setId("menu-samples");
        for (MainViewModel.SampleMenuItem sample : model.samples()) {
            MenuItem item = createMenuItem("menu-sample-" + sample.name(), sample.title(), null, () -> model.openSample(sample.name()));
            samples.getItems().add(item);
        }
        Menu failures = new Menu(messages.text("window.menu.mishap"), new FontIcon(Material2OutlinedAL.BUG_REPORT));
        failures.setId("menu-mishap");
        failures.visibleProperty().bind(model.simulationShownProperty());
        ToggleGroup one = new ToggleGroup();
        for (MainViewModel.FailureMenuItem failure : model.failures()) {
            RadioMenuItem item = new RadioMenuItem(failure.title());
            item.setId("menu-mishap-" + failure.id());
            item.setToggleGroup(one);
            item.setUserData(failure);
            item.setOnAction(event -> model.openWithFailure(failure));
            failures.getItems().add(item);
        }
        failures.setOnShowing(event -> one.getToggles().stream()
                .filter(toggle -> toggle.getUserData() instanceof MainViewModel.FailureMenuItem failure
                        && model.isActiveFailure(failure))
                .forEach(one::selectToggle));
        MenuItem report = createMenuItem(
                "menu-report",
                messages.text("window.menu.report"),
                Material2OutlinedAL.FOLDER_OPEN,
                () -> chooseReport().ifPresent(file -> model.openReport(file.toPath())));
        report.setAccelerator(new KeyCodeCombination(KeyCode.O, KeyCombination.SHORTCUT_DOWN));
        MenuItem home = createMenuItem(
                "menu-this", messages.text("window.menu.this"), Material2OutlinedAL.COMPUTER, model::openThisMachine);
        MenuItem busy = new MenuItem(messages.text("window.menu.busy"));
        busy.setId("menu-busy");
        busy.setDisable(true);
        busy.visibleProperty().bind(model.idleProperty().not());
        CheckMenuItem always = new CheckMenuItem(messages.text("window.menu.always-plan"));
        always.setId("menu-always-plan");
        always.selectedProperty().bindBidirectional(model.alwaysShowPlanProperty());
        MenuItem keys = createMenuItem(
                "menu-keys", messages.text("window.keys"), Material2OutlinedAL.KEYBOARD, () -> model.shortcutsShownProperty()
                        .set(true));
        MenuItem quit = createMenuItem("menu-quit", messages.text("window.menu.quit"), null, model::quit);
        quit.setAccelerator(new KeyCodeCombination(KeyCode.Q, KeyCombination.SHORTCUT_DOWN));
        for (MenuItem needsPeace : List.of(samples, failures, report, home)) {
            needsPeace.disableProperty().bind(model.idleProperty().not());
        }
        MenuButton menu = new MenuButton(null, new FontIcon(Material2OutlinedMZ.MENU));
        menu.getItems().setAll(busy, samples, failures, report, home, new SeparatorMenuItem(), always, keys, quit);
        menu.setId("menu");
        menu.setAccessibleText(messages.text("window.menu"));
        menu.setOnShown(event -> alignMenuRight(menu));
        menu.getStyleClass().addAll(Styles.BUTTON_ICON, Styles.FLAT, "no-arrow");
        return menu;
    }

    /** At the right edge of the window a menu that opens to the right would leave it. */
    private static void alignMenuRight(MenuButton menu) {
        ContextMenu popup = menu.getItems().getFirst().getParentPopup();
        if (popup != null) {
            popup.setAnchorLocation(PopupWindow.AnchorLocation.CONTENT_TOP_RIGHT);
            popup.setAnchorX(menu.localToScreen(menu.getBoundsInLocal()).getMaxX());
        }
    }

    private static MenuItem createMenuItem(
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

    private Node createSimulationBar() {
        return createBar("ribbon", Material2OutlinedMZ.SCIENCE, model.simulationMessageProperty(), () -> {
            Button back = Controls.createFlatButton("ribbon-back", messages.text("window.ribbon.back"), null, model::openThisMachine);
            back.disableProperty().bind(model.idleProperty().not());
            return List.of(back);
        });
    }

    private Node createHelperBar() {
        return createBar(
                "banner",
                Material2OutlinedAL.INFO,
                model.helperMessageProperty(),
                () -> List.of(
                        Controls.createFlatButton("banner-check", messages.text("window.menu.refresh"), null, model::refresh)));
    }

    private Node createNoticeBar() {
        return createBar(
                "notice",
                Material2OutlinedMZ.WARNING,
                model.noticeProperty(),
                () -> List.of(Controls.createFlatButton(
                        "notice-dismiss", messages.text("window.notice.dismiss"), null, model::dismissNotice)));
    }

    private Node createQuitBar() {
        return createBar(
                "leaving",
                Material2OutlinedAL.INFO,
                model.quitMessageProperty(),
                () -> List.of(
                        Controls.createFlatButton("leaving-now", messages.text("window.leaving.now"), null, model::quit),
                        Controls.createFlatButton("leaving-stay", messages.text("window.leaving.stay"), null, model::cancelQuit)));
    }

    /** A bar across the window, away when there is nothing to say. */
    private static Node createBar(String id, Ikon sign, ObservableStringValue text, Supplier<List<Button>> buttons) {
        HBox bar = new HBox(12);
        bar.setId(id);
        bar.setAlignment(Pos.CENTER_LEFT);
        bar.getStyleClass().addAll("bar", id);
        Controls.populateWhenShown(bar, Bindings.createBooleanBinding(() -> !text.get().isEmpty(), text), () -> {
            bar.getChildren().add(createBarLabel(id, sign, text));
            bar.getChildren().addAll(buttons.get());
        });
        return bar;
    }

    private static Label createBarLabel(String id, Ikon sign, ObservableStringValue text) {
        Label label = new Label(null, new FontIcon(sign));
        label.setId(id + "-text");
        label.textProperty().bind(text);
        Controls.enableWrapping(label);
        label.setMaxWidth(Double.MAX_VALUE);
        HBox.setHgrow(label, Priority.ALWAYS);
        return label;
    }

    // Keys and files.

    /** Enter presses the button that has the keyboard, as the space bar does. */
    private static void fireFocusedButton(KeyEvent event) {
        if (event.getCode() == KeyCode.ENTER
                && event.getTarget() instanceof ButtonBase button
                && !(button instanceof MenuButton)) {
            event.consume();
            button.fire();
        }
    }

    /** While it is to go, Escape is for that, and not for what the window shows. */
    private void cancelQuitOnEscape(KeyEvent event) {
        if (event.getCode() == KeyCode.ESCAPE && !model.quitMessageProperty().get().isEmpty()) {
            event.consume();
            model.cancelQuit();
        }
    }

    private void handleShortcut(KeyEvent event) {
        if (event.isControlDown() || event.isMetaDown()) {
            return;
        }
        int page = PAGE_KEYS.indexOf(event.getCode());
        if (event.isAltDown()) {
            if (page >= 0 && page < MainPage.values().length) {
                event.consume();
                model.open(MainPage.values()[page]);
            }
        } else if (event.getCode() == KeyCode.F5) {
            event.consume();
            model.refresh();
        } else if (event.getCode() == KeyCode.ESCAPE) {
            // Pressed in the pane it does not come here.
            if (model.pageProperty().get() == MainPage.GPUS && gpusPage.getChildren().getFirst() instanceof SwitchView pane) {
                event.consume();
                pane.stopOrLeave();
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
    private void handleKeyTyped(KeyEvent event) {
        if (event.getCharacter().equals("?") && !(event.getTarget() instanceof TextInputControl)) {
            event.consume();
            model.shortcutsShownProperty().set(!model.shortcutsShownProperty().get());
        }
    }

    private Optional<File> chooseReport() {
        FileChooser chooser = new FileChooser();
        chooser.setTitle(messages.text("window.menu.report"));
        chooser.getExtensionFilters()
                .add(new FileChooser.ExtensionFilter(messages.text("window.report.files"), "*"));
        return Optional.ofNullable(chooser.showOpenDialog(getScene().getWindow()));
    }

    private void handleDragOver(DragEvent event) {
        if (model.idleProperty().get() && event.getDragboard().getFiles().size() == 1) {
            event.acceptTransferModes(TransferMode.COPY);
            event.consume();
        }
    }

    private void handleDragDropped(DragEvent event) {
        List<File> files = event.getDragboard().getFiles();
        boolean taken = model.idleProperty().get() && files.size() == 1;
        if (taken) {
            model.openReport(files.getFirst().toPath());
        }
        event.setDropCompleted(taken);
        event.consume();
    }
}
