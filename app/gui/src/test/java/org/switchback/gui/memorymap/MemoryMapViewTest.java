package org.switchback.gui.memorymap;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import javafx.event.Event;
import javafx.geometry.Bounds;
import javafx.geometry.Point2D;
import javafx.scene.AccessibleAttribute;
import javafx.scene.Node;
import javafx.scene.control.CheckBox;
import javafx.scene.control.TextField;
import javafx.scene.control.Tooltip;
import javafx.scene.control.TreeItem;
import javafx.scene.control.TreeTableRow;
import javafx.scene.input.Clipboard;
import javafx.scene.input.KeyCode;
import javafx.scene.input.MouseButton;
import javafx.scene.input.ScrollEvent;
import javafx.scene.layout.BorderStroke;
import javafx.scene.layout.Region;
import javafx.scene.paint.Color;
import javafx.scene.shape.Rectangle;
import javafx.scene.text.Text;
import javafx.stage.Window;
import javax.imageio.ImageIO;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.switchback.gui.TestWindow;
import org.switchback.gui.WindowTestCase;
import org.testfx.api.FxRobot;

class MemoryMapViewTest extends WindowTestCase {
    private MemoryMapViewModel model;

    @BeforeEach
    void openDefaultSample() {
        openSample("x99-gtx1080");
        model = window.model().memoryMap();
    }

    private MapCanvas openMapPage() {
        window.node("page-button-memory-map");
        window.fire("page-button-memory-map");
        MapCanvas canvas = window.node("map-picture", MapCanvas.class);
        TestWindow.waitUntil("the map is drawn", () -> !canvas.boxes().isEmpty());
        runOnFxThread(canvas::requestFocus);
        window.waitForFocus("map-picture");
        return canvas;
    }

    private void press(FxRobot robot, KeyCode... keys) {
        robot.push(keys);
        TestWindow.waitForFxEvents();
    }

    private static void runOnFxThread(Runnable action) {
        TestWindow.callOnFxThread(() -> {
            action.run();
            return true;
        });
    }

    private BoxNode overlapNode(MapCanvas canvas) {
        return TestWindow.callOnFxThread(() ->
                canvas.node(model.treeProperty().get().overlaps().getFirst()).orElseThrow());
    }

    private String selectedName() {
        return TestWindow.callOnFxThread(
                () -> model.treeProperty().get().name(model.selectionProperty().get()));
    }

    @Test
    void canvasSelectionUpdatesTableAndDetails(FxRobot robot) {
        openMapPage();
        assertThat(window.text("map-details-name")).isEqualTo("BOOTFB");
        assertThat(selectedRowName()).isEqualTo("BOOTFB");
        press(robot, KeyCode.UP);
        assertThat(window.text("map-details-name")).isEqualTo("04:00.0 BAR 1");
        assertThat(selectedRowName()).isEqualTo("0000:04:00.0");
        press(robot, KeyCode.RIGHT);
        assertThat(window.text("map-details-name")).isEqualTo("04:00.0 BAR 3");
        assertThat(selectedRowName()).isEqualTo("0000:04:00.0");
        assertThat(selectionFrame().getWidth()).isPositive();
    }

    @Test
    void tableSelectionIsFramedOnTheCanvas(FxRobot robot) {
        MapCanvas canvas = openMapPage();
        RegionTreeTable table = window.node("map-tree", RegionTreeTable.class);
        runOnFxThread(table::requestFocus);
        press(robot, KeyCode.DOWN);
        assertThat(window.text("map-details-name")).isEqualTo("04:00.0 BAR 3");
        Box box = TestWindow.callOnFxThread(() -> canvas.boxes().stream()
                .filter(candidate ->
                        candidate.item() == model.selectionProperty().get())
                .findFirst()
                .orElseThrow());
        assertThat(selectionFrame().getX()).isBetween(box.x(), box.x() + 2);
    }

