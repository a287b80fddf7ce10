/** Persistent state in files of the user. */
@NullMarked
package org.switchback.client.storage;

import org.jspecify.annotations.NullMarked;
