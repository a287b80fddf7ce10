package org.switchback.hardware;

import java.util.ArrayList;
import java.util.List;

/**
 * A base address register (BAR) of a PCI function, with an assigned address.
 *
 * @param index 0 to 5; 6 is the expansion ROM
 * @param range addresses, both ends inclusive: physical addresses, or port numbers if {@code space} is {@code IO_PORTS}
 * @param space address space of the range
 * @param prefetchable whether the register declares its memory prefetchable
 * @param is64Bit whether it is a 64-bit register
 */
public record Bar(int index, AddressRange range, AddressSpace space, boolean prefetchable, boolean is64Bit) {
    /** Index of the expansion ROM in sysfs and in VFIO ({@code PCI_ROM_RESOURCE}). */
    public static final int ROM_INDEX = 6;

    /** Offset of the first register in config space (PCI_BASE_ADDRESS_0, include/uapi/linux/pci_regs.h). */
    private static final int CONFIG_BARS = 0x10;

    // include/linux/ioport.h
    private static final long IORESOURCE_IO = 0x100;
    private static final long IORESOURCE_MEM = 0x200;
    private static final long IORESOURCE_PREFETCH = 0x2000;
    private static final long IORESOURCE_MEM_64 = 0x100000;
    private static final long IORESOURCE_UNSET = 0x20000000;

    /** The address space of a BAR. */
    public enum AddressSpace {
        MEMORY,
        IO_PORTS
    }

    /** Size in bytes (or ports), unsigned. */
    public long length() {
        return range.length();
    }

    /**
     * Parses the sysfs file {@code resource}: one resource per line, "first last flags" in hexadecimal. The first six
     * lines are BARs and the seventh is the ROM; the rest belong to bridges and virtual functions
     * (drivers/pci/pci-sysfs.c). Unused and malformed lines are skipped, and resources without an assigned address.
     */
    static List<Bar> parse(String resource) {
        List<Bar> bars = new ArrayList<>();
        String[] lines = resource.split("\n", -1);
        for (int index = 0; index < Math.min(lines.length, ROM_INDEX + 1); index++) {
            long[] fields = HexNumbers.parseFields(lines[index]);
            if (fields.length != 3
                    || fields[2] == 0
                    || (fields[2] & IORESOURCE_UNSET) != 0
                    || Long.compareUnsigned(fields[0], fields[1]) > 0) {
                continue;
            }
            boolean ioPorts = (fields[2] & IORESOURCE_IO) != 0;
            if (!ioPorts && (fields[2] & IORESOURCE_MEM) == 0) {
                continue;
            }
            bars.add(new Bar(
                    index,
                    new AddressRange(fields[0], fields[1]),
                    ioPorts ? AddressSpace.IO_PORTS : AddressSpace.MEMORY,
                    (fields[2] & IORESOURCE_PREFETCH) != 0,
                    (fields[2] & IORESOURCE_MEM_64) != 0));
        }
        return List.copyOf(bars);
    }

    /**
     * Whether the kernel has found no address for a memory BAR. It marks such a BAR IORESOURCE_UNSET or clears its line
     * (pci_assign_resource and reset_resource, drivers/pci/setup-res.c and setup-bus.c). A cleared line looks like that
     * of a BAR that does not exist; the register of a 64-bit BAR tells them apart. I/O ports and the ROM do not count,
     * because a virtual machine can do without them.
     *
     * @param resource content of the sysfs file, as in {@link #parse}
     * @param configHex start of config space, two hexadecimal digits a byte; empty if it could not be read
     * @param needsMemory whether the function certainly has a memory BAR, as every graphics function has, so that a
     *     file without any means that their lines were cleared
     */
    static boolean hasUnassignedMemory(String resource, String configHex, boolean needsMemory) {
        boolean hasMemory = false;
        String[] lines = resource.split("\n", -1);
        for (int index = 0; index < Math.min(lines.length, ROM_INDEX); index++) {
            long[] fields = HexNumbers.parseFields(lines[index]);
            if (fields.length != 3) {
                continue;
            }
            boolean isMemory = (fields[2] & IORESOURCE_MEM) != 0;
            boolean isCleared = fields[2] == 0 && is64BitMemory(configHex, index);
            if ((isMemory && (fields[2] & IORESOURCE_UNSET) != 0) || isCleared) {
                return true;
            }
            hasMemory |= isMemory;
            if (isMemory && (fields[2] & IORESOURCE_MEM_64) != 0) {
                // The next register holds the upper half of the address.
                index++;
            }
        }
        return needsMemory && !hasMemory && lines.length >= ROM_INDEX;
    }

    /** Bits 2 and 1 of the register of a memory BAR are 10 for 64 bits (PCI Local Bus 3.0, section 6.2.5.1). */
    private static boolean is64BitMemory(String configHex, int index) {
        int offset = 2 * (CONFIG_BARS + 4 * index);
        return configHex.length() >= offset + 2
                && (Integer.parseInt(configHex.substring(offset, offset + 2), 16) & 0x7) == 0x4;
    }
}
