/** The page of GPUs, one card each. */
@NullMarked
package org.switchback.app.gpus;

import org.jspecify.annotations.NullMarked;
