package org.switchback.app.memorymap;

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
import org.switchback.app.Screen;
import org.switchback.app.WindowTestCase;
import org.testfx.api.FxRobot;

class MemoryMapViewTest extends WindowTestCase {
    private MemoryMapViewModel model;

    @BeforeEach
    void openTheSample() {
        openSample("x99-gtx1080");
        model = screen.model().memoryMap();
    }

    private PictureView open() {
        screen.node("page-button-memory-map");
        screen.fire("page-button-memory-map");
        PictureView picture = screen.node("map-picture", PictureView.class);
        Screen.until("the picture is drawn", () -> !picture.pieces().isEmpty());
        Screen.onScreen(() -> {
            picture.requestFocus();
            return true;
        });
        screen.untilFocused("map-picture");
        return picture;
    }

    private void press(FxRobot robot, KeyCode... keys) {
        robot.push(keys);
        Screen.settle();
    }

    private String selected() {
        return Screen.onScreen(() ->
                model.treeProperty().get().name(model.selectionProperty().get()));
    }

    @Test
    void whatIsSelectedInThePictureIsSelectedInTheTreeAndInTheDetails(FxRobot robot) {
        open();
        assertThat(screen.text("map-details-name")).isEqualTo("BOOTFB");
        assertThat(row()).isEqualTo("BOOTFB");
        press(robot, KeyCode.UP);
        assertThat(screen.text("map-details-name")).isEqualTo("04:00.0 BAR 1");
        assertThat(row()).isEqualTo("0000:04:00.0");
        press(robot, KeyCode.RIGHT);
        assertThat(screen.text("map-details-name")).isEqualTo("04:00.0 BAR 3");
        assertThat(row()).isEqualTo("0000:04:00.0");
        assertThat(frame().getWidth()).isPositive();
    }

    @Test
    void whatIsSelectedInTheTreeIsFramedInThePicture(FxRobot robot) {
        PictureView picture = open();
        RegionTree tree = screen.node("map-tree", RegionTree.class);
        Screen.onScreen(() -> {
            tree.requestFocus();
            return true;
        });
        press(robot, KeyCode.DOWN);
        assertThat(screen.text("map-details-name")).isEqualTo("04:00.0 BAR 3");
        Piece piece = Screen.onScreen(() -> picture.pieces().stream()
                .filter(p -> p.item() == model.selectionProperty().get())
                .findFirst()
                .orElseThrow());
        assertThat(frame().getX()).isBetween(piece.x(), piece.x() + 2);
    }

    @Test
    void theRowOfTheSelectionIsInViewFromTheStart() {
        openSample("strix-halo-32g");
        open();
        assertThat(selected()).isEqualTo("BOOTFB");
        RegionTree tree = screen.node("map-tree", RegionTree.class);
        Screen.until(
                "its row is in view",
                () -> row(tree).filter(row -> row.getBoundsInParent().getMinY() >= 0
                                && row.localToScene(row.getBoundsInLocal()).getMaxY()
                                        <= tree.localToScene(tree.getBoundsInLocal()).getMaxY())
                        .isPresent());
    }

    private static Optional<Node> row(RegionTree tree) {
        return tree.lookupAll(".tree-table-row-cell").stream()
                .filter(node -> node instanceof TreeTableRow<?> row && row.isVisible() && row.isSelected())
                .findFirst();
    }

    @Test
    void aClickSelectsAndADoubleClickZooms(FxRobot robot) {
        PictureView picture = open();
        clickOn(robot, picture, "0000:04:00.0", 1);
        assertThat(selected()).isEqualTo("0000:04:00.0");
        clickOn(robot, picture, "0000:04:00.0", 2);
        assertThat(screen.text("map-crumb-3")).isEqualTo("04:00.0 BAR 1");
    }

    private void clickOn(FxRobot robot, PictureView picture, String name, int clicks) {
        Piece piece = Screen.onScreen(() -> picture.pieces().stream()
                .filter(p -> model.treeProperty().get().name(p.item()).equals(name))
                .findFirst()
                .orElseThrow());
        var at = Screen.onScreen(() -> picture.localToScreen(piece.x() + 20, piece.y() + 8));
        robot.moveTo(at);
        if (clicks == 2) {
            robot.doubleClickOn(at, MouseButton.PRIMARY);
        } else {
            robot.clickOn(at, MouseButton.PRIMARY);
        }
        Screen.settle();
    }

