/** What the kernel tells about PCI devices, GPUs and physical memory: values and pure parsers. */
@NullMarked
package org.switchback.hardware;

import org.jspecify.annotations.NullMarked;
