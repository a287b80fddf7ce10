/** The helper as a D-Bus service: its objects, authorization, limits and startup. */
@NullMarked
package org.switchback.service;

import org.jspecify.annotations.NullMarked;
