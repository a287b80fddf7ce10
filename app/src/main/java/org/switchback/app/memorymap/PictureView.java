package org.switchback.app.memorymap;

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
import org.switchback.app.words.Words;
import org.switchback.hardware.Spelling;

/**
 * The nested boxes: an array of pixels for what is drawn, and above it a node a piece for what is read, pointed at and
 * tested. With more pieces than {@link #NODES} only those that have room for a label are nodes.
 */
final class PictureView extends Region {
    /** Up to so many pieces in view each one is a node. */
    static final int NODES = 1500;

    /** A piece below this width is hidden by a frame inside it, pixels. */
    private static final double NARROW = 12;

    private static final List<String> COLOURS = List.of(
            "card", "ram", "window", "bar", "overlap", "stripe", "firmware", "other", "gap", "removed", "added");
    private static final StyleablePropertyFactory<PictureView> FACTORY =
            new StyleablePropertyFactory<>(Region.getClassCssMetaData());
    private final MemoryMapViewModel model;
    private final Words words;
    private final Map<String, StyleableProperty<Color>> colours = new LinkedHashMap<>();
    private final ReadOnlyObjectWrapper<Palette> palette = new ReadOnlyObjectWrapper<>();
    private final ImageView image = new ImageView();
    private final Pane labels = new Pane();
    /** A light and a dark line, so that one of them stands out from whatever is below. */
    private final Rectangle halo = frame("map-selected-halo");

    private final Rectangle selected = frame("map-selected");
    private final Rectangle hovered = frame("map-hovered");
    private final Tooltip tip = new Tooltip();
    private final Map<Integer, PieceNode> nodes = new HashMap<>();
    private final Map<String, Double> widths = PieceNode.widths();

    /** Runs while the picture moves and a moment longer. */
    private final PauseTransition settle = new PauseTransition(Duration.millis(150));

    private List<Piece> pieces = List.of();
    private @Nullable MapTree drawn;
    private @Nullable PixelBuffer<IntBuffer> buffer;
    private int[] pixels = new int[0];
    private double pressedAt = Double.NaN;
    private boolean dragged;
    /** The piece of the selection, as a screen reader was told of it last. */
    private @Nullable PieceNode current;

