/** A switch as a person sees it: plan, progress and result. */
@NullMarked
package org.switchback.gui.switching;

import org.jspecify.annotations.NullMarked;
