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
import javafx.scene.control.Labeled;
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
        MapCanvas picture = window.node("map-picture", MapCanvas.class);
        TestWindow.waitUntil("the picture is drawn", () -> !picture.boxes().isEmpty());
        TestWindow.callOnFxThread(() -> {
            picture.requestFocus();
            return true;
        });
        window.waitForFocus("map-picture");
        return picture;
    }

    private void press(FxRobot robot, KeyCode... keys) {
        robot.push(keys);
        TestWindow.waitForFxEvents();
    }

    private String selectedName() {
        return TestWindow.callOnFxThread(() ->
                model.treeProperty().get().name(model.selectionProperty().get()));
    }

    @Test
    void canvasSelectionUpdatesTableAndDetails(FxRobot robot) {
        openMapPage();
        assertThat(window.text("map-details-name")).isEqualTo("BOOTFB");
        assertThat(row()).isEqualTo("BOOTFB");
        press(robot, KeyCode.UP);
        assertThat(window.text("map-details-name")).isEqualTo("04:00.0 BAR 1");
        assertThat(row()).isEqualTo("0000:04:00.0");
        press(robot, KeyCode.RIGHT);
        assertThat(window.text("map-details-name")).isEqualTo("04:00.0 BAR 3");
        assertThat(row()).isEqualTo("0000:04:00.0");
        assertThat(selectionFrame().getWidth()).isPositive();
    }

    @Test
    void tableSelectionIsFramedOnTheCanvas(FxRobot robot) {
        MapCanvas picture = openMapPage();
        RegionTreeTable tree = window.node("map-tree", RegionTreeTable.class);
        TestWindow.callOnFxThread(() -> {
            tree.requestFocus();
            return true;
        });
        press(robot, KeyCode.DOWN);
        assertThat(window.text("map-details-name")).isEqualTo("04:00.0 BAR 3");
        Box piece = TestWindow.callOnFxThread(() -> picture.boxes().stream()
                .filter(p -> p.item() == model.selectionProperty().get())
                .findFirst()
                .orElseThrow());
        assertThat(selectionFrame().getX()).isBetween(piece.x(), piece.x() + 2);
    }

    @Test
    void selectedRowIsVisibleFromTheStart() {
        openSample("strix-halo-32g");
        openMapPage();
        assertThat(selectedName()).isEqualTo("BOOTFB");
        RegionTreeTable tree = window.node("map-tree", RegionTreeTable.class);
        TestWindow.waitUntil(
                "its row is in view",
                () -> row(tree).filter(row -> row.getBoundsInParent().getMinY() >= 0
                                && row.localToScene(row.getBoundsInLocal()).getMaxY()
                                        <= tree.localToScene(tree.getBoundsInLocal()).getMaxY())
                        .isPresent());
    }

    private static Optional<Node> row(RegionTreeTable tree) {
        return tree.lookupAll(".tree-table-row-cell").stream()
                .filter(node -> node instanceof TreeTableRow<?> row && row.isVisible() && row.isSelected())
                .findFirst();
    }

    @Test
    void clickSelectsAndDoubleClickZooms(FxRobot robot) {
        MapCanvas picture = openMapPage();
        clickOn(robot, picture, "0000:04:00.0", 1);
        assertThat(selectedName()).isEqualTo("0000:04:00.0");
        clickOn(robot, picture, "0000:04:00.0", 2);
        assertThat(window.text("map-crumb-3")).isEqualTo("04:00.0 BAR 1");
    }

    private void clickOn(FxRobot robot, MapCanvas picture, String name, int clicks) {
        Box piece = TestWindow.callOnFxThread(() -> picture.boxes().stream()
                .filter(p -> model.treeProperty().get().name(p.item()).equals(name))
                .findFirst()
                .orElseThrow());
        var at = TestWindow.callOnFxThread(() -> picture.localToScreen(piece.x() + 20, piece.y() + 8));
        robot.moveTo(at);
        if (clicks == 2) {
            robot.doubleClickOn(at, MouseButton.PRIMARY);
        } else {
            robot.clickOn(at, MouseButton.PRIMARY);
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
        TestWindow.waitUntil("the whole is shown", () -> !window.stage().getScene().getRoot().lookupAll("#map-crumb-0").isEmpty()
                && model.viewRootProperty().get() == MapTree.ROOT);
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
        TestWindow.callOnFxThread(() -> {
            window.stage().setWidth(width);
            return true;
        });
        openMapPage();
        TestWindow.callOnFxThread(() -> {
            model.find("c0900000", 1);
            return true;
        });
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
        TestWindow.callOnFxThread(() -> {
            goTo.setText("c0900000");
            return true;
        });
        TestWindow.waitForFxEvents();
        assertThat(TestWindow.callOnFxThread(() -> {
                    Text text = (Text) goTo.lookupAll(".text").stream()
                            .filter(node -> node instanceof Text shown && shown.getText().equals("c0900000"))
                            .findFirst()
                            .orElseThrow();
                    return goTo.getWidth() - goTo.getInsets().getLeft() - goTo.getInsets().getRight()
                            - text.getLayoutBounds().getWidth();
                }))
                .as("room that is left")
                .isPositive();
        window.assertNoTextIsCutOff();
    }

    @Test
    void shortcutsCopyListingLines(FxRobot robot) {
        openMapPage();
        press(robot, KeyCode.CONTROL, KeyCode.C);
        assertThat(clipboard()).isEqualTo("c0000000-c086ffff : BOOTFB");
        press(robot, KeyCode.CONTROL, KeyCode.SHIFT, KeyCode.C);
        assertThat(clipboard()).startsWith("70000000-fbffbfff : PCI Bus 0000:00\n  c0000000").contains(": BOOTFB\n");
    }

    private static String clipboard() {
        return TestWindow.callOnFxThread(() -> Clipboard.getSystemClipboard().getString());
    }

    @Test
    void overlapKeySelectsTheOverlap(FxRobot robot) {
        openMapPage();
        press(robot, KeyCode.DIGIT0);
        TestWindow.callOnFxThread(() -> {
            model.select(model.treeProperty().get().childrenStart(MapTree.ROOT));
            return true;
        });
        press(robot, KeyCode.O);
        assertThat(selectedName()).isEqualTo("BOOTFB");
    }

    @Test
    void overlapKeyShowsFilteredOverlapAgain(FxRobot robot) {
        MapCanvas picture = openMapPage();
        window.fire("map-filter-BARS");
        assertThat(selectedName()).isEqualTo("PCI Bus 0000:04");
        robot.interact(picture::requestFocus);
        press(robot, KeyCode.O);
        assertThat(window.node("map-filter-BARS", CheckBox.class).isSelected()).isTrue();
        assertThat(window.text("map-details-name")).isEqualTo("BOOTFB");
        assertThat(row()).isEqualTo("BOOTFB");
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
        MapCanvas picture = openMapPage();
        List<Region> panes = List.of(
                (Region) picture.getParent(),
                window.node("map-tree", Region.class),
                window.node("map-details", Region.class));
        List<Bounds> places = childBounds(panes);
        for (Region pane : panes) {
            for (Region other : panes) {
                assertThat(ringColour(other).equals(Color.TRANSPARENT))
                        .as("there is no ring around %s while the keys are in %s", other, pane)
                        .isEqualTo(other != pane);
            }
            assertThat(childBounds(panes)).isEqualTo(places);
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
        robot.interact(() -> model.importText(
                """
                00000000-00000000 : PCI Bus 0000:00
                  00000000-00000000 : 0000:01:00.0
                    00000000-00000000 : efifb
                """,
                "dump.txt"));
        TestWindow.waitUntil("the boxes are away", () -> !window.containsNode("map-picture"));
        assertThat(window.text("map-message")).contains("This dump has no addresses: it was read without root.");
        RegionTreeTable tree = window.node("map-tree", RegionTreeTable.class);
        TestWindow.waitUntil("its rows are there", () -> tree.lookupAll(".tree-table-row-cell").stream()
                .anyMatch(row -> row instanceof TreeTableRow<?> cell && !cell.isEmpty()));
    }

    @Test
    void notToScaleNoteIsHiddenAtTrueSize() {
        openMapPage();
        assertThat(window.text("map-not-to-scale")).isEqualTo("Not to scale");
        window.fire("map-scale-TRUE_SIZE");
        TestWindow.waitUntil("nothing is said", () -> !window.containsNode("map-not-to-scale"));
    }

    @Test
    void everyVisibleBoxHasAnAccessibleNode(FxRobot robot) {
        MapCanvas picture = openMapPage();
        press(robot, KeyCode.DIGIT0);
        List<Box> pieces = TestWindow.callOnFxThread(picture::boxes);
        assertThat(pieces).hasSizeGreaterThan(40);
        for (Box piece : pieces) {
            BoxNode node = TestWindow.callOnFxThread(() -> picture.node(piece.item()).orElseThrow());
            assertThat(TestWindow.callOnFxThread(node::getAccessibleText)).isNotBlank();
        }
        BoxNode bootfb = TestWindow.callOnFxThread(() ->
                picture.node(model.treeProperty().get().overlaps()[0]).orElseThrow());
        assertThat(bootfb.getAccessibleText()).isEqualTo("BOOTFB, c0000000-c086ffff, 8.4 MiB, Overlaps");
        assertThat(bootfb.getWidth()).isGreaterThanOrEqualTo(FitScale.MIN_WIDTH);
    }

    @Test
    void everyGapHasALabel() {
        MapCanvas picture = openMapPage();
        TestWindow.callOnFxThread(() -> {
            model.zoomTo(model.treeProperty().get().parent(model.viewRootProperty().get()));
            return true;
        });
        TestWindow.waitUntil("gaps are shown", () -> !gapBoxes(picture).isEmpty());
        for (Box gap : TestWindow.callOnFxThread(() -> gapBoxes(picture))) {
            assertThat(TestWindow.callOnFxThread(() -> picture.node(gap.item()).orElseThrow().visibleLabel()))
                    .isEqualTo(model.regionMessages().size(gap.item()));
        }
    }

    private List<Box> gapBoxes(MapCanvas picture) {
        return picture.boxes().stream()
                .filter(piece -> model.treeProperty().get().kind(piece.item()) == RegionKind.GAP && piece.count() == 1)
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
        MapCanvas picture = openMapPage();
        press(robot, KeyCode.DIGIT0);
        TestWindow.callOnFxThread(() -> {
            model.select(model.treeProperty().get().childrenStart(MapTree.ROOT));
            return true;
        });
        Set<Integer> seen = new HashSet<>();
        for (int i = 0; i < 12; i++) {
            press(robot, KeyCode.RIGHT);
            int item = TestWindow.callOnFxThread(() -> model.selectionProperty().get());
            seen.add(item);
            Rectangle frame = selectionFrame();
            BoxNode node = TestWindow.callOnFxThread(() -> picture.node(item).orElseThrow());
            assertThat(frame.getX()).isBetween(node.getLayoutX() - 4, node.getLayoutX() + 2);
            assertThat(TestWindow.callOnFxThread(picture::getAccessibleText)).endsWith(node.getAccessibleText());
            assertThat(focusedNode(picture)).as("what a screen reader is on").isSameAs(node);
            window.waitForFocus("map-picture");
        }
        assertThat(seen).hasSize(12);
    }

    private static BoxNode focusedNode(MapCanvas picture) {
        return (BoxNode) TestWindow.callOnFxThread(() -> picture.queryAccessibleAttribute(AccessibleAttribute.FOCUS_ITEM));
    }

    @Test
    void screenReaderFindsEveryBoxAndTheSelection(FxRobot robot) {
        MapCanvas picture = openMapPage();
        press(robot, KeyCode.DIGIT0);
        BoxNode current = focusedNode(picture);
        assertThat(current.getAccessibleText()).startsWith("BOOTFB");
        List<BoxNode> pieces = TestWindow.callOnFxThread(() -> IntStream.range(
                        0, (Integer) picture.queryAccessibleAttribute(AccessibleAttribute.ITEM_COUNT))
                .mapToObj(i -> (BoxNode) picture.queryAccessibleAttribute(AccessibleAttribute.ITEM_AT_INDEX, i))
                .toList());
        assertThat(pieces).hasSizeGreaterThan(40).contains(current);
        for (int i = 0; i < pieces.size(); i++) {
            BoxNode piece = pieces.get(i);
            assertThat(piece.queryAccessibleAttribute(AccessibleAttribute.INDEX)).isEqualTo(i);
            assertThat(piece.queryAccessibleAttribute(AccessibleAttribute.SELECTED)).isEqualTo(piece == current);
        }
    }

    @Test
    void selectedItemOfAMergedBoxIsAnnounced(FxRobot robot) {
        MapCanvas picture = openMapPage();
        press(robot, KeyCode.DIGIT0);
        window.fire("map-scale-TRUE_SIZE");
        Box tick = TestWindow.callOnFxThread(() -> {
            picture.layout();
            return picture.boxes().stream()
                    .filter(piece -> piece.count() > 2)
                    .findFirst()
                    .orElseThrow();
        });
        for (int item = tick.item(); item < tick.item() + 2; item++) {
            int one = item;
            TestWindow.callOnFxThread(() -> {
                model.select(one);
                return true;
            });
            TestWindow.waitForFxEvents();
            assertThat(focusedNode(picture).getAccessibleText()).isEqualTo(model.regionMessages().accessibleText(one, 1));
        }
    }

    @Test
    void wheelPansAndControlWheelZoomsAtThePointer() {
        MapCanvas picture = openMapPage();
        scroll(picture, 0.25, 40, true);
        double zoomed = TestWindow.callOnFxThread(() -> model.zoomProperty().get());
        assertThat(zoomed).isGreaterThan(1.1);
        double under = TestWindow.callOnFxThread(() -> model.offsetProperty().get() + 0.25 / zoomed);
        assertThat(under).as("what is under the pointer").isCloseTo(0.25, Offset.offset(0.001));
        double before = TestWindow.callOnFxThread(() -> model.offsetProperty().get());
        scroll(picture, 0.25, -40, false);
        assertThat(TestWindow.callOnFxThread(() -> model.offsetProperty().get())).isGreaterThan(before);
    }

    private static void scroll(MapCanvas picture, double part, double turned, boolean control) {
        TestWindow.callOnFxThread(() -> {
            Point2D at = picture.localToScene(picture.getWidth() * part, 10);
            Event.fireEvent(picture, new ScrollEvent(
                    ScrollEvent.SCROLL, at.getX(), at.getY(), at.getX(), at.getY(), false, control, false, false, false, false, 0, turned, 0, turned,
                    ScrollEvent.HorizontalTextScrollUnits.NONE, 0, ScrollEvent.VerticalTextScrollUnits.NONE, 0, 0, null));
            return true;
        });
        TestWindow.waitForFxEvents();
    }

    @Test
    void draggingPansWithoutSelecting(FxRobot robot) {
        MapCanvas picture = openMapPage();
        press(robot, KeyCode.PLUS);
        press(robot, KeyCode.PLUS);
        TestWindow.callOnFxThread(() -> {
            model.offsetProperty().set(0);
            return true;
        });
        String selected = selectedName();
        var from = TestWindow.callOnFxThread(() -> picture.localToScreen(picture.getWidth() * 0.7, 40));
        robot.drag(from.getX(), from.getY(), MouseButton.PRIMARY).dropTo(from.getX() - 200, from.getY());
        TestWindow.waitUntil("the picture has moved", () -> model.offsetProperty().get() > 0);
        assertThat(selectedName()).isEqualTo(selected);
    }

    @Test
    void hoveringABoxShowsItsTooltip(FxRobot robot) {
        MapCanvas picture = openMapPage();
        var at = TestWindow.callOnFxThread(() -> {
            BoxNode node = picture.node(model.treeProperty().get().overlaps()[0]).orElseThrow();
            return node.localToScreen(node.getWidth() / 2, node.getHeight() / 2);
        });
        robot.moveTo(at.add(3, 3));
        robot.moveTo(at);
        TestWindow.waitUntil("the tip is shown", () -> Window.getWindows().stream()
                .anyMatch(window -> window instanceof Tooltip tip
                        && tip.isShowing()
                        && tip.getText().startsWith("BOOTFB\nc0000000-c086ffff")));
    }

    @Test
    void frameOfANarrowSelectionIsDrawnOutsideIt() throws Exception {
        MapCanvas picture = openMapPage();
        TestWindow.callOnFxThread(() -> {
            model.scaleProperty().set(ScaleMode.TRUE_SIZE);
            model.selectOverlap(1);
            model.zoomTo(MapTree.ROOT);
            return null;
        });
        int overlap = model.treeProperty().get().overlaps()[0];
        TestWindow.waitUntil("the overlap is narrow", () -> picture.node(overlap)
                .filter(node -> node.getWidth() < 12)
                .isPresent());
        BoxNode node = TestWindow.callOnFxThread(() -> picture.node(overlap).orElseThrow());
        Rectangle frame = selectionFrame();
        double half = frame.getStrokeWidth() / 2;
        assertThat(frame.getX() + half).isLessThanOrEqualTo(node.getLayoutX());
        assertThat(frame.getX() + frame.getWidth() - half)
                .isGreaterThanOrEqualTo(node.getLayoutX() + node.getWidth());
    }

    @Test
    void pngHasTwiceTheScreenResolution() throws Exception {
        MapCanvas picture = openMapPage();
        MemoryMapViewModel.ExportContent content = TestWindow.callOnFxThread(() -> MapExport.toPng(picture));
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(content.bytes()));
        assertThat(image.getWidth()).isBetween((int) picture.getWidth() * 2, (int) picture.getWidth() * 2 + 2);
        BoxNode node = TestWindow.callOnFxThread(() ->
                picture.node(model.treeProperty().get().overlaps()[0]).orElseThrow());
        Set<Integer> colours = new HashSet<>();
        for (int i = 4; i < node.getWidth() - 4; i++) {
            colours.add(image.getRGB(
                    (int) (2 * (node.getLayoutX() + i)), (int) (2 * (node.getLayoutY() + node.getHeight() - 6))));
        }
        assertThat(colours).as("the hatch of the overlap").hasSizeGreaterThanOrEqualTo(2);
    }

    @Test
    void droppedDumpIsShown(@TempDir Path folder) throws Exception {
        MapCanvas picture = openMapPage();
        Path file = Files.writeString(folder.resolve("dump.txt"), "> 00001000-0009ffff : System RAM\n[...]\n");
        window.dropFile(picture, file);
        window.waitForText("map-title", "dump.txt");
        assertThat(window.text("map-message")).isEqualTo("Read 1 region. 1 part was left out by the author (<snip>).");
    }

    private Rectangle selectionFrame() {
        Rectangle frame = (Rectangle) window.stage().getScene().lookup(".map-selected");
        assertThat(frame.isVisible()).isTrue();
        return frame;
    }

    private String row() {
        return TestWindow.callOnFxThread(() -> {
            RegionTreeTable tree = (RegionTreeTable) window.stage().getScene().lookup("#map-tree");
            TreeItem<Integer> item = tree.getSelectionModel().getSelectedItem();
            return model.treeProperty().get().name(item.getValue());
        });
    }
}
