package org.switchback.gui;

import atlantafx.base.theme.Styles;
import java.io.File;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import javafx.beans.binding.Bindings;
import javafx.beans.property.ReadOnlyStringProperty;
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
import org.switchback.client.messages.Messages;
import org.switchback.gui.activity.ActivityView;
import org.switchback.gui.controls.Controls;
import org.switchback.gui.gpus.GpusView;
import org.switchback.gui.memorymap.MemoryMapView;
import org.switchback.gui.readiness.ReadinessView;
import org.switchback.gui.switching.SwitchView;
import org.switchback.gui.switching.SwitchViewModel;

/** The main window: the header, the message bars and the current page. */
final class MainView extends StackPane {
    /** With Alt, key N opens page N. */
    private static final List<KeyCode> PAGE_KEYS =
            List.of(KeyCode.DIGIT1, KeyCode.DIGIT2, KeyCode.DIGIT3, KeyCode.DIGIT4);

    /** Pixels. */
    private static final int LOGO_HEIGHT = 32;

    /** Pixels of the header besides the page buttons, including the name of the application. */
    private static final double HEADER_RESERVED_WIDTH = 400;

    private final MainViewModel model;
    private final Messages messages;
    private final GpusView gpusView;
    private final BorderPane borderPane = new BorderPane();
    private final SegmentedButton pageButtons;
    /** Contains the cards, or the pane of the active switch. */
    private final StackPane gpusPage = new StackPane();
    /** Pages are created lazily: most runs need one of them. */
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
        borderPane.setTop(
                new VBox(createHeader(), createSimulationBar(), createHelperBar(), createNoticeBar(), createQuitBar()));
        gpusPage.getChildren().setAll(gpusView);
        borderPane.setCenter(getOrCreatePage(model.pageProperty().get()));
        getChildren().addAll(borderPane, new KeyboardShortcutsPane(model.shortcutsShownProperty(), messages));
        model.pageProperty().subscribe((before, now) -> {
            borderPane.setCenter(getOrCreatePage(now));
            moveFocus(now);
        });
        model.activeSwitchProperty().subscribe(this::showSwitchPane);
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

    /** Moves the focus from the hidden page to the new one, unless it is on the button of the new page. */
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

    private void showSwitchPane(@Nullable SwitchViewModel oldSwitch, @Nullable SwitchViewModel newSwitch) {
        if (newSwitch != null) {
            SwitchView pane = new SwitchView(newSwitch, messages, messages.text(MainPage.GPUS.titleKey()));
            gpusPage.getChildren().setAll(pane);
            pane.focusPrimaryButton();
        } else {
            gpusPage.getChildren().setAll(gpusView);
            if (oldSwitch != null) {
                gpusView.focusCard(oldSwitch.gpuAddress());
            }
        }
    }

    // The header.

    private Node createHeader() {
        // Twice the resolution, for high-DPI screens.
        ImageView logo = new ImageView(ApplicationIcon.colored(2 * LOGO_HEIGHT));
        logo.setFitHeight(LOGO_HEIGHT);
        logo.setPreserveRatio(true);
        logo.setSmooth(true);
        logo.setAccessibleText(messages.text("window.title"));
        Label name = Controls.createLabel(messages.text("window.title"), "app-name");
        Region gap = new Region();
        HBox.setHgrow(gap, Priority.ALWAYS);
        Button refresh = new Button(null, new FontIcon(Material2OutlinedMZ.REFRESH));
        refresh.setId("refresh");
        refresh.setAccessibleText(messages.text("window.menu.refresh"));
        refresh.getStyleClass().addAll(Styles.BUTTON_ICON, Styles.FLAT);
        refresh.setOnAction(event -> model.refresh());
        refresh.disableProperty().bind(model.idleProperty().not());
        HBox header = new HBox(12, logo, name, pageButtons, gap, refresh, createMenu());
        // A narrow window has no space for the name, which the title bar shows as well.
        Controls.bindVisibility(
                name,
                Bindings.createBooleanBinding(
                        () -> header.getWidth() > HEADER_RESERVED_WIDTH + pageButtons.prefWidth(-1),
                        header.widthProperty(),
                        pageButtons.layoutBoundsProperty()));
        header.setAlignment(Pos.CENTER_LEFT);
        return Controls.withStyles(header, "header");
    }