    PictureView(MemoryMapViewModel model, Words words) {
        this.model = model;
        this.words = words;
        setId("map-picture");
        getStyleClass().add("map-picture");
        setFocusTraversable(true);
        setAccessibleRole(AccessibleRole.LIST_VIEW);
        for (String colour : COLOURS) {
            StyleableProperty<Color> property = FACTORY.createStyleableColorProperty(
                    this, colour, "-picture-" + colour, view -> view.colours.get(colour));
            colours.put(colour, property);
            ((Observable) property).addListener(change -> recolour());
        }
        recolour();
        labels.setManaged(false);
        labels.setMouseTransparent(true);
        image.setManaged(false);
        getChildren().addAll(image, labels, hovered, halo, selected);
        Rectangle clip = new Rectangle();
        clip.widthProperty().bind(widthProperty());
        clip.heightProperty().bind(heightProperty());
        setClip(clip);
        tip.setShowDelay(Duration.millis(250));
        tip.getStyleClass().add("map-tip");
        for (Observable decides : List.of(
                model.treeProperty(),
                model.focusProperty(),
                model.scaleProperty(),
                model.shownProperty())) {
            decides.addListener(change -> requestLayout());
        }
        for (Observable moves : List.of(model.zoomProperty(), model.offsetProperty())) {
            moves.addListener(change -> {
                settle.playFromStart();
                requestLayout();
            });
        }
        settle.setOnFinished(event -> requestLayout());
        model.selectionProperty().addListener((observable, before, now) -> {
            saySelection();
            requestLayout();
        });
        widthProperty().addListener((observable, before, now) -> model.widthProperty().set(Math.max(1, now.doubleValue())));
        sceneProperty().flatMap(scene -> scene.windowProperty())
                .flatMap(window -> window.renderScaleXProperty())
                .addListener((observable, before, now) -> requestLayout());
        addEventHandler(MouseEvent.MOUSE_PRESSED, this::pressed);
        addEventHandler(MouseEvent.MOUSE_DRAGGED, this::dragged);
        addEventHandler(MouseEvent.MOUSE_CLICKED, this::clicked);
        addEventHandler(MouseEvent.MOUSE_MOVED, this::moved);
        addEventHandler(MouseEvent.MOUSE_EXITED, event -> hover(Optional.empty()));
        addEventHandler(ScrollEvent.SCROLL, this::scrolled);
        saySelection();
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

    private void recolour() {
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
    List<Piece> pieces() {
        return pieces;
    }

    Optional<PieceNode> node(int item) {
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
        if (drawn != tree) {
            labels.getChildren().clear();
            nodes.clear();
            drawn = tree;
        }
        Picture picture = model.picture(height);
        List<Piece> now = tree.addressed() ? picture.pieces() : List.of();
        if (!now.equals(pieces)) {
            // What the pointer was on is somewhere else.
            hover(Optional.empty());
        }
        pieces = now;
        paint(tree, width, height);
        Optional<Piece> selection = piece(model.selectionProperty().get());
        label(tree, picture, selection);
        frame(halo, selection);
        frame(selected, selection);
        tellCurrent(selection);
    }

    /** The keyboard stays on the picture and goes from piece to piece inside it, as it does in a list. */
    private void tellCurrent(Optional<Piece> selection) {
        PieceNode now = selection.map(piece -> nodes.get(piece.item())).orElse(null);
        if (now != current) {
            if (current != null) {
                current.select(false);
            }
            current = now;
            if (now != null) {
                now.select(true);
            }
            notifyAccessibleAttributeChanged(AccessibleAttribute.FOCUS_ITEM);
            notifyAccessibleAttributeChanged(AccessibleAttribute.SELECTED_ITEMS);
        }
    }

    @Override
    public @Nullable Object queryAccessibleAttribute(AccessibleAttribute attribute, Object... parameters) {
        return switch (attribute) {
            case FOCUS_ITEM -> current;
            case SELECTED_ITEMS -> FXCollections.observableArrayList(Stream.ofNullable(current).toList());
            case ITEM_COUNT -> labels.getChildren().size();
            case ITEM_AT_INDEX -> {
                int index = (Integer) parameters[0];
                yield index >= 0 && index < labels.getChildren().size() ? labels.getChildren().get(index) : null;
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
        new Raster(pixels, across, down, scale, palette.get()).paint(tree, pieces);
        target.updateBuffer(whole -> null);
    }

    /** Nodes that stay in view stay the same; they are what keyboard, screen readers and tests hold on to. */
    private void label(MapTree tree, Picture picture, Optional<Piece> selection) {
        // In a large map other pieces share a tick at every step of a movement; their nodes can wait until it ends.
        boolean all = pieces.size() <= NODES && (tree.size() <= NODES || !settling());
        ItemWords said = model.itemWords();
        Set<Integer> gone = new HashSet<>(nodes.keySet());
        List<PieceNode> fresh = new ArrayList<>();
        for (Piece piece : pieces) {
            boolean chosen = selection.isPresent() && selection.get() == piece;
            if (!all && !chosen && piece.width() < 2 * PieceNode.UPRIGHT) {
                continue;
            }
            int item = piece.item();
            gone.remove(item);
            PieceNode node = nodes.get(item);
            if (node == null) {
                node = new PieceNode(item, tree.kind(item), widths);
                if (tree.kind(item) == Kind.UNCOVERED) {
                    node.getStyleClass()
                            .add("on-" + Spelling.of(tree.kind(tree.parent(item))));
                }
                if (tree.mark(item) == Mark.REMOVED) {
                    node.getStyleClass().add("changed");
                }
                nodes.put(item, node);
                fresh.add(node);
            }
            // Of pieces that share a tick the one that is selected is told, and else how many they are.
            node.setAccessibleText(
                    chosen
                            ? said.accessible(model.selectionProperty().get(), 1)
                            : said.accessible(item, piece.count()));
            boolean parts = tree.childFrom(item) < tree.childTo(item);
            boolean warn = tree.kind(item) == Kind.OVERLAP;
            node.place(piece, getWidth(), captions(tree, said, piece), parts, picture.title(), warn);
        }
        if (!gone.isEmpty()) {
            List<PieceNode> old = gone.stream().map(nodes::remove).toList();
            labels.getChildren().removeAll(new HashSet<>(old));
        }
        labels.getChildren().addAll(fresh);
        // Styles are given out before layout, so those that come in now would be drawn without them once.
        fresh.forEach(PieceNode::applyCss);
    }

    private boolean settling() {
        return settle.getStatus() == Animation.Status.RUNNING;
    }

    private List<String> captions(MapTree tree, ItemWords said, Piece piece) {
        int item = piece.item();
        if (piece.count() > 1) {
            return List.of("+" + (piece.count() - 1));
        }
        if (piece.width() < PieceNode.UPRIGHT) {
            return List.of("");
        }
        return switch (tree.kind(item)) {
            case GAP -> List.of(said.size(item));
            default -> {
                String sign = switch (tree.mark(item)) {
                    case SAME -> "";
                    case REMOVED -> "− ";
                    case ADDED -> "+ ";
                };
                yield List.of(sign + said.caption(item), sign + said.label(item));
            }
        };
    }

    private Optional<Piece> piece(int item) {
        if (item == MapTree.WHOLE) {
            return Optional.empty();
        }
        Piece found = null;
        for (Piece piece : pieces) {
            if (piece.item() == item || (piece.count() > 1 && item > piece.item() && item < piece.item() + piece.count())) {
                found = piece;
            }
        }
        return Optional.ofNullable(found);
    }

    private static void frame(Rectangle frame, Optional<Piece> around) {
        frame.setVisible(around.isPresent());
        around.ifPresent(piece -> {
            // Inside a wide piece, as its neighbours are to be seen too; around a narrow one, which it would hide.
            double inside = piece.width() < NARROW ? -4 : 1;
            frame.setX(piece.x() + inside);
            frame.setY(piece.y() + 1);
            frame.setWidth(Math.max(2, piece.width() - 2 * inside - 1));
            frame.setHeight(Math.max(2, piece.height() - 2));
        });
    }

    private void saySelection() {
        int item = model.selectionProperty().get();
        setAccessibleText(words.text("window.map.picture")
                + (item == MapTree.WHOLE ? "" : ": " + model.itemWords().accessible(item, 1)));
    }

    // The pointer.

    private void pressed(MouseEvent event) {
        requestFocus();
        pressedAt = event.getX();
        dragged = false;
    }

    private void dragged(MouseEvent event) {
        if (Math.abs(event.getX() - pressedAt) > 3 || dragged) {
            dragged = true;
            model.pan((pressedAt - event.getX()) / getWidth());
            pressedAt = event.getX();
        }
    }

    private void clicked(MouseEvent event) {
        if (dragged || event.getButton() != MouseButton.PRIMARY) {
            return;
        }
        Picture.at(pieces, event.getX(), event.getY()).ifPresent(piece -> {
            if (event.getClickCount() == 2) {
                model.zoomTo(piece.item());
            } else {
                model.select(piece.item());
            }
        });
    }

    private void moved(MouseEvent event) {
        hover(Picture.at(pieces, event.getX(), event.getY()));
    }

    private void hover(Optional<Piece> piece) {
        frame(hovered, piece);
        String said = piece.map(this::tipText).orElse("");
        if (!said.equals(tip.getText())) {
            tip.hide();
            tip.setText(said);
            if (said.isEmpty()) {
                Tooltip.uninstall(this, tip);
            } else {
                Tooltip.install(this, tip);
            }
        }
    }

    private String tipText(Piece piece) {
        return String.join("\n", model.itemWords().tip(piece.item(), piece.count()));
    }

    private void scrolled(ScrollEvent event) {
        event.consume();
        if (event.isControlDown()) {
            model.zoomAt(Math.pow(1.2, Math.signum(event.getDeltaY())), event.getX() / getWidth());
        } else {
            double turned = event.getDeltaX() != 0 ? event.getDeltaX() : event.getDeltaY();
            model.pan(-turned / getWidth());
        }
    }
}
