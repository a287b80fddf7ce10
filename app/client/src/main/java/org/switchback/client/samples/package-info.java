/** Sample machines, to try everything without changing this computer. */
@NullMarked
package org.switchback.client.samples;

import org.jspecify.annotations.NullMarked;
