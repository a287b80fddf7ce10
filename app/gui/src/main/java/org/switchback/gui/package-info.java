/** Start of the application, and the main window around its pages. */
@NullMarked
package org.switchback.gui;

import org.jspecify.annotations.NullMarked;
