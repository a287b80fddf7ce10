package org.switchback.gui.memorymap;

import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import javafx.animation.Animation;
import javafx.animation.PauseTransition;
import javafx.beans.Observable;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.collections.FXCollections;
import javafx.css.CssMetaData;
import javafx.css.Styleable;
import javafx.css.StyleableProperty;
import javafx.css.StyleablePropertyFactory;
import javafx.scene.AccessibleAttribute;
import javafx.scene.AccessibleRole;
import javafx.scene.control.Tooltip;
import javafx.scene.image.ImageView;
import javafx.scene.image.PixelBuffer;
import javafx.scene.image.PixelFormat;
import javafx.scene.image.WritableImage;
import javafx.scene.input.MouseButton;
import javafx.scene.input.MouseEvent;
import javafx.scene.input.ScrollEvent;
import javafx.scene.layout.Pane;
import javafx.scene.layout.Region;
import javafx.scene.paint.Color;
import javafx.scene.shape.Rectangle;
import javafx.util.Duration;
import org.jspecify.annotations.Nullable;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.KebabCase;

/**
 * The nested boxes: an array of pixels for what is drawn, and above it a node a piece for what is read, pointed at and
 * tested. With more pieces than {@link #MAX_NODES} only those that have room for a label are nodes.
 */
final class MapCanvas extends Region {
    /** Up to so many pieces in view each one is a node. */
    static final int MAX_NODES = 1500;

    /** A piece below this width is hidden by a frame inside it, pixels. */
    private static final double NARROW_BOX_WIDTH = 12;

    private static final List<String> COLOUR_NAMES = List.of(
            "card", "ram", "window", "bar", "overlap", "stripe", "firmware", "other", "gap", "removed", "added");
    private static final StyleablePropertyFactory<MapCanvas> FACTORY =
            new StyleablePropertyFactory<>(Region.getClassCssMetaData());
    private final MemoryMapViewModel model;
    private final Messages messages;
    private final Map<String, StyleableProperty<Color>> colours = new LinkedHashMap<>();
    private final ReadOnlyObjectWrapper<Palette> palette = new ReadOnlyObjectWrapper<>();
    private final ImageView image = new ImageView();
    private final Pane nodePane = new Pane();
    /** A light and a dark line, so that one of them stands out from whatever is below. */
    private final Rectangle selectionHalo = frame("map-selected-halo");

    private final Rectangle selectionFrame = frame("map-selected");
    private final Rectangle hoverFrame = frame("map-hovered");
    private final Tooltip tooltip = new Tooltip();
    private final Map<Integer, BoxNode> nodes = new HashMap<>();
    private final Map<String, Double> textWidths = BoxNode.createWidthCache();

    /** Runs while the picture moves and a moment longer. */
    private final PauseTransition settleTimer = new PauseTransition(Duration.millis(150));

    private List<Box> boxes = List.of();
    private @Nullable MapTree drawnTree;
    private @Nullable PixelBuffer<IntBuffer> buffer;
    private int[] pixels = new int[0];
    private double dragX = Double.NaN;
    private boolean dragged;
    /** The piece of the selection, as a screen reader was told of it last. */
    private @Nullable BoxNode selectedNode;