    @Test
    void selectedRowIsVisibleFromTheStart() {
        openSample("strix-halo-32g");
        openMapPage();
        assertThat(selectedName()).isEqualTo("BOOTFB");
        RegionTreeTable table = window.node("map-tree", RegionTreeTable.class);
        TestWindow.waitUntil("the selected row is visible", () -> selectedRow(table)
                .filter(row -> row.getBoundsInParent().getMinY() >= 0
                        && row.localToScene(row.getBoundsInLocal()).getMaxY()
                                <= table.localToScene(table.getBoundsInLocal()).getMaxY())
                .isPresent());
    }

    private static Optional<Node> selectedRow(RegionTreeTable table) {
        return table.lookupAll(".tree-table-row-cell").stream()
                .filter(node -> node instanceof TreeTableRow<?> row && row.isVisible() && row.isSelected())
                .findFirst();
    }

    @Test
    void clickSelectsAndDoubleClickZooms(FxRobot robot) {
        MapCanvas canvas = openMapPage();
        clickOn(robot, canvas, "0000:04:00.0", 1);
        assertThat(selectedName()).isEqualTo("0000:04:00.0");
        clickOn(robot, canvas, "0000:04:00.0", 2);
        assertThat(window.text("map-crumb-3")).isEqualTo("04:00.0 BAR 1");
    }

    private void clickOn(FxRobot robot, MapCanvas canvas, String name, int clicks) {
        Box box = TestWindow.callOnFxThread(() -> canvas.boxes().stream()
                .filter(candidate ->
                        model.treeProperty().get().name(candidate.item()).equals(name))
                .findFirst()
                .orElseThrow());
        var point = TestWindow.callOnFxThread(() -> canvas.localToScreen(box.x() + 20, box.y() + 8));
        robot.moveTo(point);
        if (clicks == 2) {
            robot.doubleClickOn(point, MouseButton.PRIMARY);
        } else {
            robot.clickOn(point, MouseButton.PRIMARY);
        }
        TestWindow.waitForFxEvents();
    }

    @Test
    void backspaceAndBreadcrumbsNavigateUp(FxRobot robot) {
        openMapPage();
        assertThat(window.text("map-crumb-2")).isEqualTo("PCI Bus 0000:04");
        press(robot, KeyCode.BACK_SPACE);
        assertThat(window.containsNode("map-crumb-2")).isFalse();
        assertThat(window.text("map-crumb-1")).isEqualTo("PCI Bus 0000:00");
        window.fire("map-crumb-0");
        TestWindow.waitUntil(
                "the root is shown",
                () -> !window.stage()
                                .getScene()
                                .getRoot()
                                .lookupAll("#map-crumb-0")
                                .isEmpty()
                        && model.viewport().viewRootProperty().get() == MapTree.ROOT);
        press(robot, KeyCode.ENTER);
        assertThat(window.text("map-crumb-3")).isEqualTo("04:00.0 BAR 1");
        press(robot, KeyCode.DIGIT0);
        assertThat(window.containsNode("map-crumb-1")).isFalse();
    }

    @Test
    void findSelectsTheRegionAtATypedAddress(FxRobot robot) {
        openMapPage();
        press(robot, KeyCode.DIGIT0);
        press(robot, KeyCode.CONTROL, KeyCode.F);
        window.waitForFocus("map-find");
        robot.write("dmar0");
        press(robot, KeyCode.ENTER);
        assertThat(selectedName()).isEqualTo("dmar0");
        TextField find = window.node("map-find", TextField.class);
        robot.interact(find::clear);
        robot.write("c0400000");
        press(robot, KeyCode.ENTER);
        assertThat(selectedName()).isEqualTo("BOOTFB");
        assertThat(window.text("map-answer")).isEqualTo("c0400000 is inside BOOTFB (c0000000-c086ffff).");
        press(robot, KeyCode.ESCAPE);
        window.waitForFocus("map-picture");
        press(robot, KeyCode.CONTROL, KeyCode.L);
        window.waitForFocus("map-go-to");
        robot.write("fc000000");
        press(robot, KeyCode.ENTER);
        assertThat(window.text("map-answer")).isEqualTo("fc000000 is in a gap of 44 MiB; nothing claims it.");
    }

