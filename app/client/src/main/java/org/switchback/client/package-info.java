/**
 * The helper as the front end sees it: one connection, over D-Bus, whether to the helper of the system or to one that
 * runs inside this process for a sample machine, a saved report, or a machine that may only be looked at.
 */
@NullMarked
package org.switchback.client;

import org.jspecify.annotations.NullMarked;
