package org.switchback.app.memorymap;

import java.util.Arrays;
import java.util.Set;

/**
 * Where on a line an address lies. Never falls, and leads from 0 at the first address to the whole width after the last
 * one.
 */
sealed interface Axis {
    /** Width of a gap on the scale Fit, pixels. */
    double GAP = 24;

    /** Width of what a filter has taken out of view, on the scale Fit, pixels. */
    double FILTERED = 6;

    /** What an overlap gets at least: so much that it is as wide as any piece when the boxes around it are drawn. */
    double OVERLAP = FitScale.NARROWEST + 14;

    /** What a label needs that is written upright, with the edges of the boxes around it, pixels. */
    double READABLE = PieceNode.UPRIGHT + 2;

    /** Left edge of an address, pixels. */
    double before(long address);

    /** Right edge of an address, pixels. */
    double after(long address);

    /** The address at a place of the line. */
    long address(double x);

    /**
     * @param focus item that takes the whole width
     * @param width pixels
     */
    static Axis of(Scale scale, MapTree tree, int focus, Set<Filter> shown, double width) {
        return switch (scale) {
            case FIT -> fit(tree, focus, shown, width);
            case TRUE_SIZE -> new Pieces(new long[] {tree.first(focus)}, tree.last(focus), new double[] {0, width});
            case LOG -> new Logarithmic(tree.first(focus), tree.last(focus), width);
        };
    }

    private static Axis fit(MapTree tree, int focus, Set<Filter> shown, double width) {
        Leaves leaves = new Leaves(tree, shown);
        leaves.collect(focus);
        double[] least = Arrays.copyOf(leaves.least, leaves.size);
        double[] bits = Arrays.copyOf(leaves.bits, leaves.size);
        squeeze(leaves, least, width);
        double scale = FitScale.filling(bits, least, width);
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
        return new Pieces(Arrays.copyOf(leaves.at, leaves.size), tree.last(focus), x);
    }

    /**
     * With more pieces than there is room for, a third of the room goes by size. What must stay readable, overlaps and the
     * sizes of gaps, is not squeezed as long as it is not most of what there is.
     */
    private static void squeeze(Leaves leaves, double[] least, double width) {
        double sum = 0;
        double kept = 0;
        for (int i = 0; i < least.length; i++) {
            sum += least[i];
            kept += leaves.kept[i];
        }
        double room = width * 2 / 3;
        if (sum <= room) {
            return;
        }
        boolean keep = kept <= width / 2;
        double factor = keep ? (room - kept) / (sum - kept) : room / sum;
        for (int i = 0; i < least.length; i++) {
            double spared = keep ? leaves.kept[i] : 0;
            least[i] = spared + (least[i] - spared) * factor;
        }
    }

    /** The pieces that have no parts, by address. */
    final class Leaves {
        private final MapTree tree;
        private final Set<Filter> shown;
        private long[] at = new long[64];
        private double[] least = new double[64];
        private double[] bits = new double[64];
        /** What of the least width is not squeezed. */
        private double[] kept = new double[64];
        private int size;

        private Leaves(MapTree tree, Set<Filter> shown) {
            this.tree = tree;
            this.shown = shown;
        }

        private void collect(int item) {
            Kind kind = tree.kind(item);
            boolean out = kind.filter().filter(filter -> !shown.contains(filter)).isPresent();
            if (out || tree.childFrom(item) == tree.childTo(item)) {
                add(item, kind, out);
                return;
            }
            for (int child = tree.childFrom(item); child < tree.childTo(item); child++) {
                collect(child);
            }
        }

        private void add(int item, Kind kind, boolean out) {
            if (size == at.length) {
                at = Arrays.copyOf(at, size * 2);
                least = Arrays.copyOf(least, size * 2);
                bits = Arrays.copyOf(bits, size * 2);
                kept = Arrays.copyOf(kept, size * 2);
            }
            at[size] = tree.first(item);
            boolean overlap = kind == Kind.OVERLAP;
            least[size] = out ? FILTERED : kind == Kind.GAP ? GAP : overlap ? OVERLAP : FitScale.NARROWEST;
            kept[size] = out ? 0 : kind == Kind.GAP ? READABLE : overlap ? OVERLAP : 0;
            bits[size] = out || kind == Kind.GAP ? 0 : FitScale.bits(tree.length(item));
            size++;
        }
    }

    /**
     * Pieces side by side, each on a scale of its own.
     *
     * @param at   first address of each piece, rising
     * @param last last address of the last piece, inclusive
     * @param x    left edge of each piece and the right edge of the last, pixels
     */
    @SuppressWarnings("ArrayRecordComponent") // Private to the layout, and never compared.
    record Pieces(long[] at, long last, double[] x) implements Axis {
        @Override
        public double before(long address) {
            int piece = piece(address);
            return x[piece] + (x[piece + 1] - x[piece]) * share(address - at[piece], length(piece));
        }

        @Override
        public double after(long address) {
            return Long.compareUnsigned(address, last) >= 0 ? x[at.length] : before(address + 1);
        }

        @Override
        public long address(double place) {
            int found = Arrays.binarySearch(x, 0, at.length, place);
            int piece = Math.max(0, found >= 0 ? found : -found - 2);
            double width = x[piece + 1] - x[piece];
            double part = width <= 0 ? 0 : Math.clamp((place - x[piece]) / width, 0, 1);
            double offset = part * length(piece);
            long end = end(piece);
            // A double has not the digits of all addresses, and the last one belongs to the piece.
            return offset >= unsigned(end - at[piece]) ? end : at[piece] + whole(offset);
        }

        private int piece(long address) {
            int low = 0;
            int high = at.length - 1;
            while (low < high) {
                int middle = (low + high + 1) >>> 1;
                if (Long.compareUnsigned(at[middle], address) <= 0) {
                    low = middle;
                } else {
                    high = middle - 1;
                }
            }
            return low;
        }

        private double length(int piece) {
            return unsigned(end(piece) - at[piece]) + 1;
        }

        private long end(int piece) {
            return piece + 1 < at.length ? at[piece + 1] - 1 : last;
        }

        private static double share(long offset, double length) {
            return Math.clamp(unsigned(offset) / length, 0, 1);
        }
    }

    /**
     * @param first lowest address
     * @param last  highest address, inclusive
     * @param width pixels
     */
    record Logarithmic(long first, long last, double width) implements Axis {
        private static final double PAGE = 4096;

        @Override
        public double before(long address) {
            return place(unsigned(address));
        }

        @Override
        public double after(long address) {
            return place(unsigned(address) + 1);
        }

        private double place(double address) {
            double low = log(unsigned(first));
            return width * Math.clamp((log(address) - low) / (log(unsigned(last) + 1) - low), 0, 1);
        }

        private static double log(double address) {
            return Math.log1p(address / PAGE);
        }

        @Override
        public long address(double place) {
            double low = log(unsigned(first));
            double at = Math.expm1(low + (log(unsigned(last) + 1) - low) * Math.clamp(place / width, 0, 1)) * PAGE;
            long found = whole(at);
            return Long.compareUnsigned(found, first) < 0 ? first
                    : Long.compareUnsigned(found, last) > 0 ? last : found;
        }
    }

    private static double unsigned(long number) {
        return number >= 0 ? number : number + 0x1p64;
    }

    /** @param number 0 to below 2^64; what is past that becomes the largest */
    private static long whole(double number) {
        return number >= 0x1p63 ? (long) Math.min(number - 0x1p63, 0x1.fffffffffffffp62) + Long.MIN_VALUE : (long) number;
    }
}