    MapCanvas(MemoryMapViewModel model, Messages messages) {
        this.model = model;
        this.messages = messages;
        setId("map-picture");
        getStyleClass().add("map-picture");
        setFocusTraversable(true);
        setAccessibleRole(AccessibleRole.LIST_VIEW);
        for (String colour : COLOUR_NAMES) {
            StyleableProperty<Color> property = FACTORY.createStyleableColorProperty(
                    this, colour, "-picture-" + colour, view -> view.colours.get(colour));
            colours.put(colour, property);
            ((Observable) property).addListener(change -> updatePalette());
        }
        updatePalette();
        nodePane.setManaged(false);
        nodePane.setMouseTransparent(true);
        image.setManaged(false);
        getChildren().addAll(image, nodePane, hoverFrame, selectionHalo, selectionFrame);
        Rectangle clip = new Rectangle();
        clip.widthProperty().bind(widthProperty());
        clip.heightProperty().bind(heightProperty());
        setClip(clip);
        tooltip.setShowDelay(Duration.millis(250));
        tooltip.getStyleClass().add("map-tip");
        for (Observable decides : List.of(
                model.treeProperty(),
                model.viewRootProperty(),
                model.scaleProperty(),
                model.shownFiltersProperty())) {
            decides.addListener(change -> requestLayout());
        }
        for (Observable moves : List.of(model.zoomProperty(), model.offsetProperty())) {
            moves.addListener(change -> {
                settleTimer.playFromStart();
                requestLayout();
            });
        }
        settleTimer.setOnFinished(event -> requestLayout());
        model.selectionProperty().addListener((observable, before, now) -> {
            updateAccessibleText();
            requestLayout();
        });
        widthProperty().addListener((observable, before, now) -> model.widthProperty().set(Math.max(1, now.doubleValue())));
        sceneProperty().flatMap(scene -> scene.windowProperty())
                .flatMap(window -> window.renderScaleXProperty())
                .addListener((observable, before, now) -> requestLayout());
        addEventHandler(MouseEvent.MOUSE_PRESSED, this::handleMousePressed);
        addEventHandler(MouseEvent.MOUSE_DRAGGED, this::handleMouseDragged);
        addEventHandler(MouseEvent.MOUSE_CLICKED, this::handleMouseClicked);
        addEventHandler(MouseEvent.MOUSE_MOVED, this::handleMouseMoved);
        addEventHandler(MouseEvent.MOUSE_EXITED, event -> showHover(Optional.empty()));
        addEventHandler(ScrollEvent.SCROLL, this::handleScroll);
        updateAccessibleText();
    }

    private static Rectangle frame(String style) {
        Rectangle frame = new Rectangle();
        frame.getStyleClass().add(style);
        frame.setManaged(false);
        frame.setMouseTransparent(true);
        frame.setVisible(false);
        return frame;
    }

    @Override
    public List<CssMetaData<? extends Styleable, ?>> getCssMetaData() {
        return FACTORY.getCssMetaData();
    }

    /** The colours of the theme. */
    ReadOnlyObjectProperty<Palette> paletteProperty() {
        return palette.getReadOnlyProperty();
    }

    private void updatePalette() {
        palette.set(new Palette(
                argb("card"), argb("ram"), argb("window"), argb("bar"), argb("overlap"), argb("stripe"),
                argb("firmware"), argb("other"), argb("gap"), argb("removed"), argb("added")));
        requestLayout();
    }

    private int argb(String colour) {
        StyleableProperty<Color> property = colours.get(colour);
        Color value = property == null ? null : property.getValue();
        if (value == null) {
            return 0xff808080;
        }
        return 0xff << 24
                | (int) Math.round(value.getRed() * 255) << 16
                | (int) Math.round(value.getGreen() * 255) << 8
                | (int) Math.round(value.getBlue() * 255);
    }

    /** What is drawn now, a box before what is in it. */
    List<Box> boxes() {
        return boxes;
    }

    Optional<BoxNode> node(int item) {
        return Optional.ofNullable(nodes.get(item));
    }

    @Override
    protected double computeMinHeight(double width) {
        return 120;
    }

    @Override
    protected double computePrefHeight(double width) {
        return 300;
    }

    @Override
    protected double computePrefWidth(double height) {
        return 600;
    }

    @Override
    protected void layoutChildren() {
        double width = getWidth();
        double height = getHeight();
        if (width < 1 || height < 1) {
            return;
        }
        MapTree tree = model.treeProperty().get();
        if (drawnTree != tree) {
            nodePane.getChildren().clear();
            nodes.clear();
            drawnTree = tree;
        }
        MapLayout picture = model.createLayout(height);
        List<Box> now = tree.hasAddresses() ? picture.boxes() : List.of();
        if (!now.equals(boxes)) {
            // What the pointer was on is somewhere else.
            showHover(Optional.empty());
        }
        boxes = now;
        paint(tree, width, height);
        Optional<Box> selection = boxContaining(model.selectionProperty().get());
        updateNodes(tree, picture, selection);
        frame(selectionHalo, selection);
        frame(selectionFrame, selection);
        updateSelectedNode(selection);
    }

