package org.switchback.gui.memorymap;

import java.util.List;
import java.util.Locale;

/** Writes boxes as an SVG 1.1 drawing, with the colours and patterns of the window. */
final class SvgExport {
    private static final double CHARACTER_WIDTH = 6.6;

    private final MapTree tree;
    private final Palette palette;
    private final RegionMessages regionMessages;

    SvgExport(MapTree tree, Palette palette, RegionMessages regionMessages) {
        this.tree = tree;
        this.palette = palette;
        this.regionMessages = regionMessages;
    }

    /** @param pieces a box before what is in it */
    String draw(List<Box> pieces, double width, double height) {
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
                        + "<rect width=\"7\" height=\"7\" fill=\"%s\"/><circle cx=\"3.5\" cy=\"3.5\" r=\"1.2\" fill=\"%s\"/>"
                        + "</pattern>%n",
                toHex(palette.fillColour(RegionKind.FIRMWARE)), toHex(palette.firmware())));
        svg.append(format(
                "<pattern id=\"other\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
                        + "<rect width=\"6\" height=\"6\" fill=\"%s\"/><rect y=\"5\" width=\"6\" height=\"1\" fill=\"%s\"/>"
                        + "</pattern>%n",
                toHex(palette.fillColour(RegionKind.OTHER)), toHex(palette.other())));
        svg.append("</defs>\n");
        svg.append(format("<rect width=\"100%%\" height=\"100%%\" fill=\"%s\"/>%n", toHex(palette.card())));
        for (Box piece : pieces) {
            draw(piece, width, svg);
        }
        return svg.append("</svg>\n").toString();
    }

    private void draw(Box piece, double width, StringBuilder svg) {
        RegionKind kind = tree.kind(piece.item());
        double left = Math.max(-8, piece.x());
        double right = Math.min(width + 8, piece.right());
        svg.append("<g><title>")
                .append(escapeXml(regionMessages.accessibleText(piece.item(), piece.count())))
                .append("</title>\n");
        if (kind == RegionKind.GAP) {
            drawZigzag(left, right, piece, svg);
        } else if (kind != RegionKind.UNCOVERED) {
            svg.append(format(
                    "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" rx=\"3\" fill=\"%s\" stroke=\"%s\"%s/>%n",
                    left,
                    piece.y(),
                    Math.max(1, right - left - (right - left > 8 ? 1 : 0)),
                    piece.height(),
                    fillFor(kind),
                    toHex(tree.change(piece.item()) == RegionChange.UNCHANGED ? palette.colourOf(kind) : palette.colourOf(tree.change(piece.item()))),
                    tree.change(piece.item()) == RegionChange.REMOVED ? " stroke-width=\"2\" stroke-dasharray=\"5 5\"" : ""));
        }
        drawLabel(kind, left, right, piece, svg);
        svg.append("</g>\n");
    }

    private void drawZigzag(double left, double right, Box piece, StringBuilder svg) {
        double tooth = Math.min(4, (right - left) / 5);
        for (double edge : new double[] {left + 1, right - 2 - tooth}) {
            svg.append("<polyline fill=\"none\" stroke=\"").append(toHex(palette.gap())).append("\" points=\"");
            boolean out = false;
            for (double y = piece.y(); y <= piece.y() + piece.height(); y += 5) {
                svg.append(format("%.2f,%.2f ", edge + (out ? tooth : 0), y));
                out = !out;
            }
            svg.append("\"/>\n");
        }
    }

    private void drawLabel(RegionKind kind, double left, double right, Box piece, StringBuilder svg) {
        boolean parts = tree.childrenStart(piece.item()) < tree.childrenEnd(piece.item());
        String whole = kind == RegionKind.GAP ? regionMessages.size(piece.item()) : regionMessages.caption(piece.item());
        String text = fits(whole, right - left) ? whole : regionMessages.label(piece.item());
        String sign = switch (tree.change(piece.item())) {
            case UNCHANGED -> "";
            case REMOVED -> "− ";
            case ADDED -> "+ ";
        };
        double y = piece.y() + (parts ? 16 : piece.height() / 2 + 4);
        boolean white = Palette.isSolid(kind)
                || (kind == RegionKind.UNCOVERED && Palette.isSolid(tree.kind(tree.parent(piece.item()))));
        String colour = toHex(white && tree.change(piece.item()) == RegionChange.UNCHANGED ? palette.card() : textColour());
        if (fits(sign + text, right - left)) {
            svg.append(format("<text x=\"%.2f\" y=\"%.2f\" fill=\"%s\">", Math.max(0, left) + 6, y, colour))
                    .append(escapeXml(sign + text))
                    .append("</text>\n");
        } else if (!parts && right - left >= 16 && fits(sign + whole, piece.height())) {
            double middle = (left + right) / 2 + 4;
            svg.append(format(
                            "<text text-anchor=\"middle\" transform=\"translate(%.2f %.2f) rotate(-90)\" fill=\"%s\">",
                            middle, piece.y() + piece.height() / 2, colour))
                    .append(escapeXml(sign + whole))
                    .append("</text>\n");
        }
    }

    /** Black on a light theme, white on a dark one. */
    private int textColour() {
        return (palette.card() & 0xff) > 0x7f ? 0xff1b1f24 : 0xfff0f3f6;
    }

    private static boolean fits(String text, double room) {
        return text.length() * CHARACTER_WIDTH + 12 <= room;
    }

    private String fillFor(RegionKind kind) {
        return switch (kind) {
            case OVERLAP -> "url(#overlap)";
            case FIRMWARE -> "url(#firmware)";
            case OTHER -> "url(#other)";
            case ROOT, WINDOW, BAR, DRIVER, RAM, GAP, UNCOVERED -> toHex(palette.fillColour(kind));
        };
    }

    private static String toHex(int colour) {
        return format("#%06x", colour & 0xffffff);
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }

    /** Whatever a dump calls its regions, the drawing stays well-formed. */
    private static String escapeXml(String text) {
        StringBuilder plain = new StringBuilder();
        text.codePoints().forEach(c -> {
            switch (c) {
                case '<' -> plain.append("&lt;");
                case '>' -> plain.append("&gt;");
                case '&' -> plain.append("&amp;");
                default -> plain.appendCodePoint(Character.isISOControl(c) || !Character.isDefined(c) || Character.getType(c) == Character.SURROGATE ? '?' : c);
            }
        });
        return plain.toString();
    }
}
