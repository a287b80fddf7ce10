/** The GPU page, with one card per GPU. */
@NullMarked
package org.switchback.gui.gpus;

import org.jspecify.annotations.NullMarked;