    /** The keyboard stays on the picture and goes from piece to piece inside it, as it does in a list. */
    private void updateSelectedNode(Optional<Box> selection) {
        BoxNode now = selection.map(piece -> nodes.get(piece.item())).orElse(null);
        if (now != selectedNode) {
            if (selectedNode != null) {
                selectedNode.setSelected(false);
            }
            selectedNode = now;
            if (now != null) {
                now.setSelected(true);
            }
            notifyAccessibleAttributeChanged(AccessibleAttribute.FOCUS_ITEM);
            notifyAccessibleAttributeChanged(AccessibleAttribute.SELECTED_ITEMS);
        }
    }

    @Override
    public @Nullable Object queryAccessibleAttribute(AccessibleAttribute attribute, Object... parameters) {
        return switch (attribute) {
            case FOCUS_ITEM -> selectedNode;
            case SELECTED_ITEMS -> FXCollections.observableArrayList(Stream.ofNullable(selectedNode).toList());
            case ITEM_COUNT -> nodePane.getChildren().size();
            case ITEM_AT_INDEX -> {
                int index = (Integer) parameters[0];
                yield index >= 0 && index < nodePane.getChildren().size() ? nodePane.getChildren().get(index) : null;
            }
            case MULTIPLE_SELECTION -> false;
            default -> super.queryAccessibleAttribute(attribute, parameters);
        };
    }

    private void paint(MapTree tree, double width, double height) {
        double scale = getScene() == null || getScene().getWindow() == null
                ? 1
                : getScene().getWindow().getRenderScaleX();
        int across = (int) Math.ceil(width * scale);
        int down = (int) Math.ceil(height * scale);
        PixelBuffer<IntBuffer> target = buffer;
        if (target == null || target.getWidth() != across || target.getHeight() != down) {
            pixels = new int[across * down];
            target = new PixelBuffer<>(across, down, IntBuffer.wrap(pixels), PixelFormat.getIntArgbPreInstance());
            buffer = target;
            image.setImage(new WritableImage(target));
            image.setFitWidth(across / scale);
            image.setFitHeight(down / scale);
            image.setSmooth(false);
        }
        new PixelPainter(pixels, across, down, scale, palette.get()).paint(tree, boxes);
        target.updateBuffer(whole -> null);
    }

    /** Nodes that stay in view stay the same; they are what keyboard, screen readers and tests hold on to. */
    private void updateNodes(MapTree tree, MapLayout picture, Optional<Box> selection) {
        // In a large map other pieces share a tick at every step of a movement; their nodes can wait until it ends.
        boolean all = boxes.size() <= MAX_NODES && (tree.size() <= MAX_NODES || !isSettling());
        RegionMessages said = model.regionMessages();
        Set<Integer> gone = new HashSet<>(nodes.keySet());
        List<BoxNode> fresh = new ArrayList<>();
        for (Box piece : boxes) {
            boolean chosen = selection.isPresent() && selection.get() == piece;
            if (!all && !chosen && piece.width() < 2 * BoxNode.VERTICAL_LABEL_WIDTH) {
                continue;
            }
            int item = piece.item();
            gone.remove(item);
            BoxNode node = nodes.get(item);
            if (node == null) {
                node = new BoxNode(item, tree.kind(item), textWidths);
                if (tree.kind(item) == RegionKind.UNCOVERED) {
                    node.getStyleClass()
                            .add("on-" + KebabCase.of(tree.kind(tree.parent(item))));
                }
                if (tree.change(item) == RegionChange.REMOVED) {
                    node.getStyleClass().add("changed");
                }
                nodes.put(item, node);
                fresh.add(node);
            }
            // Of pieces that share a tick the one that is selected is told, and else how many they are.
            node.setAccessibleText(
                    chosen
                            ? said.accessibleText(model.selectionProperty().get(), 1)
                            : said.accessibleText(item, piece.count()));
            boolean parts = tree.childrenStart(item) < tree.childrenEnd(item);
            boolean warn = tree.kind(item) == RegionKind.OVERLAP;
            node.layOut(piece, getWidth(), captions(tree, said, piece), parts, picture.titleHeight(), warn);
        }
        if (!gone.isEmpty()) {
            List<BoxNode> old = gone.stream().map(nodes::remove).toList();
            nodePane.getChildren().removeAll(new HashSet<>(old));
        }
        nodePane.getChildren().addAll(fresh);
        // Styles are given out before layout, so those that come in now would be drawn without them once.
        fresh.forEach(BoxNode::applyCss);
    }

