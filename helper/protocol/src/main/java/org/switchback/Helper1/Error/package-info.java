/**
 * The errors of the D-Bus contract. dbus-java uses the full name of the exception's class as the name of the D-Bus
 * error, so this package has the prefix of the error names.
 */
@NullMarked
package org.switchback.Helper1.Error;

import org.jspecify.annotations.NullMarked;
