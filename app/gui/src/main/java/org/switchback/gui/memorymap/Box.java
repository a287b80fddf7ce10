package org.switchback.gui.memorymap;

/**
 * A box of the layout, in pixels from the upper left corner of the view. It may extend beyond the left and right edges.
 *
 * @param item the item drawn; of a merged box, the most important one
 * @param count number of items merged into the box because each is too narrow to draw; 1 for an item alone
 */
record Box(int item, int count, double x, double y, double width, double height) {
    double right() {
        return x + width;
    }

    boolean contains(double pointX, double pointY) {
        return pointX >= x && pointX < x + width && pointY >= y && pointY < y + height;
    }
}
