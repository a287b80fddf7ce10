package org.switchback.gui.memorymap;

import java.util.Arrays;
import java.util.List;

/**
 * Widths at which a piece of a few MiB can still be seen beside one of many GiB: a piece is as wide as the logarithm of
 * its size, and never too narrow for a pattern and a sign.
 *
 * @param pixelsPerBit width of a doubling in size, pixels
 */
public record FitScale(double pixelsPerBit) {
    /** Width of the smallest piece, pixels. */
    public static final double MIN_WIDTH = 28;

    private static final double PAGE_SIZE = 4096;

    /**
     * The scale at which the widest of several strips is as wide as there is room.
     *
     * @param strips sizes of the pieces of each strip, bytes, unsigned; 0 stands for 2^64
     * @param room   pixels
     */
    public static FitScale of(List<List<Long>> strips, double room) {
        return new FitScale(strips.stream()
                .filter(strip -> !strip.isEmpty())
                .mapToDouble(strip -> scaleToFill(strip, room))
                .min()
                .orElse(0));
    }

    /** @param bytes unsigned; 0 stands for 2^64 */
    public double width(long bytes) {
        return Math.max(MIN_WIDTH, pixelsPerBit * sizeBits(bytes));
    }

    private static double scaleToFill(List<Long> strip, double room) {
        double[] bits = strip.stream().mapToDouble(FitScale::sizeBits).toArray();
        double[] least = new double[bits.length];
        Arrays.fill(least, MIN_WIDTH);
        return scaleToFill(bits, least, room);
    }

    /**
     * The scale at which a row of pieces fills the room, each as wide as its size or its least width, whichever is more.
     * A piece that is too small for its least width takes no share of the rest.
     *
     * @param bits  {@link #sizeBits} of each piece; 0 for a piece that does not grow
     * @param least least width of each piece, pixels
     * @param room  pixels
     * @return pixels a bit; 0 when the least widths fill the room already
     */
    static double scaleToFill(double[] bits, double[] least, double room) {
        double scale = Double.MAX_VALUE;
        int growing = -1;
        // The scale only falls, and each time fewer pieces grow, so this ends.
        while (true) {
            double left = room;
            double sum = 0;
            int count = 0;
            for (int i = 0; i < bits.length; i++) {
                if (scale * bits[i] > least[i]) {
                    sum += bits[i];
                    count++;
                } else {
                    left -= least[i];
                }
            }
            if (count == 0 || left <= 0) {
                return 0;
            }
            if (count == growing) {
                return scale;
            }
            growing = count;
            scale = left / sum;
        }
    }

    /**
     * What a size counts for.
     *
     * @param bytes unsigned; 0 stands for 2^64
     */
    static double sizeBits(long bytes) {
        double size = bytes == 0 ? 0x1p64 : bytes > 0 ? bytes : bytes + 0x1p64;
        return Math.log1p(size / PAGE_SIZE) / Math.log(2);
    }
}
