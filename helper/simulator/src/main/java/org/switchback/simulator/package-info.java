/**
 * A simulated Linux kernel: PCI drivers, framebuffers, the resource tree and VFIO, as far as a switch uses them. For
 * sample machines and tests; not part of the root process.
 */
@NullMarked
package org.switchback.simulator;

import org.jspecify.annotations.NullMarked;
