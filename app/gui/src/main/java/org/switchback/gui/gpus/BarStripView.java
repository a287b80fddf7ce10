package org.switchback.gui.gpus;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javafx.geometry.HPos;
import javafx.geometry.VPos;
import javafx.scene.AccessibleRole;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Region;
import javafx.scene.text.Text;
import org.kordamp.ikonli.javafx.FontIcon;
import org.kordamp.ikonli.material2.Material2MZ;
import org.switchback.client.messages.Messages;
import org.switchback.gui.memorymap.FitScale;
import org.switchback.hardware.Overlap;

/** A BAR as a strip of segments, with the width that the scale of the card gives it. */
final class BarStripView extends Region {
    /** Between the edge of a segment and its text, pixels. */
    private static final double TEXT_MARGIN = 8;

    private final List<List<Long>> cardSegmentSizes;
    private final BarSegments strip;
    private final List<SegmentBox> segmentBoxes = new ArrayList<>();

    /** @param cardStrips all strips of the card: they share one scale */
    BarStripView(BarSegments strip, List<BarSegments> cardStrips, Messages messages) {
        this.strip = strip;
        this.cardSegmentSizes =
                cardStrips.stream().map(BarSegments::segmentSizes).toList();
        List<String> accessibleTexts = new ArrayList<>();
        accessibleTexts.add(messages.text(
                "window.bar.accessible",
                messages.formatBar(strip.bar().index()),
                messages.formatSize(strip.bar().length())));
        for (BarSegments.BarSegment segment : strip.segments()) {
            SegmentBox box = new SegmentBox(segment, messages);
            segmentBoxes.add(box);
            if (strip.hasOverlap()) {
                box.getChildren().add(box.text);
                accessibleTexts.add(box.text.getText());
            }
        }
        getChildren().setAll(segmentBoxes);
        getStyleClass().add("bar-strip");
        setAccessibleRole(AccessibleRole.TEXT);
        setAccessibleText(String.join(", ", accessibleTexts));
    }

    @Override
    protected double computeMinWidth(double height) {
        return FitScale.MIN_WIDTH * strip.segments().size();
    }

    @Override
    protected double computePrefHeight(double width) {
        return strip.hasOverlap() ? 34 : 20;
    }

    @Override
    protected double computeMinHeight(double width) {
        return computePrefHeight(width);
    }

    @Override
    protected double computeMaxHeight(double width) {
        return computePrefHeight(width);
    }

    @Override
    protected void layoutChildren() {
        FitScale scale = FitScale.of(cardSegmentSizes, getWidth());
        double x = 0;
        for (int i = 0; i < segmentBoxes.size(); i++) {
            SegmentBox box = segmentBoxes.get(i);
            double width = scale.width(strip.segmentSize(strip.segments().get(i)));
            if (strip.hasOverlap()) {
                box.fitText(width);
            }
            layoutInArea(box, x, 0, width, getHeight(), 0, HPos.LEFT, VPos.TOP);
            x += width;
        }
    }

    /** One segment. Its text, added by the strip, is visible only if it fits: the label below the strip repeats it. */
    private static final class SegmentBox extends HBox {
        private final Text text;
        private final double iconWidth;

        SegmentBox(BarSegments.BarSegment segment, Messages messages) {
            super(6);
            setMinSize(0, 0);
            setMaxSize(Double.MAX_VALUE, Double.MAX_VALUE);
            getStyleClass().add("bar-segment");
            switch (segment) {
                case BarSegments.OverlapSegment(Overlap overlap, Optional<Long> length) -> {
                    getStyleClass().add("overlap");
                    String name = overlap.outermostRegion().name();
                    text = new Text(
                            length.map(bytes -> messages.text("window.bar.claim", name, messages.formatSize(bytes)))
                                    .orElse(name));
                    getChildren().add(new FontIcon(Material2MZ.WARNING));
                    iconWidth = 24;
                }
                case BarSegments.FreeSegment(Optional<Long> length) -> {
                    text = new Text(length.map(bytes -> messages.text("window.bar.free", messages.formatSize(bytes)))
                            .orElseGet(() -> messages.text("window.bar.free.hidden")));
                    iconWidth = 0;
                }
            }
        }

        private void fitText(double width) {
            boolean fits = text.getLayoutBounds().getWidth() + iconWidth + 2 * TEXT_MARGIN <= width;
            text.setVisible(fits);
            text.setManaged(fits);
        }
    }
}
