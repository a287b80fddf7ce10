/**
 * The errors of the contract on the bus. dbus-java sends the full name of an exception's class as the name of the
 * error, so this package is called what the errors are to be called on the bus.
 */
@NullMarked
package org.switchback.Helper1.Error;

import org.jspecify.annotations.NullMarked;
