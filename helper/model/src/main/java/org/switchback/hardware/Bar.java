package org.switchback.hardware;

import java.util.ArrayList;
import java.util.List;

/**
 * A base address register of a PCI function that has an address.
 *
 * @param index        0 to 5; 6 is the expansion ROM
 * @param range        where it lies, both ends inclusive: physical addresses, or port numbers when {@code space} is PORTS
 * @param space        memory or ports
 * @param prefetchable the register says so
 * @param is64Bit         a 64-bit register
 */
public record Bar(int index, AddressRange range, AddressSpace space, boolean prefetchable, boolean is64Bit) {
    /** Index of the expansion ROM in sysfs and in VFIO ({@code PCI_ROM_RESOURCE}). */
    public static final int ROM_INDEX = 6;

    // include/linux/ioport.h
    private static final long IORESOURCE_IO = 0x100;
    private static final long IORESOURCE_MEM = 0x200;
    private static final long IORESOURCE_PREFETCH = 0x2000;
    private static final long IORESOURCE_MEM_64 = 0x100000;

    /** What a BAR's range counts. */
    public enum AddressSpace {
        MEMORY,
        IO_PORTS
    }

    /** Size in bytes (or ports), unsigned. */
    public long length() {
        return range.length();
    }

    /**
     * Reads sysfs' {@code resource} file: a line a resource, "first last flags" in hexadecimal; the first six are BARs,
     * the seventh the ROM, what follows belongs to bridges and virtual functions (drivers/pci/pci-sysfs.c).
     */
    static List<Bar> parse(String resource) {
        List<Bar> bars = new ArrayList<>();
        String[] lines = resource.split("\n", -1);
        for (int index = 0; index < Math.min(lines.length, ROM_INDEX + 1); index++) {
            long[] fields = HexNumbers.parseFields(lines[index]);
            if (fields.length != 3 || fields[2] == 0 || Long.compareUnsigned(fields[0], fields[1]) > 0) {
                continue;
            }
            boolean ports = (fields[2] & IORESOURCE_IO) != 0;
            if (!ports && (fields[2] & IORESOURCE_MEM) == 0) {
                continue;
            }
            bars.add(new Bar(
                    index,
                    new AddressRange(fields[0], fields[1]),
                    ports ? AddressSpace.IO_PORTS : AddressSpace.MEMORY,
                    (fields[2] & IORESOURCE_PREFETCH) != 0,
                    (fields[2] & IORESOURCE_MEM_64) != 0));
        }
        return List.copyOf(bars);
    }
}