    private boolean isSettling() {
        return settleTimer.getStatus() == Animation.Status.RUNNING;
    }

    private List<String> captions(MapTree tree, RegionMessages said, Box piece) {
        int item = piece.item();
        if (piece.count() > 1) {
            return List.of("+" + (piece.count() - 1));
        }
        if (piece.width() < BoxNode.VERTICAL_LABEL_WIDTH) {
            return List.of("");
        }
        return switch (tree.kind(item)) {
            case GAP -> List.of(said.size(item));
            default -> {
                String sign = switch (tree.change(item)) {
                    case UNCHANGED -> "";
                    case REMOVED -> "− ";
                    case ADDED -> "+ ";
                };
                yield List.of(sign + said.caption(item), sign + said.label(item));
            }
        };
    }

    private Optional<Box> boxContaining(int item) {
        if (item == MapTree.ROOT) {
            return Optional.empty();
        }
        Box found = null;
        for (Box piece : boxes) {
            if (piece.item() == item || (piece.count() > 1 && item > piece.item() && item < piece.item() + piece.count())) {
                found = piece;
            }
        }
        return Optional.ofNullable(found);
    }

    private static void frame(Rectangle frame, Optional<Box> around) {
        frame.setVisible(around.isPresent());
        around.ifPresent(piece -> {
            // Inside a wide piece, as its neighbours are to be seen too; around a narrow one, which it would hide.
            double inside = piece.width() < NARROW_BOX_WIDTH ? -4 : 1;
            frame.setX(piece.x() + inside);
            frame.setY(piece.y() + 1);
            frame.setWidth(Math.max(2, piece.width() - 2 * inside - 1));
            frame.setHeight(Math.max(2, piece.height() - 2));
        });
    }

    private void updateAccessibleText() {
        int item = model.selectionProperty().get();
        setAccessibleText(messages.text("window.map.picture")
                + (item == MapTree.ROOT ? "" : ": " + model.regionMessages().accessibleText(item, 1)));
    }

    // The pointer.

    private void handleMousePressed(MouseEvent event) {
        requestFocus();
        dragX = event.getX();
        dragged = false;
    }

    private void handleMouseDragged(MouseEvent event) {
        if (Math.abs(event.getX() - dragX) > 3 || dragged) {
            dragged = true;
            model.pan((dragX - event.getX()) / getWidth());
            dragX = event.getX();
        }
    }

    private void handleMouseClicked(MouseEvent event) {
        if (dragged || event.getButton() != MouseButton.PRIMARY) {
            return;
        }
        MapLayout.boxAt(boxes, event.getX(), event.getY()).ifPresent(piece -> {
            if (event.getClickCount() == 2) {
                model.zoomTo(piece.item());
            } else {
                model.select(piece.item());
            }
        });
    }

    private void handleMouseMoved(MouseEvent event) {
        showHover(MapLayout.boxAt(boxes, event.getX(), event.getY()));
    }

    private void showHover(Optional<Box> piece) {
        frame(hoverFrame, piece);
        String said = piece.map(this::tooltipText).orElse("");
        if (!said.equals(tooltip.getText())) {
            tooltip.hide();
            tooltip.setText(said);
            if (said.isEmpty()) {
                Tooltip.uninstall(this, tooltip);
            } else {
                Tooltip.install(this, tooltip);
            }
        }
    }

    private String tooltipText(Box piece) {
        return String.join("\n", model.regionMessages().tooltipLines(piece.item(), piece.count()));
    }

    private void handleScroll(ScrollEvent event) {
        event.consume();
        if (event.isControlDown()) {
            model.zoomAt(Math.pow(1.2, Math.signum(event.getDeltaY())), event.getX() / getWidth());
        } else {
            double turned = event.getDeltaX() != 0 ? event.getDeltaX() : event.getDeltaY();
            model.pan(-turned / getWidth());
        }
    }
}
