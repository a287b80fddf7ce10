/** State and details of GPUs, for window and command line. */
@NullMarked
package org.switchback.client.gpus;

import org.jspecify.annotations.NullMarked;