    @ParameterizedTest
    @ValueSource(ints = {800, 1000})
    void statusTextAndBreadcrumbsAreNotClipped(int width) {
        runOnFxThread(() -> window.stage().setWidth(width));
        openMapPage();
        runOnFxThread(() -> model.search().find("c0900000", 1));
        assertThat(window.text("map-answer"))
                .isEqualTo("c0900000 is inside BAR 1 of NVIDIA GeForce GTX 1080; nothing else claims it.");
        window.assertNoTextIsCutOff();
    }

    @Test
    void statusTextIsClearedByTypingAndByLeavingThePage(FxRobot robot) {
        openMapPage();
        press(robot, KeyCode.CONTROL, KeyCode.F);
        robot.write("c0900000");
        press(robot, KeyCode.ENTER);
        assertThat(window.containsNode("map-answer")).isTrue();
        robot.write("1");
        TestWindow.waitForFxEvents();
        assertThat(window.containsNode("map-answer")).isFalse();
        press(robot, KeyCode.ENTER);
        assertThat(window.containsNode("map-answer")).isTrue();
        window.fire("page-button-readiness");
        TestWindow.waitForFxEvents();
        window.fire("page-button-memory-map");
        TestWindow.waitForFxEvents();
        window.node("map-picture");
        assertThat(window.containsNode("map-answer")).isFalse();
    }

    @Test
    void addressFitsTheFieldInTheSmallestWindow() {
        openMapPage();
        TextField goTo = window.node("map-go-to", TextField.class);
        runOnFxThread(() -> goTo.setText("c0900000"));
        TestWindow.waitForFxEvents();
        assertThat(TestWindow.callOnFxThread(() -> {
                    Text text = (Text) goTo.lookupAll(".text").stream()
                            .filter(node -> node instanceof Text shown
                                    && shown.getText().equals("c0900000"))
                            .findFirst()
                            .orElseThrow();
                    return goTo.getWidth()
                            - goTo.getInsets().getLeft()
                            - goTo.getInsets().getRight()
                            - text.getLayoutBounds().getWidth();
                }))
                .as("free width of the field")
                .isPositive();
        window.assertNoTextIsCutOff();
    }

    @Test
    void shortcutsCopyListingLines(FxRobot robot) {
        openMapPage();
        press(robot, KeyCode.CONTROL, KeyCode.C);
        assertThat(clipboard()).isEqualTo("c0000000-c086ffff : BOOTFB");
        press(robot, KeyCode.CONTROL, KeyCode.SHIFT, KeyCode.C);
        assertThat(clipboard())
                .startsWith("70000000-fbffbfff : PCI Bus 0000:00\n  c0000000")
                .contains(": BOOTFB\n");
    }

    private static String clipboard() {
        return TestWindow.callOnFxThread(() -> Clipboard.getSystemClipboard().getString());
    }

    @Test
    void overlapKeySelectsTheOverlap(FxRobot robot) {
        openMapPage();
        press(robot, KeyCode.DIGIT0);
        runOnFxThread(() -> model.navigation().select(model.treeProperty().get().childrenStart(MapTree.ROOT)));
        press(robot, KeyCode.O);
        assertThat(selectedName()).isEqualTo("BOOTFB");
    }

    @Test
    void overlapKeyShowsFilteredOverlapAgain(FxRobot robot) {
        MapCanvas canvas = openMapPage();
        window.fire("map-filter-BARS");
        assertThat(selectedName()).isEqualTo("PCI Bus 0000:04");
        robot.interact(canvas::requestFocus);
        press(robot, KeyCode.O);
        assertThat(window.node("map-filter-BARS", CheckBox.class).isSelected()).isTrue();
        assertThat(window.text("map-details-name")).isEqualTo("BOOTFB");
        assertThat(selectedRowName()).isEqualTo("BOOTFB");
        assertThat(selectionFrame().getWidth()).isPositive();
    }

