/** The page of the memory map: the regions of the physical address space as boxes, table and text. */
@NullMarked
package org.switchback.gui.memorymap;

import org.jspecify.annotations.NullMarked;
