package org.switchback.hardware;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Functions that the IOMMU cannot isolate from each other: only the whole group can be passed to a virtual machine.
 *
 * @param number number in /sys/kernel/iommu_groups
 * @param members functions in the group, by address
 * @param directMappings addresses that the firmware requires to be mapped 1:1 for the group: RMRRs on Intel, unity
 *     mappings on AMD; empty if the kernel's list could not be read
 */
public record IommuGroup(int number, List<PciDevice> members, Optional<List<AddressRange>> directMappings) {
    /** Folder of the groups, to be followed by a number. */
    public static final String GROUPS = "/sys/kernel/iommu_groups/";

    /** File in the folder of a group with the addresses that the IOMMU treats specially. */
    public static final String RESERVED_REGIONS = "reserved_regions";

    public IommuGroup {
        members = List.copyOf(members);
        directMappings = directMappings.map(List::copyOf);
    }

    /**
     * Parses the required 1:1 mappings from the file {@code reserved_regions}: one region per line, "first last type"
     * (iommu_group_show_resv_regions, drivers/iommu/iommu.c). Only the type {@code direct} keeps the kernel from giving
     * the group to VFIO; the kernel drops mappings of the type {@code direct-relaxable} itself.
     */
    static List<AddressRange> parseDirectMappings(String reservedRegions) {
        List<AddressRange> ranges = new ArrayList<>();
        for (String line : reservedRegions.split("\n", -1)) {
            String[] fields = line.strip().split("\\s+");
            if (fields.length == 3 && fields[2].equals("direct")) {
                Optional<Long> first = HexNumbers.parse(fields[0]);
                Optional<Long> last = HexNumbers.parse(fields[1]);
                if (first.isPresent() && last.isPresent() && Long.compareUnsigned(first.get(), last.get()) <= 0) {
                    ranges.add(new AddressRange(first.get(), last.get()));
                }
            }
        }
        return ranges;
    }
}
