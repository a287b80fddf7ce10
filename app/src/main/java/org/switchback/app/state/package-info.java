/** What is remembered from one run to the next, in files of the user. */
@NullMarked
package org.switchback.app.state;

import org.jspecify.annotations.NullMarked;
