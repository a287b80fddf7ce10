package org.switchback.gui.memorymap;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javafx.scene.AccessibleAttribute;
import javafx.scene.AccessibleRole;
import javafx.scene.layout.Region;
import javafx.scene.text.Font;
import javafx.scene.text.FontWeight;
import javafx.scene.text.Text;
import javafx.scene.transform.Rotate;
import javafx.scene.transform.Transform;
import org.jspecify.annotations.Nullable;
import org.kordamp.ikonli.javafx.FontIcon;
import org.kordamp.ikonli.material2.Material2MZ;
import org.switchback.hardware.KebabCase;

/** A piece of the picture as a node: its label where there is room for one, and what is said about it. */
final class BoxNode extends Region {
    /** Width that a label needs which is written upright, pixels. */
    static final double VERTICAL_LABEL_WIDTH = 17;

    private static final double PADDING = 7;
    private static final double ICON_WIDTH = 18;
    private static final double LINE_HEIGHT = 16;

    /** Widths of texts by weight and text; the drawing thread alone measures. */
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

    /** Tells those who don't see the frame around it. */
    void setSelected(boolean now) {
        selected = now;
        notifyAccessibleAttributeChanged(AccessibleAttribute.SELECTED);
    }

    @Override
    public @Nullable Object queryAccessibleAttribute(AccessibleAttribute attribute, Object... parameters) {
        return switch (attribute) {
            case SELECTED -> selected;
            case INDEX -> getParent() == null ? -1 : getParent().getChildrenUnmodifiable().indexOf(this);
            default -> super.queryAccessibleAttribute(attribute, parameters);
        };
    }

    /** The label that is drawn; empty where there is no room. */
    String visibleLabel() {
        return text.isVisible() ? text.getText() : "";
    }

    /**
     * @param captions what may be written, the longest first
     * @param titled   only the first line of the box is free
     * @param title    height of that line, pixels
     * @param warn     with a warning sign before it
     */
    void layOut(Box piece, double viewWidth, List<String> captions, boolean titled, double title, boolean warn) {
        // The part that is in view: a label stays readable while its box leaves the picture.
        double left = Math.max(0, piece.x());
        double right = Math.min(viewWidth, piece.right());
        resizeRelocate(left, piece.y(), Math.max(1, right - left), piece.height());
        double width = getWidth();
        double height = titled ? Math.min(title, piece.height()) : piece.height();
        double signWidth = warn ? ICON_WIDTH : 0;
        showWarningIcon(warn && width >= ICON_WIDTH + 4 && height >= LINE_HEIGHT);
        for (String caption : captions) {
            if (textWidth(caption) + signWidth + 2 * PADDING <= width && height >= LINE_HEIGHT - 3) {
                placeLabel(caption, signWidth, titled ? title / 2 + 1 : height / 2);
                return;
            }
        }
        if (!titled && width >= VERTICAL_LABEL_WIDTH && (width < 60 || captions.size() == 1)) {
            for (String caption : captions) {
                if (textWidth(caption) + signWidth + 2 * PADDING <= height) {
                    placeVerticalLabel(caption, width, height, signWidth);
                    return;
                }
            }
        }
        String shortest = captions.getLast();
        String cut = width >= 44 && height >= LINE_HEIGHT - 3 ? ellipsize(shortest, width - signWidth - 2 * PADDING) : "";
        if (cut.isEmpty()) {
            text.setVisible(false);
        } else {
            placeLabel(cut, signWidth, titled ? title / 2 + 1 : height / 2);
        }
    }

    private void placeLabel(String label, double signWidth, double middle) {
        text.setText(label);
        text.getTransforms().clear();
        text.setX(PADDING + signWidth);
        text.setY(Math.round(middle + 4));
        text.setVisible(true);
        FontIcon icon = warningIcon;
        if (icon != null) {
            icon.relocate(PADDING, Math.round(middle - 7));
        }
    }

    /** From the bottom up. */
    private void placeVerticalLabel(String label, double width, double height, double signWidth) {
        text.setText(label);
        double x = Math.round(width / 2 + 4);
        double y = height - Math.max(PADDING, (height - textWidth(label) - signWidth) / 2);
        Transform turned = new Rotate(-90, x, y);
        text.getTransforms().setAll(turned);
        text.setX(x);
        text.setY(y);
        text.setVisible(true);
        FontIcon icon = warningIcon;
        if (icon != null) {
            icon.relocate(Math.round(width / 2 - 8), y - textWidth(label) - signWidth - 2);
        }
    }

    private void showWarningIcon(boolean show) {
        FontIcon icon = warningIcon;
        if (show && icon == null) {
            icon = new FontIcon(Material2MZ.WARNING);
            icon.setManaged(false);
            warningIcon = icon;
            getChildren().add(icon);
        }
        if (icon != null) {
            icon.setVisible(show);
            icon.relocate(Math.max(0, getWidth() / 2 - 8), 3);
        }
    }

    private String ellipsize(String label, double room) {
        int keep = label.length() - 1;
        while (keep > 1 && textWidth(label.substring(0, keep) + "…") > room) {
            keep--;
        }
        return keep > 1 ? label.substring(0, keep).strip() + "…" : "";
    }

    private double textWidth(String label) {
        return textWidths.computeIfAbsent(text.getFont().getStyle() + " " + label, key -> measureText(label));
    }

    private double measureText(String label) {
        Text ruler = new Text(label);
        ruler.setFont(text.getFont());
        return ruler.getLayoutBounds().getWidth();
    }

    /** A map for the widths of texts, which does not grow without end. */
    static Map<String, Double> createWidthCache() {
        return new HashMap<>() {
            private static final long serialVersionUID = 1;

            @Override
            public Double put(String key, Double value) {
                if (size() > 20_000) {
                    clear();
                }
                return super.put(key, value);
            }
        };
    }
}
