/** The helper as a service: bus objects, authorisation, limits and start-up. */
@NullMarked
package org.switchback.service;

import org.jspecify.annotations.NullMarked;