    @Test
    void f6MovesFocusBetweenPanes(FxRobot robot) {
        openMapPage();
        press(robot, KeyCode.F6);
        window.waitForFocus("map-tree");
        press(robot, KeyCode.F6);
        window.waitForFocus("map-details");
        press(robot, KeyCode.F6);
        window.waitForFocus("map-find");
        press(robot, KeyCode.F6);
        window.waitForFocus("map-picture");
    }

    @Test
    void focusedPaneHasARingWithoutLayoutShift(FxRobot robot) {
        MapCanvas canvas = openMapPage();
        List<Region> panes = List.of(
                (Region) canvas.getParent(),
                window.node("map-tree", Region.class),
                window.node("map-details", Region.class));
        List<Bounds> bounds = childBounds(panes);
        for (Region pane : panes) {
            for (Region candidate : panes) {
                assertThat(ringColour(candidate).equals(Color.TRANSPARENT))
                        .as("no focus ring around %s while %s is focused", candidate, pane)
                        .isEqualTo(candidate != pane);
            }
            assertThat(childBounds(panes)).isEqualTo(bounds);
            press(robot, KeyCode.F6);
        }
    }

    private static Color ringColour(Region pane) {
        return TestWindow.callOnFxThread(() -> {
            BorderStroke stroke = pane.getBorder().getStrokes().getFirst();
            assertThat(stroke.getWidths().getTop()).isEqualTo(2);
            return (Color) stroke.getTopStroke();
        });
    }

    private static List<Bounds> childBounds(List<Region> panes) {
        return TestWindow.callOnFxThread(() -> panes.stream()
                .flatMap(pane -> pane.getChildrenUnmodifiable().stream())
                .filter(Region.class::isInstance)
                .map(Node::getBoundsInParent)
                .toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"map-scale-LOG", "map-filter-RAM", "map-overlaps"})
    void mouseClickReturnsFocusToTheCanvasSpaceBarDoesNot(String id, FxRobot robot) {
        openMapPage();
        Node button = window.node(id);
        robot.interact(button::requestFocus);
        press(robot, KeyCode.SPACE);
        window.waitForFocus(id);
        robot.clickOn(button);
        window.waitForFocus("map-picture");
    }

    @Test
    void dumpWithoutAddressesShowsTheTableOnly(FxRobot robot) {
        openMapPage();
        robot.interact(() -> model.loader().importText("""
            00000000-00000000 : PCI Bus 0000:00
              00000000-00000000 : 0000:01:00.0
                00000000-00000000 : efifb
            """, "dump.txt"));
        TestWindow.waitUntil("the canvas is hidden", () -> !window.containsNode("map-picture"));
        assertThat(window.text("map-message")).contains("This dump has no addresses: it was read without root.");
        RegionTreeTable table = window.node("map-tree", RegionTreeTable.class);
        TestWindow.waitUntil("the table has rows", () -> table.lookupAll(".tree-table-row-cell").stream()
                .anyMatch(row -> row instanceof TreeTableRow<?> cell && !cell.isEmpty()));
    }

    @Test
    void notToScaleNoteIsHiddenAtTrueSize() {
        openMapPage();
        assertThat(window.text("map-not-to-scale")).isEqualTo("Not to scale");
        window.fire("map-scale-TRUE_SIZE");
        TestWindow.waitUntil("the note is hidden", () -> !window.containsNode("map-not-to-scale"));
    }

