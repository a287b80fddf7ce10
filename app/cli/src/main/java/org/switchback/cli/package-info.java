/** The command line: every fact and action of the window as a command. */
@NullMarked
package org.switchback.cli;

import org.jspecify.annotations.NullMarked;
