/** Factory methods for controls that every page uses. */
@NullMarked
package org.switchback.gui.controls;

import org.jspecify.annotations.NullMarked;
