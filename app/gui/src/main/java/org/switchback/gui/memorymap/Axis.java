package org.switchback.gui.memorymap;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Maps addresses to horizontal positions. Positions never decrease with the address: 0 at the first address, the full
 * width after the last one.
 */
sealed interface Axis {
    /** Width of a gap on the scale {@link ScaleMode#FIT}, pixels. */
    double GAP_WIDTH = 24;

    /** Width of an item that a filter hides, on the scale {@link ScaleMode#FIT}, pixels. */
    double FILTERED_WIDTH = 6;

    /** Minimum width of an overlap, pixels: the minimum width of a segment plus the margins of the boxes around it. */
    double OVERLAP_MIN_WIDTH = FitScale.MIN_WIDTH + 14;

    /** Width of a vertical label and the edges of its box, pixels. */
    double LABEL_MIN_WIDTH = BoxNode.VERTICAL_LABEL_WIDTH + 2;

    /** Left edge of an address, pixels. */
    double leftEdge(long address);

    /** Right edge of an address, pixels. */
    double rightEdge(long address);

    /** The address at a position, pixels; a position outside the axis gives the nearest address. */
    long addressAt(double x);

    /**
     * @param viewRoot item that takes the full width
     * @param width pixels
     */
    static Axis of(ScaleMode scale, MapTree tree, int viewRoot, Set<Filter> shown, double width) {
        return switch (scale) {
            case FIT -> createFitAxis(tree, viewRoot, shown, width);
            case TRUE_SIZE ->
                new PiecewiseAxis(new long[] {tree.first(viewRoot)}, tree.last(viewRoot), new double[] {0, width});
            case LOG -> new LogarithmicAxis(tree.first(viewRoot), tree.last(viewRoot), width);
        };
    }

    private static Axis createFitAxis(MapTree tree, int viewRoot, Set<Filter> shown, double width) {
        List<Segment> segments = new ArrayList<>();
        collectSegments(tree, viewRoot, shown, segments);
        int size = segments.size();
        double[] minWidths = shrinkToFit(segments, width);
        double[] bits = segments.stream().mapToDouble(Segment::sizeBits).toArray();
        double scale = FitScale.scaleToFill(bits, minWidths, width);
        double[] edges = new double[size + 1];
        for (int i = 0; i < size; i++) {
            edges[i + 1] = edges[i] + Math.max(minWidths[i], scale * bits[i]);
        }
        // When no segment can grow, the segments share the rest in proportion; this also corrects rounding.
        double stretch = width / edges[size];
        for (int i = 0; i < size; i++) {
            edges[i] *= stretch;
        }
        edges[size] = width;
        long[] firstAddresses =
                segments.stream().mapToLong(Segment::firstAddress).toArray();
        return new PiecewiseAxis(firstAddresses, tree.last(viewRoot), edges);
    }

    /**
     * Shrinks the minimum widths to two thirds of the width, so that a third is left to distribute by size. The widths
     * of overlaps and of the size labels of gaps stay as they are, unless they take more than half of the width.
     */
    private static double[] shrinkToFit(List<Segment> segments, double width) {
        double sum = 0;
        double fixedSum = 0;
        for (Segment segment : segments) {
            sum += segment.minWidth();
            fixedSum += segment.fixedWidth();
        }
        double available = width * 2 / 3;
        boolean fits = sum <= available;
        boolean keepFixed = fixedSum <= width / 2;
        double factor = keepFixed ? (available - fixedSum) / (sum - fixedSum) : available / sum;
        return segments.stream()
                .mapToDouble(segment -> {
                    double fixed = keepFixed ? segment.fixedWidth() : 0;
                    return fits ? segment.minWidth() : fixed + (segment.minWidth() - fixed) * factor;
                })
                .toArray();
    }

    /**
     * An item without visible children.
     *
     * @param fixedWidth part of the minimum width that {@link #shrinkToFit} keeps, pixels
     */
    record Segment(long firstAddress, double minWidth, double fixedWidth, double sizeBits) {}