    @Test
    void everyVisibleBoxHasAnAccessibleNode(FxRobot robot) {
        MapCanvas canvas = openMapPage();
        press(robot, KeyCode.DIGIT0);
        List<Box> boxes = TestWindow.callOnFxThread(canvas::boxes);
        assertThat(boxes).hasSizeGreaterThan(40);
        for (Box box : boxes) {
            BoxNode node =
                    TestWindow.callOnFxThread(() -> canvas.node(box.item()).orElseThrow());
            assertThat(TestWindow.callOnFxThread(node::getAccessibleText)).isNotBlank();
        }
        BoxNode bootfb = overlapNode(canvas);
        assertThat(bootfb.getAccessibleText()).isEqualTo("BOOTFB, c0000000-c086ffff, 8.4 MiB, Overlaps");
        assertThat(bootfb.getWidth()).isGreaterThanOrEqualTo(FitScale.MIN_WIDTH);
    }

    @Test
    void everyGapHasALabel() {
        MapCanvas canvas = openMapPage();
        runOnFxThread(() -> model.viewport()
                .zoomTo(model.treeProperty()
                        .get()
                        .parent(model.viewport().viewRootProperty().get())));
        TestWindow.waitUntil("gaps are shown", () -> !gapBoxes(canvas).isEmpty());
        for (Box gap : TestWindow.callOnFxThread(() -> gapBoxes(canvas))) {
            assertThat(TestWindow.callOnFxThread(
                            () -> canvas.node(gap.item()).orElseThrow().visibleLabel()))
                    .isEqualTo(model.regionMessages().size(gap.item()));
        }
    }

    private List<Box> gapBoxes(MapCanvas canvas) {
        return canvas.boxes().stream()
                .filter(box -> model.treeProperty().get().kind(box.item()) == RegionKind.GAP && box.count() == 1)
                .toList();
    }

    @Test
    void showGpuButtonOpensTheCard() {
        openMapPage();
        window.fire("map-show-gpu");
        window.node("gpu-0000-04-00-0");
    }

    @Test
    void nothingIsClippedInTheSmallestWindow() {
        openMapPage();
        window.assertNoTextIsCutOff();
    }

    @Test
    void arrowsMoveBetweenBoxesAndUpdateFrameAndAccessibleText(FxRobot robot) {
        MapCanvas canvas = openMapPage();
        press(robot, KeyCode.DIGIT0);
        runOnFxThread(() -> model.navigation().select(model.treeProperty().get().childrenStart(MapTree.ROOT)));
        Set<Integer> visited = new HashSet<>();
        for (int i = 0; i < 12; i++) {
            press(robot, KeyCode.RIGHT);
            int item = TestWindow.callOnFxThread(() -> model.selectionProperty().get());
            visited.add(item);
            Rectangle frame = selectionFrame();
            BoxNode node = TestWindow.callOnFxThread(() -> canvas.node(item).orElseThrow());
            assertThat(frame.getX()).isBetween(node.getLayoutX() - 4, node.getLayoutX() + 2);
            assertThat(TestWindow.callOnFxThread(canvas::getAccessibleText)).endsWith(node.getAccessibleText());
            assertThat(focusedNode(canvas))
                    .as("focus item of the screen reader")
                    .isSameAs(node);
            window.waitForFocus("map-picture");
        }
        assertThat(visited).hasSize(12);
    }

    private static BoxNode focusedNode(MapCanvas canvas) {
        return (BoxNode)
                TestWindow.callOnFxThread(() -> canvas.queryAccessibleAttribute(AccessibleAttribute.FOCUS_ITEM));
    }

