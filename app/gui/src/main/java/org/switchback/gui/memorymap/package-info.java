/** The page that shows what lies where in the physical address space, and the scale on which that can be seen. */
@NullMarked
package org.switchback.gui.memorymap;

import org.jspecify.annotations.NullMarked;