    @Test
    void backspaceGoesUpAndTheBreadcrumbLeadsBack(FxRobot robot) {
        open();
        assertThat(screen.text("map-crumb-2")).isEqualTo("PCI Bus 0000:04");
        press(robot, KeyCode.BACK_SPACE);
        assertThat(screen.has("map-crumb-2")).isFalse();
        assertThat(screen.text("map-crumb-1")).isEqualTo("PCI Bus 0000:00");
        screen.fire("map-crumb-0");
        Screen.until("the whole is shown", () -> !screen.stage().getScene().getRoot().lookupAll("#map-crumb-0").isEmpty()
                && model.focusProperty().get() == MapTree.WHOLE);
        press(robot, KeyCode.ENTER);
        assertThat(screen.text("map-crumb-3")).isEqualTo("04:00.0 BAR 1");
        press(robot, KeyCode.DIGIT0);
        assertThat(screen.has("map-crumb-1")).isFalse();
    }

    @Test
    void typingAnAddressIntoFindSelectsWhatIsThere(FxRobot robot) {
        open();
        press(robot, KeyCode.DIGIT0);
        press(robot, KeyCode.CONTROL, KeyCode.F);
        screen.untilFocused("map-find");
        robot.write("dmar0");
        press(robot, KeyCode.ENTER);
        assertThat(selected()).isEqualTo("dmar0");
        TextField find = screen.node("map-find", TextField.class);
        robot.interact(find::clear);
        robot.write("c0400000");
        press(robot, KeyCode.ENTER);
        assertThat(selected()).isEqualTo("BOOTFB");
        assertThat(screen.text("map-answer")).isEqualTo("c0400000 is inside BOOTFB (c0000000-c086ffff).");
        press(robot, KeyCode.ESCAPE);
        screen.untilFocused("map-picture");
        press(robot, KeyCode.CONTROL, KeyCode.L);
        screen.untilFocused("map-go-to");
        robot.write("fc000000");
        press(robot, KeyCode.ENTER);
        assertThat(screen.text("map-answer")).isEqualTo("fc000000 is in a gap of 44 MiB; nothing claims it.");
    }

    @ParameterizedTest
    @ValueSource(ints = {800, 1000})
    void theAnswerIsReadAsAWholeAndLeavesTheBreadcrumbItsRoom(int width) {
        Screen.onScreen(() -> {
            screen.stage().setWidth(width);
            return true;
        });
        open();
        Screen.onScreen(() -> {
            model.find("c0900000", 1);
            return true;
        });
        assertThat(screen.text("map-answer"))
                .isEqualTo("c0900000 is inside BAR 1 of NVIDIA GeForce GTX 1080; nothing else claims it.");
        screen.assertNothingIsCutOff();
    }

    @Test
    void anAnswerIsGoneOnceSomethingElseIsTypedAndOnAnotherPage(FxRobot robot) {
        open();
        press(robot, KeyCode.CONTROL, KeyCode.F);
        robot.write("c0900000");
        press(robot, KeyCode.ENTER);
        assertThat(screen.has("map-answer")).isTrue();
        robot.write("1");
        Screen.settle();
        assertThat(screen.has("map-answer")).isFalse();
        press(robot, KeyCode.ENTER);
        assertThat(screen.has("map-answer")).isTrue();
        screen.fire("page-button-readiness");
        Screen.settle();
        screen.fire("page-button-memory-map");
        Screen.settle();
        screen.node("map-picture");
        assertThat(screen.has("map-answer")).isFalse();
    }

