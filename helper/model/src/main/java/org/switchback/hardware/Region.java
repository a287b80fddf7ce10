package org.switchback.hardware;

import java.util.Comparator;
import java.util.List;

/**
 * A reserved range of the physical address space, one line of /proc/iomem (kernel/resource.c, {@code r_show}).
 *
 * @param range addresses, both ends inclusive; 0-0 if the kernel hid the addresses
 * @param name name as printed: {@code System RAM}, {@code 0000:04:00.0}, {@code BOOTFB}
 * @param children regions directly inside this one, in the order of the listing
 */
public record Region(AddressRange range, String name, List<Region> children) {
    /**
     * Orders regions by first address; of regions with the same first address, the largest comes first, so that a
     * parent comes before its children.
     */
    public static final Comparator<Region> BY_ADDRESS =
            (a, b) -> a.range().first() == b.range().first()
                    ? Long.compareUnsigned(b.range().last(), a.range().last())
                    : Long.compareUnsigned(a.range().first(), b.range().first());

    public Region {
        children = List.copyOf(children);
    }

    /** Range and name alone: two regions are the same if these are equal. */
    public Region withoutChildren() {
        return new Region(range, name, List.of());
    }

    /** The line in /proc/iomem without indentation: {@code c0000000-c086ffff : BOOTFB}. */
    public String toLine() {
        return range + " : " + name;
    }
}
