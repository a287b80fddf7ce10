/** The readiness page: the checks that a GPU has to pass before it can be given to a VM. */
@NullMarked
package org.switchback.gui.readiness;

import org.jspecify.annotations.NullMarked;