    /** Adds the segments of an item by address. */
    private static void collectSegments(MapTree tree, int item, Set<Filter> shown, List<Segment> segments) {
        RegionKind kind = tree.kind(item);
        boolean hidden = !kind.isShown(shown);
        if (!hidden && tree.hasChildren(item)) {
            for (int child = tree.childrenStart(item); child < tree.childrenEnd(item); child++) {
                collectSegments(tree, child, shown, segments);
            }
            return;
        }
        boolean gap = kind == RegionKind.GAP;
        double overlapWidth = kind == RegionKind.OVERLAP ? OVERLAP_MIN_WIDTH : 0;
        double minWidth = gap ? GAP_WIDTH : Math.max(FitScale.MIN_WIDTH, overlapWidth);
        segments.add(new Segment(
                tree.first(item),
                hidden ? FILTERED_WIDTH : minWidth,
                hidden ? 0 : gap ? LABEL_MIN_WIDTH : overlapWidth,
                hidden || gap ? 0 : FitScale.sizeBits(tree.length(item))));
    }

    /**
     * Adjacent segments, each linear with its own scale.
     *
     * @param firstAddresses first address of each segment, ascending
     * @param lastAddress last address of the last segment, inclusive
     * @param edges left edge of each segment and right edge of the last one, pixels
     */
    @SuppressWarnings("ArrayRecordComponent") // Used only by the layout and never compared.
    record PiecewiseAxis(long[] firstAddresses, long lastAddress, double[] edges) implements Axis {
        @Override
        public double leftEdge(long address) {
            int segment = indexOf(address);
            double fraction = Math.clamp(unsignedToDouble(address - firstAddresses[segment]) / length(segment), 0, 1);
            return edges[segment] + (edges[segment + 1] - edges[segment]) * fraction;
        }

        @Override
        public double rightEdge(long address) {
            return Long.compareUnsigned(address, lastAddress) >= 0
                    ? edges[firstAddresses.length]
                    : leftEdge(address + 1);
        }

        @Override
        public long addressAt(double x) {
            int index = Arrays.binarySearch(edges, 0, firstAddresses.length, x);
            int segment = Math.max(0, index >= 0 ? index : -index - 2);
            double width = edges[segment + 1] - edges[segment];
            double fraction = width <= 0 ? 0 : Math.clamp((x - edges[segment]) / width, 0, 1);
            double offset = fraction * length(segment);
            long end = lastAddressOf(segment);
            // A double cannot represent every address, and the last one belongs to the segment.
            return offset >= unsignedToDouble(end - firstAddresses[segment])
                    ? end
                    : firstAddresses[segment] + doubleToUnsigned(offset);
        }

        private int indexOf(long address) {
            int next = BinarySearch.firstIndex(
                    1, firstAddresses.length, i -> Long.compareUnsigned(firstAddresses[i], address) > 0);
            return next - 1;
        }

        private double length(int segment) {
            return unsignedToDouble(lastAddressOf(segment) - firstAddresses[segment]) + 1;
        }

        private long lastAddressOf(int segment) {
            return segment + 1 < firstAddresses.length ? firstAddresses[segment + 1] - 1 : lastAddress;
        }
    }

    /**
     * Positions proportional to the logarithm of the address.
     *
     * @param firstAddress lowest address
     * @param lastAddress highest address, inclusive
     * @param width pixels
     */
    record LogarithmicAxis(long firstAddress, long lastAddress, double width) implements Axis {
        private static final double PAGE_SIZE = 4096;

        @Override
        public double leftEdge(long address) {
            return position(unsignedToDouble(address));
        }

        @Override
        public double rightEdge(long address) {
            return position(unsignedToDouble(address) + 1);
        }

        private double position(double address) {
            double low = log(unsignedToDouble(firstAddress));
            return width * Math.clamp((log(address) - low) / (log(unsignedToDouble(lastAddress) + 1) - low), 0, 1);
        }

        private static double log(double address) {
            return Math.log1p(address / PAGE_SIZE);
        }

        @Override
        public long addressAt(double x) {
            double low = log(unsignedToDouble(firstAddress));
            double high = log(unsignedToDouble(lastAddress) + 1);
            double pages = Math.expm1(low + (high - low) * Math.clamp(x / width, 0, 1));
            long address = doubleToUnsigned(pages * PAGE_SIZE);
            return Long.compareUnsigned(address, firstAddress) < 0
                    ? firstAddress
                    : Long.compareUnsigned(address, lastAddress) > 0 ? lastAddress : address;
        }
    }

    private static double unsignedToDouble(long number) {
        return number >= 0 ? number : number + 0x1p64;
    }

    /** @param number 0 or more; values from 2^64 give the largest double below it */
    private static long doubleToUnsigned(double number) {
        return number >= 0x1p63
                ? (long) Math.min(number - 0x1p63, 0x1.fffffffffffffp62) + Long.MIN_VALUE
                : (long) number;
    }
}
