package org.switchback.app.memorymap;

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
import org.switchback.app.words.Words;

/** The whole address space on a logarithmic line, with a frame around what the picture shows. */
final class OverviewStrip extends Region {
    private static final double STRIP = 14;
    private static final double HEIGHT = STRIP + 18;
    private static final double TOP = 2;

    /** Powers of two that are written under the line. */
    private static final int[] MARKS = {12, 20, 26, 30, 32, 36, 40, 48};

    private final MemoryMapViewModel model;
    private final ReadOnlyObjectProperty<Palette> palette;
    private final ImageView image = new ImageView();
    private final Rectangle window = new Rectangle();
    private final List<Text> marks = new ArrayList<>();
    private final List<Polygon> warnings = new ArrayList<>();
    private final Text end = mark("2^64");
    private @Nullable MapTree drawn;
    private double drawnWidth;

    OverviewStrip(MemoryMapViewModel model, Words words, ReadOnlyObjectProperty<Palette> palette) {
        this.model = model;
        this.palette = palette;
        setId("map-overview");
        getStyleClass().add("map-overview");
        setAccessibleRole(AccessibleRole.IMAGE_VIEW);
        setAccessibleText(words.text("window.map.overview"));
        image.setManaged(false);
        window.getStyleClass().add("map-window");
        window.setManaged(false);
        getChildren().addAll(image, window);
        for (int power : MARKS) {
            Text mark = mark(words.size(1L << power).replace(" ", "").replace("iB", ""));
            marks.add(mark);
            getChildren().add(mark);
        }
        getChildren().add(end);
        for (Observable decides : List.of(
                model.treeProperty(), model.focusProperty(), model.zoomProperty(), model.offsetProperty(),
                model.scaleProperty(), model.widthProperty())) {
            decides.addListener(change -> requestLayout());
        }
        palette.addListener((observable, before, now) -> {
            drawn = null;
            requestLayout();
        });
        addEventHandler(MouseEvent.MOUSE_PRESSED, this::pressed);
    }

    private static Text mark(String text) {
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

    private Axis axis() {
        return new Axis.Logarithmic(0, -1, Math.max(1, getWidth()));
    }

    @Override
    protected void layoutChildren() {
        MapTree tree = model.treeProperty().get();
        Axis axis = axis();
        if (drawn != tree || drawnWidth != getWidth()) {
            paint(tree, axis);
            drawn = tree;
            drawnWidth = getWidth();
        }
        double last = -10;
        for (int i = 0; i < MARKS.length; i++) {
            Text mark = marks.get(i);
            double half = mark.getLayoutBounds().getWidth() / 2;
            double x = axis.before(1L << MARKS[i]) - half;
            boolean fits = x > last + 8 && x + 2 * half < getWidth() - 40;
            mark.setVisible(fits);
            mark.setX(Math.max(0, x));
            mark.setY(HEIGHT - 3);
            last = fits ? x + 2 * half : last;
        }
        end.setX(getWidth() - end.getLayoutBounds().getWidth());
        end.setY(HEIGHT - 3);
        window(tree, axis);
    }

    private void window(MapTree tree, Axis axis) {
        window.setVisible(tree.addressed());
        if (tree.addressed()) {
            double left = axis.before(model.firstInView());
            double right = axis.after(model.lastInView());
            window.setX(Math.min(left - 1, getWidth() - 7));
            window.setY(TOP - 1.5);
            window.setWidth(Math.max(6, right - left + 2));
            window.setHeight(STRIP + 3);
        }
    }

    private void paint(MapTree tree, Axis axis) {
        int across = (int) Math.ceil(getWidth());
        if (across < 1) {
            return;
        }
        int[] pixels = new int[across * (int) STRIP];
        Raster raster = new Raster(pixels, across, (int) STRIP, 1, palette.get());
        double width = axis.after(tree.last(MapTree.WHOLE));
        raster.paint(
                tree,
                tree.addressed()
                        ? new Picture(
                                        tree, EnumSet.complementOf(EnumSet.of(Filter.GAPS)), MapTree.WHOLE, Scale.LOG,
                                        axis, 1, 0, width, STRIP)
                                .pieces()
                        : List.of());
        PixelBuffer<IntBuffer> buffer = new PixelBuffer<>(
                across, (int) STRIP, IntBuffer.wrap(pixels), PixelFormat.getIntArgbPreInstance());
        image.setImage(new WritableImage(buffer));
        image.setY(TOP);
        getChildren().removeAll(warnings);
        warnings.clear();
        if (tree.addressed()) {
            for (int overlap : Arrays.copyOf(tree.overlaps(), Math.min(50, tree.overlaps().length))) {
                double x = Math.round(axis.before(tree.first(overlap)));
                Polygon sign = new Polygon(x, TOP + STRIP - 7, x + 5, TOP + STRIP + 2, x - 5, TOP + STRIP + 2);
                sign.getStyleClass().add("map-warning");
                sign.setManaged(false);
                warnings.add(sign);
            }
            getChildren().addAll(warnings);
        }
    }

    private void pressed(MouseEvent event) {
        if (model.treeProperty().get().addressed()) {
            model.goToOutermost(axis().address(event.getX()));
        }
    }
}
