/**
 * Fuzz targets for everything that reads what other programs have written. Jazzer runs them with inputs that reach new
 * code ({@code packaging/fuzz}); {@code FuzzTargetsTest} with the inputs that were once found, and with random ones.
 */
package org.switchback.fuzz;
