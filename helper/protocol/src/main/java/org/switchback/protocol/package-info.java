/**
 * The contract on the bus: interfaces, structures, error names. Everything is text and numbers; what the texts say to a
 * person is the front end's business.
 */
@NullMarked
package org.switchback.protocol;

import org.jspecify.annotations.NullMarked;
