/**
 * A simulated Linux kernel: PCI drivers, framebuffers, the resource tree and VFIO, as far as a switch touches them. Serves
 * the sample machines and the tests; no part of the root process.
 */
@NullMarked
package org.switchback.simulator;

import org.jspecify.annotations.NullMarked;
