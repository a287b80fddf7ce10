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
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javafx.animation.Animation;
import javafx.animation.PauseTransition;
import javafx.beans.Observable;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.SimpleObjectProperty;
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
 * Draws the nested boxes into one image; a {@link BoxNode} above each box holds label and accessible text. With more
 * boxes than {@link #MAX_NODES}, only those wide enough for a label have a node.
 */
final class MapCanvas extends Region {
    /** Maximum number of visible boxes that all have nodes. */
    static final int MAX_NODES = 1500;

    /** Boxes below this width, in pixels, have their frame outside, since a frame inside would hide them. */
    private static final double NARROW_BOX_WIDTH = 12;

    private static final List<String> COLOUR_NAMES = List.of(
            "card", "ram", "window", "bar", "overlap", "stripe", "firmware", "other", "gap", "removed", "added");
    private static final StyleablePropertyFactory<MapCanvas> FACTORY =
            new StyleablePropertyFactory<>(Region.getClassCssMetaData());
    private final MemoryMapViewModel model;
    private final Messages messages;
    private final Map<String, StyleableProperty<Color>> colours = new LinkedHashMap<>();
    private final ObjectProperty<Palette> palette = new SimpleObjectProperty<>();
    private final ImageView image = new ImageView();
    private final Pane nodePane = new Pane();
    /** One of halo and frame is light, the other dark, so that one of them contrasts with any background. */
    private final Rectangle selectionHalo = createFrame("map-selected-halo");

    private final Rectangle selectionFrame = createFrame("map-selected");
    private final Rectangle hoverFrame = createFrame("map-hovered");
    private final Tooltip tooltip = new Tooltip();
    private final Map<Integer, BoxNode> nodes = new HashMap<>();
    private final Map<String, Double> textWidths = BoxNode.createWidthCache();

    /** Runs while zoom or offset change and 150 ms longer. */
    private final PauseTransition settleTimer = new PauseTransition(Duration.millis(150));

    private List<Box> boxes = List.of();
    private @Nullable MapTree drawnTree;
    private @Nullable PixelBuffer<IntBuffer> buffer;
    private int[] pixels = new int[0];
    private double dragX = Double.NaN;
    private boolean dragged;
    /** The selected node that was last reported to screen readers. */
    private @Nullable BoxNode selectedNode;

    MapCanvas(MemoryMapViewModel model, Messages messages) {
        this.model = model;
        this.messages = messages;
        setId("map-picture");
        getStyleClass().add("map-picture");
        setMinHeight(120);
        setPrefSize(600, 300);
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
        for (Observable source : List.of(
                model.treeProperty(),
                model.viewport().viewRootProperty(),
                model.viewport().scaleProperty(),
                model.viewport().shownFiltersProperty())) {
            source.addListener(change -> requestLayout());
        }
        for (Observable source :
                List.of(model.viewport().zoomProperty(), model.viewport().offsetProperty())) {
            source.addListener(change -> {
                settleTimer.playFromStart();
                requestLayout();
            });
        }
        settleTimer.setOnFinished(event -> requestLayout());
        model.selectionProperty().subscribe(now -> {
            updateAccessibleText();
            requestLayout();
        });
        widthProperty()
                .subscribe((before, now) -> model.viewport().widthProperty().set(Math.max(1, now.doubleValue())));
        sceneProperty()
                .flatMap(scene -> scene.windowProperty())
                .flatMap(window -> window.renderScaleXProperty())
                .subscribe((before, now) -> requestLayout());
        addEventHandler(MouseEvent.MOUSE_PRESSED, this::handleMousePressed);
        addEventHandler(MouseEvent.MOUSE_DRAGGED, this::handleMouseDragged);
        addEventHandler(MouseEvent.MOUSE_CLICKED, this::handleMouseClicked);
        addEventHandler(MouseEvent.MOUSE_MOVED, this::handleMouseMoved);
        addEventHandler(MouseEvent.MOUSE_EXITED, event -> showHover(Optional.empty()));
        addEventHandler(ScrollEvent.SCROLL, this::handleScroll);
    }

    private static Rectangle createFrame(String style) {
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

    /** The colours of the current theme. */
    ReadOnlyObjectProperty<Palette> paletteProperty() {
        return palette;
    }

    private void updatePalette() {
        palette.set(new Palette(
                argb("card"),
                argb("ram"),
                argb("window"),
                argb("bar"),
                argb("overlap"),
                argb("stripe"),
                argb("firmware"),
                argb("other"),
                argb("gap"),
                argb("removed"),
                argb("added")));
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

    /** The boxes that are drawn, each before the boxes inside it. */
    List<Box> boxes() {
        return boxes;
    }

    Optional<BoxNode> node(int item) {
        return Optional.ofNullable(nodes.get(item));
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
        MapLayout layout = model.viewport().createLayout(height);
        List<Box> newBoxes = tree.hasAddresses() ? layout.boxes() : List.of();
        if (!newBoxes.equals(boxes)) {
            // The box under the pointer has moved.
            showHover(Optional.empty());
        }
        boxes = newBoxes;
        paint(tree, width, height);
        Optional<Box> selection = boxContaining(model.selectionProperty().get());
        updateNodes(tree, layout, selection);
        placeFrame(selectionHalo, selection);
        placeFrame(selectionFrame, selection);
        updateSelectedNode(selection);
    }

    /** Reports the selected box to screen readers. As in a list, only the focus item changes, not the focus. */
    private void updateSelectedNode(Optional<Box> selection) {
        BoxNode node = selection.map(box -> nodes.get(box.item())).orElse(null);
        if (node != selectedNode) {
            if (selectedNode != null) {
                selectedNode.setSelected(false);
            }
            selectedNode = node;
            if (node != null) {
                node.setSelected(true);
            }
            notifyAccessibleAttributeChanged(AccessibleAttribute.FOCUS_ITEM);
            notifyAccessibleAttributeChanged(AccessibleAttribute.SELECTED_ITEMS);
        }
    }

    @Override
    public @Nullable Object queryAccessibleAttribute(AccessibleAttribute attribute, Object... parameters) {
        return switch (attribute) {
            case FOCUS_ITEM -> selectedNode;
            case SELECTED_ITEMS ->
                FXCollections.observableArrayList(
                        Stream.ofNullable(selectedNode).toList());
            case ITEM_COUNT -> nodePane.getChildren().size();
            case ITEM_AT_INDEX -> {
                int index = (Integer) parameters[0];
                yield index >= 0 && index < nodePane.getChildren().size()
                        ? nodePane.getChildren().get(index)
                        : null;
            }
            case MULTIPLE_SELECTION -> false;
            default -> super.queryAccessibleAttribute(attribute, parameters);
        };
    }

    private void paint(MapTree tree, double width, double height) {
        double scale = getScene() == null || getScene().getWindow() == null
                ? 1
                : getScene().getWindow().getRenderScaleX();
        int pixelWidth = (int) Math.ceil(width * scale);
        int pixelHeight = (int) Math.ceil(height * scale);
        PixelBuffer<IntBuffer> target = buffer;
        if (target == null || target.getWidth() != pixelWidth || target.getHeight() != pixelHeight) {
            pixels = new int[pixelWidth * pixelHeight];
            target = new PixelBuffer<>(
                    pixelWidth, pixelHeight, IntBuffer.wrap(pixels), PixelFormat.getIntArgbPreInstance());
            buffer = target;
            image.setImage(new WritableImage(target));
            image.setFitWidth(pixelWidth / scale);
            image.setFitHeight(pixelHeight / scale);
            image.setSmooth(false);
        }
        new PixelPainter(pixels, pixelWidth, pixelHeight, scale, palette.get()).paint(tree, boxes);
        target.updateBuffer(ignored -> null);
    }

    /** Creates, places and removes nodes. Nodes of visible items are reused: screen readers and tests refer to them. */
    private void updateNodes(MapTree tree, MapLayout layout, Optional<Box> selection) {
        // While a large map moves, the merged boxes change at every step; their nodes are created when it stops.
        boolean nodeForEveryBox = boxes.size() <= MAX_NODES && (tree.size() <= MAX_NODES || !isSettling());
        RegionMessages regionMessages = model.regionMessages();
        Set<Integer> removed = new HashSet<>(nodes.keySet());
        List<BoxNode> added = new ArrayList<>();
        for (Box box : boxes) {
            boolean isSelected = selection.isPresent() && selection.get() == box;
            if (!nodeForEveryBox && !isSelected && box.width() < 2 * BoxNode.VERTICAL_LABEL_WIDTH) {
                continue;
            }
            int item = box.item();
            removed.remove(item);
            BoxNode node = nodes.get(item);
            if (node == null) {
                node = new BoxNode(item, tree.kind(item), textWidths);
                if (tree.kind(item) == RegionKind.UNCLAIMED) {
                    node.getStyleClass().add("on-" + KebabCase.of(tree.kind(tree.parent(item))));
                }
                if (tree.change(item) == RegionChange.REMOVED) {
                    node.getStyleClass().add("changed");
                }
                nodes.put(item, node);
                added.add(node);
            }
            // A merged box has the text of the selected item if it contains it, otherwise the number of its items.
            node.setAccessibleText(
                    isSelected
                            ? regionMessages.accessibleText(
                                    model.selectionProperty().get(), 1)
                            : regionMessages.accessibleText(item, box.count()));
            boolean titleOnly = tree.hasChildren(item);
            boolean warn = tree.kind(item) == RegionKind.OVERLAP;
            node.layOut(box, getWidth(), captions(tree, regionMessages, box), titleOnly, layout.titleHeight(), warn);
        }
        if (!removed.isEmpty()) {
            Set<BoxNode> removedNodes = removed.stream().map(nodes::remove).collect(Collectors.toSet());
            nodePane.getChildren().removeAll(removedNodes);
        }
        nodePane.getChildren().addAll(added);
        // CSS runs before layout, so nodes added during layout would be drawn once without their styles.
        added.forEach(BoxNode::applyCss);
    }

    private boolean isSettling() {
        return settleTimer.getStatus() == Animation.Status.RUNNING;
    }

    private List<String> captions(MapTree tree, RegionMessages regionMessages, Box box) {
        int item = box.item();
        if (box.count() > 1) {
            return List.of("+" + (box.count() - 1));
        }
        if (box.width() < BoxNode.VERTICAL_LABEL_WIDTH) {
            return List.of("");
        }
        if (tree.kind(item) == RegionKind.GAP) {
            return List.of(regionMessages.size(item));
        }
        String prefix = tree.change(item).labelPrefix();
        return List.of(prefix + regionMessages.caption(item), prefix + regionMessages.label(item));
    }

    private Optional<Box> boxContaining(int item) {
        return boxes.reversed().stream()
                .filter(box -> item != MapTree.ROOT && item >= box.item() && item < box.item() + box.count())
                .findFirst();
    }

    private static void placeFrame(Rectangle frame, Optional<Box> framed) {
        frame.setVisible(framed.isPresent());
        framed.ifPresent(box -> {
            // Inside a wide box, so that its neighbours stay visible; outside a narrow one, which it would hide.
            double inset = box.width() < NARROW_BOX_WIDTH ? -4 : 1;
            frame.setX(box.x() + inset);
            frame.setY(box.y() + 1);
            frame.setWidth(Math.max(2, box.width() - 2 * inset - 1));
            frame.setHeight(Math.max(2, box.height() - 2));
        });
    }

    private void updateAccessibleText() {
        int item = model.selectionProperty().get();
        setAccessibleText(messages.text("window.map.picture")
                + (item == MapTree.ROOT ? "" : ": " + model.regionMessages().accessibleText(item, 1)));
    }

    // Pointer

    private void handleMousePressed(MouseEvent event) {
        requestFocus();
        dragX = event.getX();
        dragged = false;
    }

    private void handleMouseDragged(MouseEvent event) {
        if (Math.abs(event.getX() - dragX) > 3 || dragged) {
            dragged = true;
            model.viewport().pan((dragX - event.getX()) / getWidth());
            dragX = event.getX();
        }
    }

    private void handleMouseClicked(MouseEvent event) {
        if (dragged || event.getButton() != MouseButton.PRIMARY) {
            return;
        }
        MapLayout.boxAt(boxes, event.getX(), event.getY()).ifPresent(box -> {
            if (event.getClickCount() == 2) {
                model.viewport().zoomTo(box.item());
            } else {
                model.navigation().select(box.item());
            }
        });
    }

    private void handleMouseMoved(MouseEvent event) {
        showHover(MapLayout.boxAt(boxes, event.getX(), event.getY()));
    }

    private void showHover(Optional<Box> box) {
        placeFrame(hoverFrame, box);
        String text = box.map(this::tooltipText).orElse("");
        if (!text.equals(tooltip.getText())) {
            tooltip.hide();
            tooltip.setText(text);
            if (text.isEmpty()) {
                Tooltip.uninstall(this, tooltip);
            } else {
                Tooltip.install(this, tooltip);
            }
        }
    }

    private String tooltipText(Box box) {
        return String.join("\n", model.regionMessages().tooltipLines(box.item(), box.count()));
    }

    private void handleScroll(ScrollEvent event) {
        event.consume();
        if (event.isControlDown()) {
            model.viewport().zoomAt(Math.pow(1.2, Math.signum(event.getDeltaY())), event.getX() / getWidth());
        } else {
            double delta = event.getDeltaX() != 0 ? event.getDeltaX() : event.getDeltaY();
            model.viewport().pan(-delta / getWidth());
        }
    }
}
