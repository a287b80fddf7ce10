package org.switchback.gui.memorymap;

import java.util.Formatter;
import java.util.List;
import java.util.Locale;

/** Writes boxes as one SVG 1.1 document with the colours and patterns of the canvas. */
final class SvgWriter {
    /** Estimated average width of a character, pixels. */
    private static final double CHARACTER_WIDTH = 6.6;

    private final MapTree tree;
    private final Palette palette;
    private final RegionMessages regionMessages;
    private final Formatter svg = new Formatter(Locale.ROOT);

    SvgWriter(MapTree tree, Palette palette, RegionMessages regionMessages) {
        this.tree = tree;
        this.palette = palette;
        this.regionMessages = regionMessages;
    }

    /** @param boxes each before the boxes inside it */
    String write(List<Box> boxes, double width, double height) {
        svg.format("""
                <svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" \
                font-family="sans-serif" font-size="12">
                <defs>
                """, width, height, width, height);
        svg.format("""
                <pattern id="overlap" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">\
                <rect width="8" height="8" fill="%s"/><rect width="4" height="8" fill="%s"/></pattern>
                """, toHex(palette.overlap()), toHex(palette.stripe()));
        svg.format("""
                <pattern id="firmware" width="7" height="7" patternUnits="userSpaceOnUse">\
                <rect width="7" height="7" fill="%s"/><circle cx="3.5" cy="3.5" r="1.2" fill="%s"/></pattern>
                """, toHex(palette.fillColour(RegionKind.FIRMWARE)), toHex(palette.firmware()));
        svg.format("""
                <pattern id="other" width="6" height="6" patternUnits="userSpaceOnUse">\
                <rect width="6" height="6" fill="%s"/><rect y="5" width="6" height="1" fill="%s"/></pattern>
                """, toHex(palette.fillColour(RegionKind.OTHER)), toHex(palette.other()));
        svg.format("""
                </defs>
                <rect width="100%%" height="100%%" fill="%s"/>
                """, toHex(palette.card()));
        for (Box box : boxes) {
            writeBox(box, width);
        }
        return svg.format("</svg>\n").toString();
    }

    private void writeBox(Box box, double width) {
        RegionKind kind = tree.kind(box.item());
        RegionChange change = tree.change(box.item());
        double left = Math.max(-8, box.x());
        double right = Math.min(width + 8, box.right());
        svg.format("<g><title>%s</title>\n", escapeXml(regionMessages.accessibleText(box.item(), box.count())));
        if (kind == RegionKind.GAP) {
            writeZigzag(left, right, box);
        } else if (kind != RegionKind.UNCLAIMED) {
            svg.format(
                    "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" rx=\"3\""
                            + " fill=\"%s\" stroke=\"%s\"%s/>\n",
                    left,
                    box.y(),
                    Math.max(1, right - left - (right - left > 8 ? 1 : 0)),
                    box.height(),
                    fillFor(kind),
                    toHex(change == RegionChange.UNCHANGED ? palette.colourOf(kind) : palette.colourOf(change)),
                    change == RegionChange.REMOVED ? " stroke-width=\"2\" stroke-dasharray=\"5 5\"" : "");
        }
        writeLabel(kind, left, right, box);
        svg.format("</g>\n");
    }

    private void writeZigzag(double left, double right, Box box) {
        double tooth = Math.min(4, (right - left) / 5);
        for (double edge : new double[] {left + 1, right - 2 - tooth}) {
            svg.format("<polyline fill=\"none\" stroke=\"%s\" points=\"", toHex(palette.gap()));
            boolean outward = false;
            for (double y = box.y(); y <= box.y() + box.height(); y += 5) {
                svg.format("%.2f,%.2f ", edge + (outward ? tooth : 0), y);
                outward = !outward;
            }
            svg.format("\"/>\n");
        }
    }

    private void writeLabel(RegionKind kind, double left, double right, Box box) {
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
            svg.format(
                    "<text x=\"%.2f\" y=\"%.2f\" fill=\"%s\">%s</text>\n",
                    Math.max(0, left) + 6, y, colour, escapeXml(sign + text));
        } else if (!hasChildren && right - left >= 16 && fits(sign + caption, box.height())) {
            svg.format(
                    "<text text-anchor=\"middle\" transform=\"translate(%.2f %.2f) rotate(-90)\" fill=\"%s\">"
                            + "%s</text>\n",
                    (left + right) / 2 + 4, box.y() + box.height() / 2, colour, escapeXml(sign + caption));
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
        return String.format(Locale.ROOT, "#%06x", colour & 0xffffff);
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
