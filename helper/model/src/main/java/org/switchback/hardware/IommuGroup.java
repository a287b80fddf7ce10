package org.switchback.hardware;

import java.util.List;

/**
 * Functions that the IOMMU cannot tell apart: they go to a virtual machine together or not at all.
 *
 * @param number  as in /sys/kernel/iommu_groups
 * @param members by address
 */
public record IommuGroup(int number, List<PciDevice> members) {
    public IommuGroup {
        members = List.copyOf(members);
    }
}
