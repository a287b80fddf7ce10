package org.switchback.gui.memorymap;

import java.util.function.IntPredicate;

final class BinarySearch {
    private BinarySearch() {}

    /**
     * The first index from {@code from} to {@code to} (exclusive) that passes a test; {@code to} if none does.
     *
     * @param test once true, true for all higher indexes
     */
    static int firstIndex(int from, int to, IntPredicate test) {
        int low = from;
        int high = to;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (test.test(middle)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }
}
