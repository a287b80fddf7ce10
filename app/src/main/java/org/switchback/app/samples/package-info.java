/** Sample machines: everything can be tried without touching this computer. */
@NullMarked
package org.switchback.app.samples;

import org.jspecify.annotations.NullMarked;