    private static SegmentedButton createPageButtons(MainViewModel model, Messages messages) {
        SegmentedButton buttons = new SegmentedButton();
        buttons.setId("pages");
        buttons.setAccessibleText(messages.text("window.pages"));
        buttons.setToggleGroup(new ToggleGroup());
        for (MainPage page : MainPage.values()) {
            ToggleButton button = Controls.withId(
                    "page-button-" + page.id(),
                    new ToggleButton(messages.text(page.titleKey()), new FontIcon(page.icon())));
            button.setOnAction(event -> {
                // Pressing the button of the current page again would deselect it.
                button.setSelected(true);
                model.open(page);
            });
            buttons.getButtons().add(button);
        }
        model.pageProperty()
                .subscribe(page -> buttons.getButtons().get(page.ordinal()).setSelected(true));
        return buttons;
    }

    private MenuButton createMenu() {
        Menu samples = new Menu(messages.text("window.menu.samples"), new FontIcon(Material2OutlinedMZ.SCIENCE));
        samples.setId("menu-samples");
        for (MainViewModel.SampleMenuItem sample : model.samples()) {
            samples.getItems()
                    .add(Controls.createMenuItem(
                            "menu-sample-" + sample.name(),
                            sample.title(),
                            null,
                            () -> model.openSample(sample.name())));
        }
        Menu failures = new Menu(messages.text("window.menu.failure"), new FontIcon(Material2OutlinedAL.BUG_REPORT));
        failures.setId("menu-failures");
        failures.visibleProperty().bind(model.simulationShownProperty());
        ToggleGroup failureGroup = new ToggleGroup();
        for (MainViewModel.FailureMenuItem failure : model.failures()) {
            RadioMenuItem item = new RadioMenuItem(failure.title());
            item.setId("menu-failure-" + failure.id());
            item.setToggleGroup(failureGroup);
            item.setUserData(failure.failure());
            item.setOnAction(event -> model.simulateFailure(failure.failure()));
            failures.getItems().add(item);
        }
        failures.setOnShowing(event -> failureGroup.getToggles().stream()
                .filter(toggle -> toggle.getUserData() == model.activeFailure())
                .forEach(failureGroup::selectToggle));
        MenuItem report = Controls.createMenuItem(
                "menu-report",
                messages.text("window.menu.report"),
                Material2OutlinedAL.FOLDER_OPEN,
                () -> chooseReport().ifPresent(file -> model.openReport(file.toPath())));
        report.setAccelerator(new KeyCodeCombination(KeyCode.O, KeyCombination.SHORTCUT_DOWN));
        MenuItem thisMachine = Controls.createMenuItem(
                "menu-this", messages.text("window.menu.this"), Material2OutlinedAL.COMPUTER, model::openThisMachine);
        MenuItem busy = new MenuItem(messages.text("window.menu.busy"));
        busy.setId("menu-busy");
        busy.setDisable(true);
        busy.visibleProperty().bind(model.idleProperty().not());
        CheckMenuItem alwaysShowPlan = new CheckMenuItem(messages.text("window.menu.always-plan"));
        alwaysShowPlan.setId("menu-always-plan");
        alwaysShowPlan.selectedProperty().bindBidirectional(model.alwaysShowPlanProperty());
        MenuItem shortcuts = Controls.createMenuItem(
                "menu-keys",
                messages.text("window.keys"),
                Material2OutlinedAL.KEYBOARD,
                () -> model.shortcutsShownProperty().set(true));
        MenuItem quit = Controls.createMenuItem("menu-quit", messages.text("window.menu.quit"), null, model::quit);
        quit.setAccelerator(new KeyCodeCombination(KeyCode.Q, KeyCombination.SHORTCUT_DOWN));
        for (MenuItem item : List.of(samples, failures, report, thisMachine)) {
            item.disableProperty().bind(model.idleProperty().not());
        }
        MenuButton menu = new MenuButton(null, new FontIcon(Material2OutlinedMZ.MENU));
        menu.getItems()
                .setAll(
                        busy,
                        samples,
                        failures,
                        report,
                        thisMachine,
                        new SeparatorMenuItem(),
                        alwaysShowPlan,
                        shortcuts,
                        quit);
        menu.setId("menu");
        menu.setAccessibleText(messages.text("window.menu"));
        menu.setOnShown(event -> alignMenuRight(menu));
        return Controls.withStyles(menu, Styles.BUTTON_ICON, Styles.FLAT, "no-arrow");
    }

