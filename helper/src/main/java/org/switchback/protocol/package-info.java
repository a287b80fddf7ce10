/** The contract between app and helper on the system D-Bus: interfaces, structures and errors. */
@NullMarked
package org.switchback.protocol;

import org.jspecify.annotations.NullMarked;
