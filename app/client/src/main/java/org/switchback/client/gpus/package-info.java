/** The page of GPUs, one card each. */
@NullMarked
package org.switchback.client.gpus;

import org.jspecify.annotations.NullMarked;
