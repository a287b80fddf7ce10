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
import org.switchback.gui.memorymap.FitScale;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.Overlap;

/** A BAR as a strip of pieces, as wide as the card's scale makes it. */
final class BarStripView extends Region {
    /** Between the edge of a piece and its text, pixels. */
    private static final double TEXT_MARGIN = 8;

    private final List<List<Long>> cardSegmentSizes;
    private final BarStrip strip;
    private final List<SegmentBox> segmentBoxes = new ArrayList<>();

    /** @param cardSegmentSizes the strips of the card, which share one scale */
    BarStripView(BarStrip strip, List<BarStrip> cardSegmentSizes, Messages words) {
        this.strip = strip;
        this.cardSegmentSizes = cardSegmentSizes.stream().map(BarStrip::segmentSizes).toList();
        List<String> said = new ArrayList<>();
        said.add(words.text(
                "window.bar.accessible", words.formatBar(strip.bar().index()), words.formatSize(strip.bar().length())));
        for (BarStrip.BarSegment piece : strip.segments()) {
            SegmentBox view = new SegmentBox(piece, words);
            segmentBoxes.add(view);
            if (strip.hasOverlap()) {
                view.getChildren().add(view.text);
                said.add(view.text.getText());
            }
        }
        getChildren().setAll(segmentBoxes);
        getStyleClass().add("bar-strip");
        setAccessibleRole(AccessibleRole.TEXT);
        setAccessibleText(String.join(", ", said));
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
            SegmentBox piece = segmentBoxes.get(i);
            double width = scale.width(strip.segmentSize(strip.segments().get(i)));
            if (strip.hasOverlap()) {
                piece.fitText(width);
            }
            layoutInArea(piece, x, 0, width, getHeight(), 0, HPos.LEFT, VPos.TOP);
            x += width;
        }
    }

    /** One piece; its text is for the strip to add, and shown where there is room: the caption below says the same. */
    private static final class SegmentBox extends HBox {
        private final Text text;
        private final double iconWidth;

        SegmentBox(BarStrip.BarSegment piece, Messages words) {
            super(6);
            setMinSize(0, 0);
            setMaxSize(Double.MAX_VALUE, Double.MAX_VALUE);
            getStyleClass().add("bar-piece");
            switch (piece) {
                case BarStrip.OverlapSegment(Overlap overlap, Optional<Long> length) -> {
                    getStyleClass().add("claimed");
                    String name = overlap.outermostRegion().name();
                    text = new Text(length.map(bytes -> words.text("window.bar.claim", name, words.formatSize(bytes)))
                            .orElse(name));
                    FontIcon sign = new FontIcon(Material2MZ.WARNING);
                    getChildren().add(sign);
                    iconWidth = 24;
                }
                case BarStrip.FreeSegment(Optional<Long> length) -> {
                    text = new Text(length.map(bytes -> words.text("window.bar.free", words.formatSize(bytes)))
                            .orElseGet(() -> words.text("window.bar.free.hidden")));
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