    @Test
    void screenReaderFindsEveryBoxAndTheSelection(FxRobot robot) {
        MapCanvas canvas = openMapPage();
        press(robot, KeyCode.DIGIT0);
        BoxNode focused = focusedNode(canvas);
        assertThat(focused.getAccessibleText()).startsWith("BOOTFB");
        List<BoxNode> boxes = TestWindow.callOnFxThread(
                () -> IntStream.range(0, (Integer) canvas.queryAccessibleAttribute(AccessibleAttribute.ITEM_COUNT))
                        .mapToObj(i -> (BoxNode) canvas.queryAccessibleAttribute(AccessibleAttribute.ITEM_AT_INDEX, i))
                        .toList());
        assertThat(boxes).hasSizeGreaterThan(40).contains(focused);
        for (int i = 0; i < boxes.size(); i++) {
            BoxNode box = boxes.get(i);
            assertThat(box.queryAccessibleAttribute(AccessibleAttribute.INDEX)).isEqualTo(i);
            assertThat(box.queryAccessibleAttribute(AccessibleAttribute.SELECTED))
                    .isEqualTo(box == focused);
        }
    }

    @Test
    void selectedItemOfAMergedBoxIsAnnounced(FxRobot robot) {
        MapCanvas canvas = openMapPage();
        press(robot, KeyCode.DIGIT0);
        window.fire("map-scale-TRUE_SIZE");
        Box mergedBox = TestWindow.callOnFxThread(() -> {
            canvas.layout();
            return canvas.boxes().stream()
                    .filter(box -> box.count() > 2)
                    .findFirst()
                    .orElseThrow();
        });
        for (int item = mergedBox.item(); item < mergedBox.item() + 2; item++) {
            int selected = item;
            runOnFxThread(() -> model.navigation().select(selected));
            TestWindow.waitForFxEvents();
            assertThat(focusedNode(canvas).getAccessibleText())
                    .isEqualTo(model.regionMessages().accessibleText(selected, 1));
        }
    }

    @Test
    void wheelPansAndControlWheelZoomsAtThePointer() {
        MapCanvas canvas = openMapPage();
        scroll(canvas, 0.25, 40, true);
        double zoomed =
                TestWindow.callOnFxThread(() -> model.viewport().zoomProperty().get());
        assertThat(zoomed).isGreaterThan(1.1);
        double positionUnderPointer = TestWindow.callOnFxThread(
                () -> model.viewport().offsetProperty().get() + 0.25 / zoomed);
        assertThat(positionUnderPointer).as("position under the pointer").isCloseTo(0.25, Offset.offset(0.001));
        double before = TestWindow.callOnFxThread(
                () -> model.viewport().offsetProperty().get());
        scroll(canvas, 0.25, -40, false);
        assertThat(TestWindow.callOnFxThread(
                        () -> model.viewport().offsetProperty().get()))
                .isGreaterThan(before);
    }

    private static void scroll(MapCanvas canvas, double fraction, double delta, boolean control) {
        TestWindow.callOnFxThread(() -> {
            Point2D point = canvas.localToScene(canvas.getWidth() * fraction, 10);
            double x = point.getX();
            double y = point.getY();
            ScrollEvent event = new ScrollEvent(
                    ScrollEvent.SCROLL,
                    x,
                    y,
                    x,
                    y,
                    false,
                    control,
                    false,
                    false,
                    false,
                    false,
                    0,
                    delta,
                    0,
                    delta,
                    ScrollEvent.HorizontalTextScrollUnits.NONE,
                    0,
                    ScrollEvent.VerticalTextScrollUnits.NONE,
                    0,
                    0,
                    null);
            Event.fireEvent(canvas, event);
            return true;
        });
        TestWindow.waitForFxEvents();
    }

    @Test
    void draggingPansWithoutSelecting(FxRobot robot) {
        MapCanvas canvas = openMapPage();
        press(robot, KeyCode.PLUS);
        press(robot, KeyCode.PLUS);
        runOnFxThread(() -> model.viewport().offsetProperty().set(0));
        String selected = selectedName();
        var from = TestWindow.callOnFxThread(() -> canvas.localToScreen(canvas.getWidth() * 0.7, 40));
        robot.drag(from.getX(), from.getY(), MouseButton.PRIMARY).dropTo(from.getX() - 200, from.getY());
        TestWindow.waitUntil(
                "the view has moved", () -> model.viewport().offsetProperty().get() > 0);
        assertThat(selectedName()).isEqualTo(selected);
    }

