/** What keeps a GPU from going to a virtual machine, check by check; for the window's page and the command line. */
@NullMarked
package org.switchback.gui.readiness;

import org.jspecify.annotations.NullMarked;