    @Test
    void anAddressFitsIntoItsFieldInTheSmallestWindow() {
        open();
        TextField goTo = screen.node("map-go-to", TextField.class);
        Screen.onScreen(() -> {
            goTo.setText("c0900000");
            return true;
        });
        Screen.settle();
        assertThat(Screen.onScreen(() -> {
                    Text text = (Text) goTo.lookupAll(".text").stream()
                            .filter(node -> node instanceof Text shown && shown.getText().equals("c0900000"))
                            .findFirst()
                            .orElseThrow();
                    return goTo.getWidth() - goTo.getInsets().getLeft() - goTo.getInsets().getRight()
                            - text.getLayoutBounds().getWidth();
                }))
                .as("room that is left")
                .isPositive();
        screen.assertNothingIsCutOff();
    }

    @Test
    void theKeysCopyValidLines(FxRobot robot) {
        open();
        press(robot, KeyCode.CONTROL, KeyCode.C);
        assertThat(clipboard()).isEqualTo("c0000000-c086ffff : BOOTFB");
        press(robot, KeyCode.CONTROL, KeyCode.SHIFT, KeyCode.C);
        assertThat(clipboard()).startsWith("70000000-fbffbfff : PCI Bus 0000:00\n  c0000000").contains(": BOOTFB\n");
    }

    private static String clipboard() {
        return Screen.onScreen(() -> Clipboard.getSystemClipboard().getString());
    }

    @Test
    void theOverlapKeyFindsTheOverlapFromAnywhere(FxRobot robot) {
        open();
        press(robot, KeyCode.DIGIT0);
        Screen.onScreen(() -> {
            model.select(model.treeProperty().get().childFrom(MapTree.WHOLE));
            return true;
        });
        press(robot, KeyCode.O);
        assertThat(selected()).isEqualTo("BOOTFB");
    }

    @Test
    void aFilterThatHidesTheOverlapIsTickedAgainByTheOverlapKey(FxRobot robot) {
        PictureView picture = open();
        screen.fire("map-filter-BARS");
        assertThat(selected()).isEqualTo("PCI Bus 0000:04");
        robot.interact(picture::requestFocus);
        press(robot, KeyCode.O);
        assertThat(screen.node("map-filter-BARS", CheckBox.class).isSelected()).isTrue();
        assertThat(screen.text("map-details-name")).isEqualTo("BOOTFB");
        assertThat(row()).isEqualTo("BOOTFB");
        assertThat(frame().getWidth()).isPositive();
    }

    @Test
    void f6GoesFromPaneToPane(FxRobot robot) {
        open();
        press(robot, KeyCode.F6);
        screen.untilFocused("map-tree");
        press(robot, KeyCode.F6);
        screen.untilFocused("map-details");
        press(robot, KeyCode.F6);
        screen.untilFocused("map-find");
        press(robot, KeyCode.F6);
        screen.untilFocused("map-picture");
    }

    @Test
    void thePaneThatHasTheKeysHasARingAndNothingMoves(FxRobot robot) {
        PictureView picture = open();
        List<Region> panes = List.of(
                (Region) picture.getParent(),
                screen.node("map-tree", Region.class),
                screen.node("map-details", Region.class));
        List<Bounds> places = places(panes);
        for (Region pane : panes) {
            for (Region other : panes) {
                assertThat(ring(other).equals(Color.TRANSPARENT))
                        .as("there is no ring around %s while the keys are in %s", other, pane)
                        .isEqualTo(other != pane);
            }
            assertThat(places(panes)).isEqualTo(places);
            press(robot, KeyCode.F6);
        }
    }

    private static Color ring(Region pane) {
        return Screen.onScreen(() -> {
            BorderStroke stroke = pane.getBorder().getStrokes().getFirst();
            assertThat(stroke.getWidths().getTop()).isEqualTo(2);
            return (Color) stroke.getTopStroke();
        });
    }

    private static List<Bounds> places(List<Region> panes) {
        return Screen.onScreen(() -> panes.stream()
                .flatMap(pane -> pane.getChildrenUnmodifiable().stream())
                .filter(Region.class::isInstance)
                .map(Node::getBoundsInParent)
                .toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"map-scale-LOG", "map-filter-RAM", "map-overlaps"})
    void aClickOnAButtonLeavesTheKeysToThePictureAndTheSpaceBarToTheButton(String id, FxRobot robot) {
        open();
        Node button = screen.node(id);
        robot.interact(button::requestFocus);
        press(robot, KeyCode.SPACE);
        screen.untilFocused(id);
        robot.clickOn(button);
        screen.untilFocused("map-picture");
    }

