/** The steps of a switch, each with its inverse and its text as a shell command; nothing here touches the machine. */
@NullMarked
package org.switchback.plan;

import org.jspecify.annotations.NullMarked;
