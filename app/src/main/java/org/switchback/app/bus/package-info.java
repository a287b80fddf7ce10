/** Ways to the message buses of a computer. */
@NullMarked
package org.switchback.app.bus;

import org.jspecify.annotations.NullMarked;
