/**
 * The D-Bus contract: interfaces, structures and error names. All values are texts and numbers; the front end turns
 * them into messages for the user.
 */
@NullMarked
package org.switchback.protocol;

import org.jspecify.annotations.NullMarked;
