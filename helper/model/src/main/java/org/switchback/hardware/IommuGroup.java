package org.switchback.hardware;

import java.util.List;

/**
 * Functions that the IOMMU cannot isolate from each other: only the whole group can be passed to a virtual machine.
 *
 * @param number number in /sys/kernel/iommu_groups
 * @param members functions in the group, by address
 */
public record IommuGroup(int number, List<PciDevice> members) {
    public IommuGroup {
        members = List.copyOf(members);
    }
}
