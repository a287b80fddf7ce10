package org.switchback.gui.memorymap;

/** How much room an address gets. */
enum ScaleMode {
    /** Each piece by the logarithm of its size, and none too narrow to be seen. */
    FIT,
    /** The same for every address. */
    TRUE_SIZE,
    /** The low addresses, where small things lie, get more. */
    LOG
}
