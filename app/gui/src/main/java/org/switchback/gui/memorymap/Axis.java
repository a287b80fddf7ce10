package org.switchback.gui.memorymap;

import java.util.Arrays;
import java.util.Set;

/**
 * Where on a line an address lies. Never falls, and leads from 0 at the first address to the whole width after the last
 * one.
 */
sealed interface Axis {
    /** Width of a gap on the scale Fit, pixels. */
    double GAP_WIDTH = 24;

    /** Width of what a filter has taken out of view, on the scale Fit, pixels. */
    double FILTERED_WIDTH = 6;

    /** What an overlap gets at least: so much that it is as wide as any piece when the boxes around it are drawn. */
    double OVERLAP_MIN_WIDTH = FitScale.MIN_WIDTH + 14;

    /** What a label needs that is written upright, with the edges of the boxes around it, pixels. */
    double LABEL_MIN_WIDTH = BoxNode.VERTICAL_LABEL_WIDTH + 2;

    /** Left edge of an address, pixels. */
    double leftEdge(long address);

    /** Right edge of an address, pixels. */
    double rightEdge(long address);

    /** The address at a place of the line. */
    long addressAt(double x);

    /**
     * @param focus item that takes the whole width
     * @param width pixels
     */
    static Axis of(ScaleMode scale, MapTree tree, int focus, Set<Filter> shown, double width) {
        return switch (scale) {
            case FIT -> createFitAxis(tree, focus, shown, width);
            case TRUE_SIZE -> new PiecewiseAxis(new long[] {tree.first(focus)}, tree.last(focus), new double[] {0, width});
            case LOG -> new LogarithmicAxis(tree.first(focus), tree.last(focus), width);
        };
    }

    private static Axis createFitAxis(MapTree tree, int focus, Set<Filter> shown, double width) {
        Leaves leaves = new Leaves(tree, shown);
        leaves.collect(focus);
        double[] least = Arrays.copyOf(leaves.minWidths, leaves.size);
        double[] bits = Arrays.copyOf(leaves.sizeBits, leaves.size);
        shrinkToFit(leaves, least, width);
        double scale = FitScale.scaleToFill(bits, least, width);
        double[] x = new double[leaves.size + 1];
        for (int i = 0; i < leaves.size; i++) {
            x[i + 1] = x[i] + Math.max(least[i], scale * bits[i]);
        }
        // Where nothing can grow the pieces share what is left, and rounding is nobody's.
        double stretch = width / x[leaves.size];
        for (int i = 0; i < leaves.size; i++) {
            x[i] *= stretch;
        }
        x[leaves.size] = width;
        return new PiecewiseAxis(Arrays.copyOf(leaves.firstAddresses, leaves.size), tree.last(focus), x);
    }

    /**
     * With more pieces than there is room for, a third of the room goes by size. What must stay readable, overlaps and the
     * sizes of gaps, is not squeezed as long as it is not most of what there is.
     */
    private static void shrinkToFit(Leaves leaves, double[] least, double width) {
        double sum = 0;
        double kept = 0;
        for (int i = 0; i < least.length; i++) {
            sum += least[i];
            kept += leaves.fixedWidths[i];
        }
        double room = width * 2 / 3;
        if (sum <= room) {
            return;
        }
        boolean keep = kept <= width / 2;
        double factor = keep ? (room - kept) / (sum - kept) : room / sum;
        for (int i = 0; i < least.length; i++) {
            double spared = keep ? leaves.fixedWidths[i] : 0;
            least[i] = spared + (least[i] - spared) * factor;
        }
    }

    /** The pieces that have no parts, by address. */
    final class Leaves {
        private final MapTree tree;
        private final Set<Filter> shownFilters;
        private long[] firstAddresses = new long[64];
        private double[] minWidths = new double[64];
        private double[] sizeBits = new double[64];
        /** What of the least width is not squeezed. */
        private double[] fixedWidths = new double[64];
        private int size;

        private Leaves(MapTree tree, Set<Filter> shownFilters) {
            this.tree = tree;
            this.shownFilters = shownFilters;
        }

        private void collect(int item) {
            RegionKind kind = tree.kind(item);
            boolean out = kind.filter().filter(filter -> !shownFilters.contains(filter)).isPresent();
            if (out || tree.childrenStart(item) == tree.childrenEnd(item)) {
                add(item, kind, out);
                return;
            }
            for (int child = tree.childrenStart(item); child < tree.childrenEnd(item); child++) {
                collect(child);
            }
        }

