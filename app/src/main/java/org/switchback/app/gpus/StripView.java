package org.switchback.app.gpus;

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
import org.switchback.app.memorymap.FitScale;
import org.switchback.app.words.Words;
import org.switchback.hardware.Overlap;

/** A BAR as a strip of pieces, as wide as the card's scale makes it. */
final class StripView extends Region {
    /** Between the edge of a piece and its text, pixels. */
    private static final double MARGIN = 8;

    private final List<List<Long>> all;
    private final BarStrip strip;
    private final List<Piece> pieces = new ArrayList<>();

    /** @param all the strips of the card, which share one scale */
    StripView(BarStrip strip, List<BarStrip> all, Words words) {
        this.strip = strip;
        this.all = all.stream().map(BarStrip::sizes).toList();
        List<String> said = new ArrayList<>();
        said.add(words.text(
                "window.bar.accessible", words.bar(strip.bar().index()), words.size(strip.bar().length())));
        for (BarStrip.Piece piece : strip.pieces()) {
            Piece view = new Piece(piece, words);
            pieces.add(view);
            if (strip.overlapped()) {
                view.getChildren().add(view.text);
                said.add(view.text.getText());
            }
        }
        getChildren().setAll(pieces);
        getStyleClass().add("bar-strip");
        setAccessibleRole(AccessibleRole.TEXT);
        setAccessibleText(String.join(", ", said));
    }

    @Override
    protected double computeMinWidth(double height) {
        return FitScale.NARROWEST * strip.pieces().size();
    }

    @Override
    protected double computePrefHeight(double width) {
        return strip.overlapped() ? 34 : 20;
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
        FitScale scale = FitScale.of(all, getWidth());
        double x = 0;
        for (int i = 0; i < pieces.size(); i++) {
            Piece piece = pieces.get(i);
            double width = scale.width(strip.size(strip.pieces().get(i)));
            if (strip.overlapped()) {
                piece.fitText(width);
            }
            layoutInArea(piece, x, 0, width, getHeight(), 0, HPos.LEFT, VPos.TOP);
            x += width;
        }
    }

    /** One piece; its text is for the strip to add, and shown where there is room: the caption below says the same. */
    private static final class Piece extends HBox {
        private final Text text;
        private final double signWidth;

        Piece(BarStrip.Piece piece, Words words) {
            super(6);
            setMinSize(0, 0);
            setMaxSize(Double.MAX_VALUE, Double.MAX_VALUE);
            getStyleClass().add("bar-piece");
            switch (piece) {
                case BarStrip.Claimed(Overlap overlap, Optional<Long> length) -> {
                    getStyleClass().add("claimed");
                    String name = overlap.region().name();
                    text = new Text(length.map(bytes -> words.text("window.bar.claim", name, words.size(bytes)))
                            .orElse(name));
                    FontIcon sign = new FontIcon(Material2MZ.WARNING);
                    getChildren().add(sign);
                    signWidth = 24;
                }
                case BarStrip.Free(Optional<Long> length) -> {
                    text = new Text(length.map(bytes -> words.text("window.bar.free", words.size(bytes)))
                            .orElseGet(() -> words.text("window.bar.free.hidden")));
                    signWidth = 0;
                }
            }
        }

        private void fitText(double width) {
            boolean fits = text.getLayoutBounds().getWidth() + signWidth + 2 * MARGIN <= width;
            text.setVisible(fits);
            text.setManaged(fits);
        }
    }
}
