package org.switchback.gui.memorymap;

import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import javafx.beans.Observable;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.scene.AccessibleRole;
import javafx.scene.image.ImageView;
import javafx.scene.image.PixelBuffer;
import javafx.scene.image.PixelFormat;
import javafx.scene.image.WritableImage;
import javafx.scene.input.MouseEvent;
import javafx.scene.layout.Region;
import javafx.scene.shape.Polygon;
import javafx.scene.shape.Rectangle;
import javafx.scene.text.Font;
import javafx.scene.text.Text;
import org.jspecify.annotations.Nullable;
import org.switchback.client.messages.Messages;

/** The whole address space on a logarithmic axis, with a frame around the part that the canvas shows. */
final class OverviewStrip extends Region {
    private static final double STRIP_HEIGHT = 14;
    private static final double HEIGHT = STRIP_HEIGHT + 18;
    private static final double STRIP_TOP = 2;

    /** Powers of two that are labelled under the strip. */
    private static final int[] TICK_POWERS = {12, 20, 26, 30, 32, 36, 40, 48};

    private final MemoryMapViewModel model;
    private final ReadOnlyObjectProperty<Palette> palette;
    private final ImageView image = new ImageView();
    private final Rectangle viewFrame = new Rectangle();
    private final List<Text> tickLabels = new ArrayList<>();
    private final List<Polygon> overlapMarkers = new ArrayList<>();
    private final Text endLabel = createTickLabel("2^64");
    private @Nullable MapTree paintedTree;
    private double paintedWidth;

    OverviewStrip(MemoryMapViewModel model, Messages messages, ReadOnlyObjectProperty<Palette> palette) {
        this.model = model;
        this.palette = palette;
        setId("map-overview");
        getStyleClass().add("map-overview");
        setAccessibleRole(AccessibleRole.IMAGE_VIEW);
        setAccessibleText(messages.text("window.map.overview"));
        setMinHeight(HEIGHT);
        setPrefHeight(HEIGHT);
        setMaxHeight(HEIGHT);
        image.setManaged(false);
        viewFrame.getStyleClass().add("map-window");
        viewFrame.setManaged(false);
        getChildren().addAll(image, viewFrame);
        for (int power : TICK_POWERS) {
            Text label = createTickLabel(
                    messages.formatSize(1L << power).replace(" ", "").replace("iB", ""));
            tickLabels.add(label);
            getChildren().add(label);
        }
        getChildren().add(endLabel);
        MapViewport viewport = model.viewport();
        for (Observable source : List.of(
                model.treeProperty(),
                viewport.viewRootProperty(),
                viewport.zoomProperty(),
                viewport.offsetProperty(),
                viewport.scaleProperty(),
                viewport.widthProperty())) {
            source.addListener(change -> requestLayout());
        }
        palette.subscribe((before, now) -> {
            paintedTree = null;
            requestLayout();
        });
        addEventHandler(MouseEvent.MOUSE_PRESSED, this::handleMousePressed);
    }

    private static Text createTickLabel(String text) {
        Text label = new Text(text);
        label.setFont(Font.font(10.5));
        label.getStyleClass().add("map-mark");
        label.setManaged(false);
        return label;
    }

    private Axis createAxis() {
        return new Axis.LogarithmicAxis(0, -1, Math.max(1, getWidth()));
    }

    @Override
    protected void layoutChildren() {
        MapTree tree = model.treeProperty().get();
        Axis axis = createAxis();
        if (paintedTree != tree || paintedWidth != getWidth()) {
            paint(tree, axis);
            paintedTree = tree;
            paintedWidth = getWidth();
        }
        double lastRight = -10;
        for (int i = 0; i < TICK_POWERS.length; i++) {
            Text label = tickLabels.get(i);
            double halfWidth = label.getLayoutBounds().getWidth() / 2;
            double x = axis.leftEdge(1L << TICK_POWERS[i]) - halfWidth;
            boolean fits = x > lastRight + 8 && x + 2 * halfWidth < getWidth() - 40;
            label.setVisible(fits);
            label.setX(Math.max(0, x));
            label.setY(HEIGHT - 3);
            lastRight = fits ? x + 2 * halfWidth : lastRight;
        }
        endLabel.setX(getWidth() - endLabel.getLayoutBounds().getWidth());
        endLabel.setY(HEIGHT - 3);
        layoutViewFrame(tree, axis);
    }

    private void layoutViewFrame(MapTree tree, Axis axis) {
        viewFrame.setVisible(tree.hasAddresses());
        if (tree.hasAddresses()) {
            double left = axis.leftEdge(model.viewport().firstVisibleAddress());
            double right = axis.rightEdge(model.viewport().lastVisibleAddress());
            viewFrame.setX(Math.min(left - 1, getWidth() - 7));
            viewFrame.setY(STRIP_TOP - 1.5);
            viewFrame.setWidth(Math.max(6, right - left + 2));
            viewFrame.setHeight(STRIP_HEIGHT + 3);
        }
    }

    private void paint(MapTree tree, Axis axis) {
        int pixelWidth = (int) Math.ceil(getWidth());
        if (pixelWidth < 1) {
            return;
        }
        int[] pixels = new int[pixelWidth * (int) STRIP_HEIGHT];
        PixelPainter painter = new PixelPainter(pixels, pixelWidth, (int) STRIP_HEIGHT, 1, palette.get());
        double width = axis.rightEdge(tree.last(MapTree.ROOT));
        Set<Filter> filters = EnumSet.complementOf(EnumSet.of(Filter.GAPS));
        MapLayout layout = new MapLayout(tree, filters, MapTree.ROOT, ScaleMode.LOG, axis, 1, 0, width, STRIP_HEIGHT);
        painter.paint(tree, tree.hasAddresses() ? layout.boxes() : List.of());
        PixelBuffer<IntBuffer> buffer = new PixelBuffer<>(
                pixelWidth, (int) STRIP_HEIGHT, IntBuffer.wrap(pixels), PixelFormat.getIntArgbPreInstance());
        image.setImage(new WritableImage(buffer));
        image.setY(STRIP_TOP);
        getChildren().removeAll(overlapMarkers);
        overlapMarkers.clear();
        if (tree.hasAddresses()) {
            for (int overlap :
                    tree.overlaps().subList(0, Math.min(50, tree.overlaps().size()))) {
                double x = Math.round(axis.leftEdge(tree.first(overlap)));
                double bottom = STRIP_TOP + STRIP_HEIGHT + 2;
                Polygon marker = new Polygon(x, bottom - 9, x + 5, bottom, x - 5, bottom);
                marker.getStyleClass().add("map-warning");
                marker.setManaged(false);
                overlapMarkers.add(marker);
            }
            getChildren().addAll(overlapMarkers);
        }
    }

    private void handleMousePressed(MouseEvent event) {
        if (model.treeProperty().get().hasAddresses()) {
            model.search().goToOutermost(createAxis().addressAt(event.getX()));
        }
    }
}