        private void add(int item, RegionKind kind, boolean out) {
            if (size == firstAddresses.length) {
                firstAddresses = Arrays.copyOf(firstAddresses, size * 2);
                minWidths = Arrays.copyOf(minWidths, size * 2);
                sizeBits = Arrays.copyOf(sizeBits, size * 2);
                fixedWidths = Arrays.copyOf(fixedWidths, size * 2);
            }
            firstAddresses[size] = tree.first(item);
            boolean overlap = kind == RegionKind.OVERLAP;
            minWidths[size] = out ? FILTERED_WIDTH : kind == RegionKind.GAP ? GAP_WIDTH : overlap ? OVERLAP_MIN_WIDTH : FitScale.MIN_WIDTH;
            fixedWidths[size] = out ? 0 : kind == RegionKind.GAP ? LABEL_MIN_WIDTH : overlap ? OVERLAP_MIN_WIDTH : 0;
            sizeBits[size] = out || kind == RegionKind.GAP ? 0 : FitScale.sizeBits(tree.length(item));
            size++;
        }
    }

    /**
     * Pieces side by side, each on a scale of its own.
     *
     * @param firstAddresses   first address of each piece, rising
     * @param lastAddress last address of the last piece, inclusive
     * @param edges    left edge of each piece and the right edge of the last, pixels
     */
    @SuppressWarnings("ArrayRecordComponent") // Private to the layout, and never compared.
    record PiecewiseAxis(long[] firstAddresses, long lastAddress, double[] edges) implements Axis {
        @Override
        public double leftEdge(long address) {
            int piece = indexOf(address);
            return edges[piece] + (edges[piece + 1] - edges[piece]) * fraction(address - firstAddresses[piece], length(piece));
        }

        @Override
        public double rightEdge(long address) {
            return Long.compareUnsigned(address, lastAddress) >= 0 ? edges[firstAddresses.length] : leftEdge(address + 1);
        }

        @Override
        public long addressAt(double place) {
            int found = Arrays.binarySearch(edges, 0, firstAddresses.length, place);
            int piece = Math.max(0, found >= 0 ? found : -found - 2);
            double width = edges[piece + 1] - edges[piece];
            double part = width <= 0 ? 0 : Math.clamp((place - edges[piece]) / width, 0, 1);
            double offset = part * length(piece);
            long end = lastAddressOf(piece);
            // A double has not the digits of all addresses, and the last one belongs to the piece.
            return offset >= unsignedToDouble(end - firstAddresses[piece]) ? end : firstAddresses[piece] + doubleToUnsigned(offset);
        }

        private int indexOf(long address) {
            int low = 0;
            int high = firstAddresses.length - 1;
            while (low < high) {
                int middle = (low + high + 1) >>> 1;
                if (Long.compareUnsigned(firstAddresses[middle], address) <= 0) {
                    low = middle;
                } else {
                    high = middle - 1;
                }
            }
            return low;
        }

        private double length(int piece) {
            return unsignedToDouble(lastAddressOf(piece) - firstAddresses[piece]) + 1;
        }

        private long lastAddressOf(int piece) {
            return piece + 1 < firstAddresses.length ? firstAddresses[piece + 1] - 1 : lastAddress;
        }

        private static double fraction(long offset, double length) {
            return Math.clamp(unsignedToDouble(offset) / length, 0, 1);
        }
    }

    /**
     * @param firstAddress lowest address
     * @param lastAddress  highest address, inclusive
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
        public long addressAt(double place) {
            double low = log(unsignedToDouble(firstAddress));
            double at = Math.expm1(low + (log(unsignedToDouble(lastAddress) + 1) - low) * Math.clamp(place / width, 0, 1)) * PAGE_SIZE;
            long found = doubleToUnsigned(at);
            return Long.compareUnsigned(found, firstAddress) < 0 ? firstAddress
                    : Long.compareUnsigned(found, lastAddress) > 0 ? lastAddress : found;
        }
    }

    private static double unsignedToDouble(long number) {
        return number >= 0 ? number : number + 0x1p64;
    }

    /** @param number 0 to below 2^64; what is past that becomes the largest */
    private static long doubleToUnsigned(double number) {
        return number >= 0x1p63 ? (long) Math.min(number - 0x1p63, 0x1.fffffffffffffp62) + Long.MIN_VALUE : (long) number;
    }
}
