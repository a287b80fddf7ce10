package org.switchback.gui.memorymap;

import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
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

/** The whole address space on a logarithmic line, with a frame around what the picture shows. */
final class OverviewStrip extends Region {
    private static final double STRIP_HEIGHT = 14;
    private static final double HEIGHT = STRIP_HEIGHT + 18;
    private static final double STRIP_TOP = 2;

    /** Powers of two that are written under the line. */
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

    OverviewStrip(MemoryMapViewModel model, Messages words, ReadOnlyObjectProperty<Palette> palette) {
        this.model = model;
        this.palette = palette;
        setId("map-overview");
        getStyleClass().add("map-overview");
        setAccessibleRole(AccessibleRole.IMAGE_VIEW);
        setAccessibleText(words.text("window.map.overview"));
        image.setManaged(false);
        viewFrame.getStyleClass().add("map-window");
        viewFrame.setManaged(false);
        getChildren().addAll(image, viewFrame);
        for (int power : TICK_POWERS) {
            Text mark = createTickLabel(words.formatSize(1L << power).replace(" ", "").replace("iB", ""));
            tickLabels.add(mark);
            getChildren().add(mark);
        }
        getChildren().add(endLabel);
        for (Observable decides : List.of(
                model.treeProperty(), model.viewRootProperty(), model.zoomProperty(), model.offsetProperty(),
                model.scaleProperty(), model.widthProperty())) {
            decides.addListener(change -> requestLayout());
        }
        palette.addListener((observable, before, now) -> {
            paintedTree = null;
            requestLayout();
        });
        addEventHandler(MouseEvent.MOUSE_PRESSED, this::handleMousePressed);
    }

    private static Text createTickLabel(String text) {
        Text mark = new Text(text);
        mark.setFont(Font.font(10.5));
        mark.getStyleClass().add("map-mark");
        mark.setManaged(false);
        return mark;
    }

    @Override
    protected double computePrefHeight(double width) {
        return HEIGHT;
    }

    @Override
    protected double computeMinHeight(double width) {
        return HEIGHT;
    }

    @Override
    protected double computeMaxHeight(double width) {
        return HEIGHT;
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
        double last = -10;
        for (int i = 0; i < TICK_POWERS.length; i++) {
            Text mark = tickLabels.get(i);
            double half = mark.getLayoutBounds().getWidth() / 2;
            double x = axis.leftEdge(1L << TICK_POWERS[i]) - half;
            boolean fits = x > last + 8 && x + 2 * half < getWidth() - 40;
            mark.setVisible(fits);
            mark.setX(Math.max(0, x));
            mark.setY(HEIGHT - 3);
            last = fits ? x + 2 * half : last;
        }
        endLabel.setX(getWidth() - endLabel.getLayoutBounds().getWidth());
        endLabel.setY(HEIGHT - 3);
        layoutViewFrame(tree, axis);
    }

    private void layoutViewFrame(MapTree tree, Axis axis) {
        viewFrame.setVisible(tree.hasAddresses());
        if (tree.hasAddresses()) {
            double left = axis.leftEdge(model.firstVisibleAddress());
            double right = axis.rightEdge(model.lastVisibleAddress());
            viewFrame.setX(Math.min(left - 1, getWidth() - 7));
            viewFrame.setY(STRIP_TOP - 1.5);
            viewFrame.setWidth(Math.max(6, right - left + 2));
            viewFrame.setHeight(STRIP_HEIGHT + 3);
        }
    }

    private void paint(MapTree tree, Axis axis) {
        int across = (int) Math.ceil(getWidth());
        if (across < 1) {
            return;
        }
        int[] pixels = new int[across * (int) STRIP_HEIGHT];
        PixelPainter raster = new PixelPainter(pixels, across, (int) STRIP_HEIGHT, 1, palette.get());
        double width = axis.rightEdge(tree.last(MapTree.ROOT));
        raster.paint(
                tree,
                tree.hasAddresses()
                        ? new MapLayout(
                                        tree, EnumSet.complementOf(EnumSet.of(Filter.GAPS)), MapTree.ROOT, ScaleMode.LOG,
                                        axis, 1, 0, width, STRIP_HEIGHT)
                                .boxes()
                        : List.of());
        PixelBuffer<IntBuffer> buffer = new PixelBuffer<>(
                across, (int) STRIP_HEIGHT, IntBuffer.wrap(pixels), PixelFormat.getIntArgbPreInstance());
        image.setImage(new WritableImage(buffer));
        image.setY(STRIP_TOP);
        getChildren().removeAll(overlapMarkers);
        overlapMarkers.clear();
        if (tree.hasAddresses()) {
            for (int overlap : Arrays.copyOf(tree.overlaps(), Math.min(50, tree.overlaps().length))) {
                double x = Math.round(axis.leftEdge(tree.first(overlap)));
                Polygon sign = new Polygon(x, STRIP_TOP + STRIP_HEIGHT - 7, x + 5, STRIP_TOP + STRIP_HEIGHT + 2, x - 5, STRIP_TOP + STRIP_HEIGHT + 2);
                sign.getStyleClass().add("map-warning");
                sign.setManaged(false);
                overlapMarkers.add(sign);
            }
            getChildren().addAll(overlapMarkers);
        }
    }

    private void handleMousePressed(MouseEvent event) {
        if (model.treeProperty().get().hasAddresses()) {
            model.goToOutermost(createAxis().addressAt(event.getX()));
        }
    }
}
