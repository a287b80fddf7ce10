/** The command line: the functions of the window as commands. */
@NullMarked
package org.switchback.cli;

import org.jspecify.annotations.NullMarked;