    /** Aligns the right edges: the button is at the right edge of the window, so the menu would extend beyond it. */
    private static void alignMenuRight(MenuButton menu) {
        ContextMenu popup = menu.getItems().getFirst().getParentPopup();
        if (popup != null) {
            popup.setAnchorLocation(PopupWindow.AnchorLocation.CONTENT_TOP_RIGHT);
            popup.setAnchorX(menu.localToScreen(menu.getBoundsInLocal()).getMaxX());
        }
    }

    // Message bars.

    private Node createSimulationBar() {
        return createBar("simulation", Material2OutlinedMZ.SCIENCE, model.simulationMessageProperty(), () -> {
            Button back = Controls.createFlatButton(
                    "simulation-back", messages.text("window.simulation.back"), null, model::openThisMachine);
            back.disableProperty().bind(model.idleProperty().not());
            return List.of(back);
        });
    }

    private Node createHelperBar() {
        return createBar(
                "helper",
                Material2OutlinedAL.INFO,
                model.helperMessageProperty(),
                () -> List.of(Controls.createFlatButton(
                        "helper-refresh", messages.text("window.menu.refresh"), null, model::refresh)));
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
                "quit",
                Material2OutlinedAL.INFO,
                model.quitMessageProperty(),
                () -> List.of(
                        Controls.createFlatButton("quit-now", messages.text("window.leaving.now"), null, model::quit),
                        Controls.createFlatButton(
                                "quit-cancel", messages.text("window.leaving.stay"), null, model::cancelQuit)));
    }

    /** A bar across the window, hidden while its text is empty. */
    private static Node createBar(String id, Ikon icon, ReadOnlyStringProperty text, Supplier<List<Button>> buttons) {
        HBox bar = Controls.withStyles(new HBox(12), "bar", id);
        bar.setId(id + "-bar");
        bar.setAlignment(Pos.CENTER_LEFT);
        Controls.populateWhenShown(bar, text.isNotEmpty(), () -> {
            Label label = Controls.createWrappingLabel(id + "-text", "");
            label.setGraphic(new FontIcon(icon));
            label.textProperty().bind(text);
            HBox.setHgrow(label, Priority.ALWAYS);
            bar.getChildren().add(label);
            bar.getChildren().addAll(buttons.get());
        });
        return bar;
    }

    // Keyboard, and drag and drop.

    /** Enter fires the focused button, as Space does. */
    private static void fireFocusedButton(KeyEvent event) {
        if (event.getCode() == KeyCode.ENTER
                && event.getTarget() instanceof ButtonBase button
                && !(button instanceof MenuButton)) {
            event.consume();
            button.fire();
        }
    }

    /** Escape cancels a pending quit before it reaches the page. */
    private void cancelQuitOnEscape(KeyEvent event) {
        if (event.getCode() == KeyCode.ESCAPE
                && !model.quitMessageProperty().get().isEmpty()) {
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
            // The pane itself consumes the key while it has the focus.
            if (model.pageProperty().get() == MainPage.GPUS
                    && gpusPage.getChildren().getFirst() instanceof SwitchView pane) {
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

    /** Compares the character, since the key of the question mark depends on the keyboard layout. */
    private void handleKeyTyped(KeyEvent event) {
        if (event.getCharacter().equals("?") && !(event.getTarget() instanceof TextInputControl)) {
            event.consume();
            model.shortcutsShownProperty().set(!model.shortcutsShownProperty().get());
        }
    }

    private Optional<File> chooseReport() {
        FileChooser chooser = new FileChooser();
        chooser.setTitle(messages.text("window.menu.report"));
        chooser.getExtensionFilters().add(new FileChooser.ExtensionFilter(messages.text("window.report.files"), "*"));
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
        boolean accepted = model.idleProperty().get() && files.size() == 1;
        if (accepted) {
            model.openReport(files.getFirst().toPath());
        }
        event.setDropCompleted(accepted);
        event.consume();
    }
}