    @Test
    void aDumpWithoutAddressesIsRowsAndNoBoxes(FxRobot robot) {
        open();
        robot.interact(() -> model.importText(
                """
                00000000-00000000 : PCI Bus 0000:00
                  00000000-00000000 : 0000:01:00.0
                    00000000-00000000 : efifb
                """,
                "dump.txt"));
        Screen.until("the boxes are away", () -> !screen.has("map-picture"));
        assertThat(screen.text("map-message")).contains("This dump has no addresses: it was read without root.");
        RegionTree tree = screen.node("map-tree", RegionTree.class);
        Screen.until("its rows are there", () -> tree.lookupAll(".tree-table-row-cell").stream()
                .anyMatch(row -> row instanceof TreeTableRow<?> cell && !cell.isEmpty()));
    }

    @Test
    void notToScaleIsSaidWhereItIsSo() {
        open();
        assertThat(screen.text("map-not-to-scale")).isEqualTo("Not to scale");
        screen.fire("map-scale-TRUE_SIZE");
        Screen.until("nothing is said", () -> !screen.has("map-not-to-scale"));
    }

    @Test
    void everyPieceInViewIsANodeThatSaysWhatItIs(FxRobot robot) {
        PictureView picture = open();
        press(robot, KeyCode.DIGIT0);
        List<Piece> pieces = Screen.onScreen(picture::pieces);
        assertThat(pieces).hasSizeGreaterThan(40);
        for (Piece piece : pieces) {
            PieceNode node = Screen.onScreen(() -> picture.node(piece.item()).orElseThrow());
            assertThat(Screen.onScreen(node::getAccessibleText)).isNotBlank();
        }
        PieceNode bootfb = Screen.onScreen(() ->
                picture.node(model.treeProperty().get().overlaps()[0]).orElseThrow());
        assertThat(bootfb.getAccessibleText()).isEqualTo("BOOTFB, c0000000-c086ffff, 8.4 MiB, Overlaps");
        assertThat(bootfb.getWidth()).isGreaterThanOrEqualTo(FitScale.NARROWEST);
    }

    @Test
    void everyGapIsLabelled() {
        PictureView picture = open();
        Screen.onScreen(() -> {
            model.zoomTo(model.treeProperty().get().parent(model.focusProperty().get()));
            return true;
        });
        Screen.until("gaps are shown", () -> !gaps(picture).isEmpty());
        for (Piece gap : Screen.onScreen(() -> gaps(picture))) {
            assertThat(Screen.onScreen(() -> picture.node(gap.item()).orElseThrow().label()))
                    .isEqualTo(model.itemWords().size(gap.item()));
        }
    }

    private List<Piece> gaps(PictureView picture) {
        return picture.pieces().stream()
                .filter(piece -> model.treeProperty().get().kind(piece.item()) == Kind.GAP && piece.count() == 1)
                .toList();
    }

    @Test
    void theCardOfTheGpuIsOneButtonAway() {
        open();
        screen.fire("map-show-gpu");
        screen.node("gpu-0000-04-00-0");
    }

    @Test
    void nothingIsCutOffInTheSmallestWindow() {
        open();
        screen.assertNothingIsCutOff();
    }

    @Test
    void arrowsGoFromPieceToPieceAndEachIsFramedAndNamed(FxRobot robot) {
        PictureView picture = open();
        press(robot, KeyCode.DIGIT0);
        Screen.onScreen(() -> {
            model.select(model.treeProperty().get().childFrom(MapTree.WHOLE));
            return true;
        });
        Set<Integer> seen = new HashSet<>();
        for (int i = 0; i < 12; i++) {
            press(robot, KeyCode.RIGHT);
            int item = Screen.onScreen(() -> model.selectionProperty().get());
            seen.add(item);
            Rectangle frame = frame();
            PieceNode node = Screen.onScreen(() -> picture.node(item).orElseThrow());
            assertThat(frame.getX()).isBetween(node.getLayoutX() - 4, node.getLayoutX() + 2);
            assertThat(Screen.onScreen(picture::getAccessibleText)).endsWith(node.getAccessibleText());
            assertThat(current(picture)).as("what a screen reader is on").isSameAs(node);
            screen.untilFocused("map-picture");
        }
        assertThat(seen).hasSize(12);
    }

