package org.switchback.gui.memorymap;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javafx.scene.AccessibleAttribute;
import javafx.scene.AccessibleRole;
import javafx.scene.layout.Region;
import javafx.scene.text.Font;
import javafx.scene.text.FontWeight;
import javafx.scene.text.Text;
import javafx.scene.transform.Rotate;
import org.jspecify.annotations.Nullable;
import org.kordamp.ikonli.javafx.FontIcon;
import org.kordamp.ikonli.material2.Material2MZ;
import org.switchback.hardware.KebabCase;

/** The node of a box: its label, if one fits, and its accessible text. The fill is painted by {@link PixelPainter}. */
final class BoxNode extends Region {
    /** Minimum width of a box with a vertical label, pixels. */
    static final double VERTICAL_LABEL_WIDTH = 17;

    private static final double PADDING = 7;
    private static final double ICON_WIDTH = 18;
    private static final double LINE_HEIGHT = 16;

    /** Text widths in pixels, by font weight and text; FX thread only. */
    private final Map<String, Double> textWidths;

    private final int item;
    private final Text text = new Text();
    private @Nullable FontIcon warningIcon;
    private boolean selected;

    BoxNode(int item, RegionKind kind, Map<String, Double> textWidths) {
        this.item = item;
        this.textWidths = textWidths;
        setId("piece-" + item);
        getStyleClass().addAll("map-piece", "is-" + KebabCase.of(kind));
        setAccessibleRole(AccessibleRole.LIST_ITEM);
        setManaged(false);
        setMouseTransparent(true);
        text.setFont(Font.font(null, kind == RegionKind.OVERLAP ? FontWeight.BOLD : FontWeight.NORMAL, 12.5));
        text.setManaged(false);
        getChildren().add(text);
    }

    int item() {
        return item;
    }

    /** Reports the selection to screen readers; {@link MapCanvas} draws the frame. */
    void setSelected(boolean value) {
        selected = value;
        notifyAccessibleAttributeChanged(AccessibleAttribute.SELECTED);
    }

    @Override
    public @Nullable Object queryAccessibleAttribute(AccessibleAttribute attribute, Object... parameters) {
        return switch (attribute) {
            case SELECTED -> selected;
            case INDEX ->
                getParent() == null ? -1 : getParent().getChildrenUnmodifiable().indexOf(this);
            default -> super.queryAccessibleAttribute(attribute, parameters);
        };
    }

    /** The label that is drawn; empty when none fits. */
    String visibleLabel() {
        return text.isVisible() ? text.getText() : "";
    }

    /**
     * Places the node in the visible part of its box, with the first caption that fits.
     *
     * @param viewWidth width of the canvas, pixels
     * @param captions candidates for the label, the longest first
     * @param titleOnly whether only the title line is free because the box has children
     * @param titleHeight height of the title line, pixels
     * @param warn whether a warning icon precedes the label
     */
    void layOut(Box box, double viewWidth, List<String> captions, boolean titleOnly, double titleHeight, boolean warn) {
        // Only the visible part, so that the label stays readable while the box is scrolled out of the view.
        double left = Math.max(0, box.x());
        double right = Math.min(viewWidth, box.right());
        resizeRelocate(left, box.y(), Math.max(1, right - left), box.height());
        double width = getWidth();
        double height = titleOnly ? Math.min(titleHeight, box.height()) : box.height();
        double iconWidth = warn ? ICON_WIDTH : 0;
        double middle = titleOnly ? titleHeight / 2 + 1 : height / 2;
        showWarningIcon(warn && width >= ICON_WIDTH + 4 && height >= LINE_HEIGHT);
        for (String caption : captions) {
            if (textWidth(caption) + iconWidth + 2 * PADDING <= width && height >= LINE_HEIGHT - 3) {
                placeLabel(caption, iconWidth, middle);
                return;
            }
        }
        if (!titleOnly && width >= VERTICAL_LABEL_WIDTH && (width < 60 || captions.size() == 1)) {
            for (String caption : captions) {
                if (textWidth(caption) + iconWidth + 2 * PADDING <= height) {
                    placeVerticalLabel(caption, width, height, iconWidth);
                    return;
                }
            }
        }
        String shortest = captions.getLast();
        String shortened =
                width >= 44 && height >= LINE_HEIGHT - 3 ? ellipsize(shortest, width - iconWidth - 2 * PADDING) : "";
        if (shortened.isEmpty()) {
            text.setVisible(false);
        } else {
            placeLabel(shortened, iconWidth, middle);
        }
    }

    private void placeLabel(String label, double iconWidth, double middle) {
        text.setText(label);
        text.getTransforms().clear();
        text.setX(PADDING + iconWidth);
        text.setY(Math.round(middle + 4));
        text.setVisible(true);
        if (warningIcon != null) {
            warningIcon.relocate(PADDING, Math.round(middle - 7));
        }
    }

    /** Places a label that reads from bottom to top. */
    private void placeVerticalLabel(String label, double width, double height, double iconWidth) {
        text.setText(label);
        double x = Math.round(width / 2 + 4);
        double y = height - Math.max(PADDING, (height - textWidth(label) - iconWidth) / 2);
        text.getTransforms().setAll(List.of(new Rotate(-90, x, y)));
        text.setX(x);
        text.setY(y);
        text.setVisible(true);
        if (warningIcon != null) {
            warningIcon.relocate(Math.round(width / 2 - 8), y - textWidth(label) - iconWidth - 2);
        }
    }

    private void showWarningIcon(boolean show) {
        if (show && warningIcon == null) {
            warningIcon = new FontIcon(Material2MZ.WARNING);
            warningIcon.setManaged(false);
            getChildren().add(warningIcon);
        }
        if (warningIcon != null) {
            warningIcon.setVisible(show);
            warningIcon.relocate(Math.max(0, getWidth() / 2 - 8), 3);
        }
    }

    private String ellipsize(String label, double available) {
        int length = label.length() - 1;
        while (length > 1 && textWidth(label.substring(0, length) + "…") > available) {
            length--;
        }
        return length > 1 ? label.substring(0, length).strip() + "…" : "";
    }

    private double textWidth(String label) {
        return textWidths.computeIfAbsent(text.getFont().getStyle() + " " + label, key -> measureText(label));
    }

    private double measureText(String label) {
        Text measured = new Text(label);
        measured.setFont(text.getFont());
        return measured.getLayoutBounds().getWidth();
    }

    /** A cache for text widths with a size limit. */
    static Map<String, Double> createWidthCache() {
        return new LinkedHashMap<>() {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Double> eldest) {
                return size() > 20_000;
            }
        };
    }
}
