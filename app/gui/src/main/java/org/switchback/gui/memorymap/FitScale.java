package org.switchback.gui.memorymap;

import java.util.Arrays;
import java.util.List;

/**
 * A scale that keeps a segment of a few MiB visible beside one of many GiB: the width grows with the logarithm of the
 * size and is never too narrow for a pattern and an icon.
 *
 * @param pixelsPerBit additional width for a doubling in size, pixels
 */
public record FitScale(double pixelsPerBit) {
    /** Minimum width of a segment, pixels. */
    public static final double MIN_WIDTH = 28;

    private static final double PAGE_SIZE = 4096;

    /**
     * Creates the largest scale at which every strip of adjacent segments fits the width.
     *
     * @param strips sizes of each strip's segments, bytes, unsigned; 0 stands for 2^64
     * @param width pixels
     */
    public static FitScale of(List<List<Long>> strips, double width) {
        return new FitScale(strips.stream()
                .filter(segments -> !segments.isEmpty())
                .mapToDouble(segments -> scaleToFill(segments, width))
                .min()
                .orElse(0));
    }

    /** The width of a segment, pixels; its size in bytes is unsigned, and 0 stands for 2^64. */
    public double width(long bytes) {
        return Math.max(MIN_WIDTH, pixelsPerBit * sizeBits(bytes));
    }

    private static double scaleToFill(List<Long> segments, double width) {
        double[] sizeBits = segments.stream().mapToDouble(FitScale::sizeBits).toArray();
        double[] minWidths = new double[sizeBits.length];
        Arrays.fill(minWidths, MIN_WIDTH);
        return scaleToFill(sizeBits, minWidths, width);
    }

    /**
     * The scale at which adjacent segments fill the width. Each is as wide as its size demands, at least its minimum
     * width. A segment at its minimum width takes no share of the rest.
     *
     * @param sizeBits {@link #sizeBits} of each segment; 0 for a segment that does not grow
     * @param minWidths minimum width of each segment, pixels
     * @param width pixels
     * @return pixels per bit; 0 when the minimum widths already fill the width
     */
    static double scaleToFill(double[] sizeBits, double[] minWidths, double width) {
        double scale = Double.MAX_VALUE;
        int lastCount = -1;
        // Terminates: the scale only decreases, and in each round fewer segments grow.
        while (true) {
            double available = width;
            double sum = 0;
            int count = 0;
            for (int i = 0; i < sizeBits.length; i++) {
                if (scale * sizeBits[i] > minWidths[i]) {
                    sum += sizeBits[i];
                    count++;
                } else {
                    available -= minWidths[i];
                }
            }
            if (count == 0 || available <= 0) {
                return 0;
            }
            if (count == lastCount) {
                return scale;
            }
            lastCount = count;
            scale = available / sum;
        }
    }

    /**
     * The binary logarithm of 1 + the size in pages.
     *
     * @param bytes unsigned; 0 stands for 2^64
     */
    static double sizeBits(long bytes) {
        double size = bytes > 0 ? bytes : bytes + 0x1p64;
        return Math.log1p(size / PAGE_SIZE) / Math.log(2);
    }
}