    @Test
    void hoveringABoxShowsItsTooltip(FxRobot robot) {
        MapCanvas canvas = openMapPage();
        var point = TestWindow.callOnFxThread(() -> {
            BoxNode node = canvas.node(model.treeProperty().get().overlaps().getFirst())
                    .orElseThrow();
            return node.localToScreen(node.getWidth() / 2, node.getHeight() / 2);
        });
        robot.moveTo(point.add(3, 3));
        robot.moveTo(point);
        TestWindow.waitUntil("the tooltip is shown", () -> Window.getWindows().stream()
                .anyMatch(window -> window instanceof Tooltip tip
                        && tip.isShowing()
                        && tip.getText().startsWith("BOOTFB\nc0000000-c086ffff")));
    }

    @Test
    void frameOfANarrowSelectionIsDrawnOutsideIt() throws Exception {
        MapCanvas canvas = openMapPage();
        runOnFxThread(() -> {
            model.viewport().scaleProperty().set(ScaleMode.TRUE_SIZE);
            model.selectOverlap(1);
            model.viewport().zoomTo(MapTree.ROOT);
        });
        int overlap = model.treeProperty().get().overlaps().getFirst();
        TestWindow.waitUntil(
                "the overlap is narrow",
                () -> canvas.node(overlap).filter(node -> node.getWidth() < 12).isPresent());
        BoxNode node = TestWindow.callOnFxThread(() -> canvas.node(overlap).orElseThrow());
        Rectangle frame = selectionFrame();
        double halfStroke = frame.getStrokeWidth() / 2;
        assertThat(frame.getX() + halfStroke).isLessThanOrEqualTo(node.getLayoutX());
        assertThat(frame.getX() + frame.getWidth() - halfStroke)
                .isGreaterThanOrEqualTo(node.getLayoutX() + node.getWidth());
    }

    @Test
    void pngHasTwiceTheScreenResolution() throws Exception {
        MapCanvas canvas = openMapPage();
        MemoryMapViewModel.ExportContent content = TestWindow.callOnFxThread(() -> MapExport.toPng(canvas));
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(content.bytes()));
        assertThat(image.getWidth()).isBetween((int) canvas.getWidth() * 2, (int) canvas.getWidth() * 2 + 2);
        BoxNode node = overlapNode(canvas);
        Set<Integer> colours = new HashSet<>();
        for (int i = 4; i < node.getWidth() - 4; i++) {
            colours.add(image.getRGB(
                    (int) (2 * (node.getLayoutX() + i)), (int) (2 * (node.getLayoutY() + node.getHeight() - 6))));
        }
        assertThat(colours).as("stripes of the overlap").hasSizeGreaterThanOrEqualTo(2);
    }

    @Test
    void droppedDumpIsShown(@TempDir Path directory) throws Exception {
        MapCanvas canvas = openMapPage();
        Path file = Files.writeString(directory.resolve("dump.txt"), "> 00001000-0009ffff : System RAM\n[...]\n");
        window.dropFile(canvas, file);
        window.waitForText("map-title", "dump.txt");
        assertThat(window.text("map-message")).isEqualTo("Read 1 region. 1 part was left out by the author (<snip>).");
    }

    private Rectangle selectionFrame() {
        Rectangle frame = (Rectangle) window.stage().getScene().lookup(".map-selected");
        assertThat(frame.isVisible()).isTrue();
        return frame;
    }

    private String selectedRowName() {
        return TestWindow.callOnFxThread(() -> {
            RegionTreeTable table = (RegionTreeTable) window.stage().getScene().lookup("#map-tree");
            TreeItem<Integer> item = table.getSelectionModel().getSelectedItem();
            return model.treeProperty().get().name(item.getValue());
        });
    }
}
