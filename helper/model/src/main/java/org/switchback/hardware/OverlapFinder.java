package org.switchback.hardware;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finds what lies in a GPU's BARs and decides what vfio-pci would make of it.
 *
 * <p>vfio-pci reserves the whole BAR; any region inside makes that fail, busy or not, since {@code __request_region}
 * descends into it and finds the BAR larger (kernel/resource.c).
 */
final class OverlapFinder {
    private final MemoryMap memoryMap;
    private final KernelVersion kernelVersion;
    private final List<FirmwareFramebuffer> framebuffers;

    OverlapFinder(MemoryMap memoryMap, KernelVersion kernelVersion, List<FirmwareFramebuffer> framebuffers) {
        this.memoryMap = memoryMap;
        this.kernelVersion = kernelVersion;
        this.framebuffers = framebuffers;
    }

    List<Overlap> find(PciDevice gpu) {
        List<Region> own = memoryMap.find(region -> region.name().equals(gpu.address().toString()));
        List<Overlap> overlaps = new ArrayList<>();
        List<Bar> bars = gpu.bars().stream()
                .filter(bar -> bar.space() == Bar.AddressSpace.MEMORY)
                .sorted((a, b) -> Long.compareUnsigned(a.range().first(), b.range().first()))
                .toList();
        for (int i = 0; i < bars.size(); i++) {
            Bar bar = bars.get(i);
            // Without addresses the listing still has the order of the addresses, a line a BAR.
            Optional<Region> region = memoryMap.addressesHidden()
                    ? Optional.of(i).filter(n -> own.size() == bars.size()).map(own::get)
                    : own.stream().filter(r -> r.range().equals(bar.range())).findFirst();
            region.ifPresent(found -> found.children().stream()
                    .filter(child -> !child.name().equals(PciDevice.VFIO_PCI))
                    .forEach(child -> overlaps.add(createOverlap(gpu, bar, child))));
        }
        overlaps.sort((a, b) -> a.bar().index() - b.bar().index());
        return overlaps;
    }

    private Overlap createOverlap(PciDevice gpu, Bar bar, Region claim) {
        List<Region> chain = new ArrayList<>();
        for (Region at = claim; at != null; at = at.children().isEmpty() ? null : at.children().getFirst()) {
            chain.add(at);
        }
        Optional<FirmwareRegion> firmware = FirmwareRegion.fromRegionName(claim.name());
        Optional<FirmwareFramebuffer> owner = firmware.flatMap(f -> framebuffers.stream()
                .filter(fb -> fb.platformDevice().startsWith(f.platformDeviceName() + "."))
                .findFirst());
        return new Overlap(gpu.address(), bar, chain, owner, resolve(gpu, bar, claim, firmware.isPresent()));
    }

    private Overlap.OverlapResolution resolve(PciDevice gpu, Bar bar, Region claim, boolean firmware) {
        if (!firmware && gpu.driver().filter(driver -> !driver.equals(PciDevice.VFIO_PCI)).isPresent()) {
            return Overlap.OverlapResolution.RELEASED_BY_DRIVER;
        }
        // It does so when it takes the device: one that has come since stays.
        boolean evicted = firmware && gpu.pciClass().isVga() && kernelVersion.vfioEvictsVgaFramebuffer() && !gpu.isBoundToVfio();
        return evicted ? Overlap.OverlapResolution.EVICTED_BY_VFIO : Overlap.OverlapResolution.CONFLICT;
    }
}