    private static PieceNode current(PictureView picture) {
        return (PieceNode) Screen.onScreen(() -> picture.queryAccessibleAttribute(AccessibleAttribute.FOCUS_ITEM));
    }

    @Test
    void aScreenReaderFindsEveryPieceInThePictureAndTheSelectedOne(FxRobot robot) {
        PictureView picture = open();
        press(robot, KeyCode.DIGIT0);
        PieceNode current = current(picture);
        assertThat(current.getAccessibleText()).startsWith("BOOTFB");
        List<PieceNode> pieces = Screen.onScreen(() -> IntStream.range(
                        0, (Integer) picture.queryAccessibleAttribute(AccessibleAttribute.ITEM_COUNT))
                .mapToObj(i -> (PieceNode) picture.queryAccessibleAttribute(AccessibleAttribute.ITEM_AT_INDEX, i))
                .toList());
        assertThat(pieces).hasSizeGreaterThan(40).contains(current);
        for (int i = 0; i < pieces.size(); i++) {
            PieceNode piece = pieces.get(i);
            assertThat(piece.queryAccessibleAttribute(AccessibleAttribute.INDEX)).isEqualTo(i);
            assertThat(piece.queryAccessibleAttribute(AccessibleAttribute.SELECTED)).isEqualTo(piece == current);
        }
    }

    @Test
    void whatSharesATickWithOthersIsToldByItselfOnceTheKeyboardIsOnIt(FxRobot robot) {
        PictureView picture = open();
        press(robot, KeyCode.DIGIT0);
        screen.fire("map-scale-TRUE_SIZE");
        Piece tick = Screen.onScreen(() -> {
            picture.layout();
            return picture.pieces().stream()
                    .filter(piece -> piece.count() > 2)
                    .findFirst()
                    .orElseThrow();
        });
        for (int item = tick.item(); item < tick.item() + 2; item++) {
            int one = item;
            Screen.onScreen(() -> {
                model.select(one);
                return true;
            });
            Screen.settle();
            assertThat(current(picture).getAccessibleText()).isEqualTo(model.itemWords().accessible(one, 1));
        }
    }

    @Test
    void theWheelMovesThePictureAndWithControlItZoomsWhereThePointerIs() {
        PictureView picture = open();
        scroll(picture, 0.25, 40, true);
        double zoomed = Screen.onScreen(() -> model.zoomProperty().get());
        assertThat(zoomed).isGreaterThan(1.1);
        double under = Screen.onScreen(() -> model.offsetProperty().get() + 0.25 / zoomed);
        assertThat(under).as("what is under the pointer").isCloseTo(0.25, Offset.offset(0.001));
        double before = Screen.onScreen(() -> model.offsetProperty().get());
        scroll(picture, 0.25, -40, false);
        assertThat(Screen.onScreen(() -> model.offsetProperty().get())).isGreaterThan(before);
    }

    private static void scroll(PictureView picture, double part, double turned, boolean control) {
        Screen.onScreen(() -> {
            Point2D at = picture.localToScene(picture.getWidth() * part, 10);
            Event.fireEvent(picture, new ScrollEvent(
                    ScrollEvent.SCROLL, at.getX(), at.getY(), at.getX(), at.getY(), false, control, false, false, false, false, 0, turned, 0, turned,
                    ScrollEvent.HorizontalTextScrollUnits.NONE, 0, ScrollEvent.VerticalTextScrollUnits.NONE, 0, 0, null));
            return true;
        });
        Screen.settle();
    }

