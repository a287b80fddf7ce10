/** Sample machines: everything can be tried without touching this computer. */
@NullMarked
package org.switchback.client.samples;

import org.jspecify.annotations.NullMarked;
