/** The page of GPUs, one card each. */
@NullMarked
package org.switchback.gui.gpus;

import org.jspecify.annotations.NullMarked;
