/** The record of every switch, failed ones too: what was planned, what was written to the kernel, what came of it. */
@NullMarked
package org.switchback.gui.activity;

import org.jspecify.annotations.NullMarked;
