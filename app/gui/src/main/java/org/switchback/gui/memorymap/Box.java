package org.switchback.gui.memorymap;

/**
 * A box of the picture, in pixels from its upper left corner; it may stick out at the sides of the picture.
 *
 * @param item  what is drawn; of several the one that matters most
 * @param count items drawn as one since each alone is too narrow; 1 for a box of its own
 */
record Box(int item, int count, double x, double y, double width, double height) {
    double right() {
        return x + width;
    }

    boolean contains(double px, double py) {
        return px >= x && px < x + width && py >= y && py < y + height;
    }
}
