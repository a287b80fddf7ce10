package org.switchback.app.memorymap;

import java.util.List;

/**
 * Widths at which a piece of a few MiB can still be seen beside one of many GiB: a piece is as wide as the logarithm of
 * its size, and never too narrow for a pattern and a sign.
 *
 * @param pixelsPerBit width of a doubling in size, pixels
 */
public record FitScale(double pixelsPerBit) {
    /** Width of the smallest piece, pixels. */
    public static final double NARROWEST = 28;

    private static final double PAGE = 4096;

    /**
     * The scale at which the widest of several strips is as wide as there is room.
     *
     * @param strips sizes of the pieces of each strip, bytes, unsigned; 0 stands for 2^64
     * @param room   pixels
     */
    public static FitScale of(List<List<Long>> strips, double room) {
        return new FitScale(strips.stream()
                .filter(strip -> !strip.isEmpty())
                .mapToDouble(strip -> filling(strip, room))
                .min()
                .orElse(0));
    }

    /** @param bytes unsigned; 0 stands for 2^64 */
    public double width(long bytes) {
        return Math.max(NARROWEST, pixelsPerBit * bits(bytes));
    }

    /** The scale at which one strip fills the room. Pieces too small for it keep the least width and take no share. */
    private static double filling(List<Long> strip, double room) {
        double[] bits = strip.stream().mapToDouble(FitScale::bits).sorted().toArray();
        double sum = 0;
        for (double b : bits) {
            sum += b;
        }
        double left = room;
        for (double smallest : bits) {
            double scale = left / sum;
            if (scale * smallest >= NARROWEST) {
                return scale;
            }
            left -= NARROWEST;
            sum -= smallest;
        }
        return 0;
    }

    private static double bits(long bytes) {
        double size = bytes == 0 ? 0x1p64 : bytes > 0 ? bytes : bytes + 0x1p64;
        return Math.log(1 + size / PAGE) / Math.log(2);
    }
}
