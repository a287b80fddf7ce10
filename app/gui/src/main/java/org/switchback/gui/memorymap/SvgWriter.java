package org.switchback.gui.memorymap;

import java.util.List;
import java.util.Locale;

/** Writes boxes as an SVG 1.1 document with the colours and patterns of the canvas. */
final class SvgWriter {
    /** Estimated average width of a character, pixels. */
    private static final double CHARACTER_WIDTH = 6.6;

    private final MapTree tree;
    private final Palette palette;
    private final RegionMessages regionMessages;

    SvgWriter(MapTree tree, Palette palette, RegionMessages regionMessages) {
        this.tree = tree;
        this.palette = palette;
        this.regionMessages = regionMessages;
    }

    /** @param boxes each before the boxes inside it */
    String write(List<Box> boxes, double width, double height) {
        StringBuilder svg = new StringBuilder();
        svg.append(format(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\""
                        + " font-family=\"sans-serif\" font-size=\"12\">%n",
                width, height, width, height));
        svg.append("<defs>\n");
        svg.append(format(
                "<pattern id=\"overlap\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\""
                        + " patternTransform=\"rotate(45)\"><rect width=\"8\" height=\"8\" fill=\"%s\"/>"
                        + "<rect width=\"4\" height=\"8\" fill=\"%s\"/></pattern>%n",
                toHex(palette.overlap()), toHex(palette.stripe())));
        svg.append(format(
                "<pattern id=\"firmware\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\">"
                        + "<rect width=\"7\" height=\"7\" fill=\"%s\"/>"
                        + "<circle cx=\"3.5\" cy=\"3.5\" r=\"1.2\" fill=\"%s\"/></pattern>%n",
                toHex(palette.fillColour(RegionKind.FIRMWARE)), toHex(palette.firmware())));
        svg.append(format(
                "<pattern id=\"other\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
                        + "<rect width=\"6\" height=\"6\" fill=\"%s\"/>"
                        + "<rect y=\"5\" width=\"6\" height=\"1\" fill=\"%s\"/></pattern>%n",
                toHex(palette.fillColour(RegionKind.OTHER)), toHex(palette.other())));
        svg.append("</defs>\n");
        svg.append(format("<rect width=\"100%%\" height=\"100%%\" fill=\"%s\"/>%n", toHex(palette.card())));
        for (Box box : boxes) {
            writeBox(box, width, svg);
        }
        return svg.append("</svg>\n").toString();
    }

    private void writeBox(Box box, double width, StringBuilder svg) {
        RegionKind kind = tree.kind(box.item());
        RegionChange change = tree.change(box.item());
        double left = Math.max(-8, box.x());
        double right = Math.min(width + 8, box.right());
        svg.append("<g><title>")
                .append(escapeXml(regionMessages.accessibleText(box.item(), box.count())))
                .append("</title>\n");
        if (kind == RegionKind.GAP) {
            writeZigzag(left, right, box, svg);
        } else if (kind != RegionKind.UNCLAIMED) {
            svg.append(format(
                    "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" rx=\"3\""
                            + " fill=\"%s\" stroke=\"%s\"%s/>%n",
                    left,
                    box.y(),
                    Math.max(1, right - left - (right - left > 8 ? 1 : 0)),
                    box.height(),
                    fillFor(kind),
                    toHex(change == RegionChange.UNCHANGED ? palette.colourOf(kind) : palette.colourOf(change)),
                    change == RegionChange.REMOVED ? " stroke-width=\"2\" stroke-dasharray=\"5 5\"" : ""));
        }
        writeLabel(kind, left, right, box, svg);
        svg.append("</g>\n");
    }

    private void writeZigzag(double left, double right, Box box, StringBuilder svg) {
        double tooth = Math.min(4, (right - left) / 5);
        for (double edge : new double[] {left + 1, right - 2 - tooth}) {
            svg.append("<polyline fill=\"none\" stroke=\"")
                    .append(toHex(palette.gap()))
                    .append("\" points=\"");
            boolean outward = false;
            for (double y = box.y(); y <= box.y() + box.height(); y += 5) {
                svg.append(format("%.2f,%.2f ", edge + (outward ? tooth : 0), y));
                outward = !outward;
            }
            svg.append("\"/>\n");
        }
    }

    private void writeLabel(RegionKind kind, double left, double right, Box box, StringBuilder svg) {
        boolean hasChildren = tree.hasChildren(box.item());
        String caption = kind == RegionKind.GAP ? regionMessages.size(box.item()) : regionMessages.caption(box.item());
        String text = fits(caption, right - left) ? caption : regionMessages.label(box.item());
        RegionChange change = tree.change(box.item());
        String sign = change.labelPrefix();
        double y = box.y() + (hasChildren ? 16 : box.height() / 2 + 4);
        boolean onSolid = Palette.isSolid(kind)
                || (kind == RegionKind.UNCLAIMED && Palette.isSolid(tree.kind(tree.parent(box.item()))));
        String colour = toHex(onSolid && change == RegionChange.UNCHANGED ? palette.card() : textColour());
        if (fits(sign + text, right - left)) {
            svg.append(format("<text x=\"%.2f\" y=\"%.2f\" fill=\"%s\">", Math.max(0, left) + 6, y, colour))
                    .append(escapeXml(sign + text))
                    .append("</text>\n");
        } else if (!hasChildren && right - left >= 16 && fits(sign + caption, box.height())) {
            double middle = (left + right) / 2 + 4;
            svg.append(format(
                            "<text text-anchor=\"middle\" transform=\"translate(%.2f %.2f) rotate(-90)\" fill=\"%s\">",
                            middle, box.y() + box.height() / 2, colour))
                    .append(escapeXml(sign + caption))
                    .append("</text>\n");
        }
    }

    /** Black on a light theme, white on a dark one. */
    private int textColour() {
        return (palette.card() & 0xff) > 0x7f ? 0xff1b1f24 : 0xfff0f3f6;
    }

    private static boolean fits(String text, double width) {
        return text.length() * CHARACTER_WIDTH + 12 <= width;
    }

    private String fillFor(RegionKind kind) {
        return switch (kind) {
            case OVERLAP -> "url(#overlap)";
            case FIRMWARE -> "url(#firmware)";
            case OTHER -> "url(#other)";
            case ROOT, WINDOW, BAR, DRIVER, RAM, GAP, UNCLAIMED -> toHex(palette.fillColour(kind));
        };
    }

    private static String toHex(int colour) {
        return format("#%06x", colour & 0xffffff);
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }

    /** Escapes markup and replaces characters that XML does not allow: a dump can contain any region name. */
    private static String escapeXml(String text) {
        StringBuilder escaped = new StringBuilder();
        text.codePoints().forEach(c -> {
            switch (c) {
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '&' -> escaped.append("&amp;");
                default -> escaped.appendCodePoint(isAllowed(c) ? c : '?');
            }
        });
        return escaped.toString();
    }

    private static boolean isAllowed(int c) {
        return !Character.isISOControl(c) && Character.isDefined(c) && Character.getType(c) != Character.SURROGATE;
    }
}