    @Test
    void draggingMovesThePictureAndSelectsNothing(FxRobot robot) {
        PictureView picture = open();
        press(robot, KeyCode.PLUS);
        press(robot, KeyCode.PLUS);
        Screen.onScreen(() -> {
            model.offsetProperty().set(0);
            return true;
        });
        String selected = selected();
        var from = Screen.onScreen(() -> picture.localToScreen(picture.getWidth() * 0.7, 40));
        robot.drag(from.getX(), from.getY(), MouseButton.PRIMARY).dropTo(from.getX() - 200, from.getY());
        Screen.until("the picture has moved", () -> model.offsetProperty().get() > 0);
        assertThat(selected()).isEqualTo(selected);
    }

    @Test
    void restingOnAPieceSaysWhatItIs(FxRobot robot) {
        PictureView picture = open();
        var at = Screen.onScreen(() -> {
            PieceNode node = picture.node(model.treeProperty().get().overlaps()[0]).orElseThrow();
            return node.localToScreen(node.getWidth() / 2, node.getHeight() / 2);
        });
        robot.moveTo(at.add(3, 3));
        robot.moveTo(at);
        Screen.until("the tip is shown", () -> Window.getWindows().stream()
                .anyMatch(window -> window instanceof Tooltip tip
                        && tip.isShowing()
                        && tip.getText().startsWith("BOOTFB\nc0000000-c086ffff")));
    }

    @Test
    void theFrameOfASelectionThatIsNarrowLeavesItsColourToBeSeen() throws Exception {
        PictureView picture = open();
        Screen.onScreen(() -> {
            model.scaleProperty().set(Scale.TRUE_SIZE);
            model.selectOverlap(1);
            model.zoomTo(MapTree.WHOLE);
            return null;
        });
        int overlap = model.treeProperty().get().overlaps()[0];
        Screen.until("the overlap is narrow", () -> picture.node(overlap)
                .filter(node -> node.getWidth() < 12)
                .isPresent());
        PieceNode node = Screen.onScreen(() -> picture.node(overlap).orElseThrow());
        Rectangle frame = frame();
        double half = frame.getStrokeWidth() / 2;
        assertThat(frame.getX() + half).isLessThanOrEqualTo(node.getLayoutX());
        assertThat(frame.getX() + frame.getWidth() - half)
                .isGreaterThanOrEqualTo(node.getLayoutX() + node.getWidth());
    }

    @Test
    void thePictureIsSavedAsAPngTwiceAsFineAsTheScreen() throws Exception {
        PictureView picture = open();
        MemoryMapViewModel.Content content = Screen.onScreen(() -> PictureExport.png(picture));
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(content.bytes()));
        assertThat(image.getWidth()).isBetween((int) picture.getWidth() * 2, (int) picture.getWidth() * 2 + 2);
        PieceNode node = Screen.onScreen(() ->
                picture.node(model.treeProperty().get().overlaps()[0]).orElseThrow());
        Set<Integer> colours = new HashSet<>();
        for (int i = 4; i < node.getWidth() - 4; i++) {
            colours.add(image.getRGB(
                    (int) (2 * (node.getLayoutX() + i)), (int) (2 * (node.getLayoutY() + node.getHeight() - 6))));
        }
        assertThat(colours).as("the hatch of the overlap").hasSizeGreaterThanOrEqualTo(2);
    }

    @Test
    void aDumpThatIsDroppedIsShown(@TempDir Path folder) throws Exception {
        PictureView picture = open();
        Path file = Files.writeString(folder.resolve("dump.txt"), "> 00001000-0009ffff : System RAM\n[...]\n");
        screen.drop(picture, file);
        screen.untilText("map-title", "dump.txt");
        assertThat(screen.text("map-message")).isEqualTo("Read 1 region. 1 part was left out by the author (<snip>).");
    }

    private Rectangle frame() {
        Rectangle frame = (Rectangle) screen.stage().getScene().lookup(".map-selected");
        assertThat(frame.isVisible()).isTrue();
        return frame;
    }

    private String row() {
        return Screen.onScreen(() -> {
            RegionTree tree = (RegionTree) screen.stage().getScene().lookup("#map-tree");
            TreeItem<Integer> item = tree.getSelectionModel().getSelectedItem();
            return model.treeProperty().get().name(item.getValue());
        });
    }
}
