package org.switchback.hardware;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finds the regions inside a GPU's BARs and determines what happens to each when vfio-pci binds the GPU.
 *
 * <p>vfio-pci reserves whole BARs. Any region inside a BAR prevents that, whether or not it is marked busy:
 * {@code __request_region} descends into the region and finds that the BAR is larger (kernel/resource.c).
 */
final class OverlapFinder {
    private final MemoryMap memoryMap;
    private final KernelVersion kernelVersion;
    private final List<BootFramebuffer> framebuffers;

    OverlapFinder(MemoryMap memoryMap, KernelVersion kernelVersion, List<BootFramebuffer> framebuffers) {
        this.memoryMap = memoryMap;
        this.kernelVersion = kernelVersion;
        this.framebuffers = framebuffers;
    }

    List<Overlap> find(PciDevice gpu) {
        List<Region> gpuRegions =
                memoryMap.find(region -> region.name().equals(gpu.address().toString()));
        List<Overlap> overlaps = new ArrayList<>();
        List<Bar> bars = gpu.memoryBarsByAddress();
        for (int i = 0; i < bars.size(); i++) {
            Bar bar = bars.get(i);
            // Hidden addresses: the listing is still ordered by address, with one line per BAR.
            Optional<Region> barRegion = memoryMap.addressesHidden()
                    ? Optional.of(i)
                            .filter(index -> gpuRegions.size() == bars.size())
                            .map(gpuRegions::get)
                    : gpuRegions.stream()
                            .filter(region -> region.range().equals(bar.range()))
                            .findFirst();
            barRegion.ifPresent(parent -> parent.children().stream()
                    // A report may list another BAR of the function inside this one; that is no foreign region.
                    .filter(child -> !child.name().equals(PciDevice.VFIO_PCI)
                            && !child.name().equals(gpu.address().toString()))
                    .forEach(child -> overlaps.add(createOverlap(gpu, bar, child))));
        }
        overlaps.sort((a, b) -> a.bar().index() - b.bar().index());
        return overlaps;
    }

    private Overlap createOverlap(PciDevice gpu, Bar bar, Region region) {
        List<Region> chain = new ArrayList<>();
        for (Region nested = region;
                nested != null;
                nested = nested.children().isEmpty() ? null : nested.children().getFirst()) {
            chain.add(nested);
        }
        Optional<FirmwareRegionKind> firmwareRegion = FirmwareRegionKind.fromRegionName(region.name());
        Optional<BootFramebuffer> platformDevice = firmwareRegion.flatMap(known -> framebuffers.stream()
                .filter(framebuffer -> framebuffer.platformDevice().startsWith(known.platformDeviceName() + "."))
                .findFirst());
        return new Overlap(
                gpu.address(), bar, chain, platformDevice, resolve(gpu, bar, region, firmwareRegion.isPresent()));
    }

    private Overlap.OverlapResolution resolve(PciDevice gpu, Bar bar, Region region, boolean fromFirmware) {
        if (!fromFirmware
                && gpu.driver()
                        .filter(driver -> !driver.equals(PciDevice.VFIO_PCI))
                        .isPresent()) {
            return Overlap.OverlapResolution.RELEASED_BY_DRIVER;
        }
        // Eviction happens while vfio-pci binds the device: a framebuffer that appeared later stays.
        boolean evicted = fromFirmware
                && gpu.pciClass().isVga()
                && kernelVersion.vfioEvictsVgaFramebuffer()
                && !gpu.isBoundToVfio();
        return evicted ? Overlap.OverlapResolution.EVICTED_BY_VFIO : Overlap.OverlapResolution.CONFLICT;
    }
}
