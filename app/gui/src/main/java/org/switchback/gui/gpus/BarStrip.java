package org.switchback.gui.gpus;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.Bar;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Overlap;

/**
 * A memory BAR cut at the edge of everything that lies in it.
 *
 * @param bar    the BAR
 * @param segments by address, without gaps; a claim whose address the kernel hid comes first, and the rest of the BAR after
 *     it
 */
public record BarStrip(Bar bar, List<BarSegment> segments) {
    /** Part of a BAR. */
    public sealed interface BarSegment {
        /** Bytes, unsigned; 0 stands for 2^64. Empty when the addresses are hidden. */
        Optional<Long> length();
    }

    /** Nothing but the BAR itself is here. */
    public record FreeSegment(Optional<Long> length) implements BarSegment {}

    /** Something else has claimed this part. */
    public record OverlapSegment(Overlap overlap, Optional<Long> length) implements BarSegment {}

    public BarStrip {
        segments = List.copyOf(segments);
    }

    /** The memory BARs of a GPU, by index; its expansion ROM only when something lies in it. */
    static List<BarStrip> of(Gpu gpu) {
        return gpu.graphics().bars().stream()
                .filter(bar -> bar.space() == Bar.AddressSpace.MEMORY)
                .map(bar -> from(bar, firmwareOverlaps(gpu, bar)))
                .filter(strip -> strip.bar().index() != Bar.ROM_INDEX || strip.hasOverlap())
                .toList();
    }

    /** Whether anything but the GPU's own driver has a part of the BAR. */
    public boolean hasOverlap() {
        return segments.stream().anyMatch(OverlapSegment.class::isInstance);
    }

    /** What each piece counts for on a scale, bytes: one of unknown size counts for next to nothing or for all. */
    List<Long> segmentSizes() {
        return segments.stream().map(this::segmentSize).toList();
    }

    long segmentSize(BarSegment piece) {
        return switch (piece) {
            case FreeSegment(Optional<Long> length) -> length.orElse(bar.length());
            case OverlapSegment(Overlap overlap, Optional<Long> length) -> length.orElse(1L);
        };
    }

    private static List<Overlap> firmwareOverlaps(Gpu gpu, Bar bar) {
        return gpu.overlaps().stream()
                .filter(overlap -> overlap.bar().index() == bar.index() && overlap.isFromFirmware())
                .sorted(Comparator.comparing(
                        overlap -> overlap.outermostRegion().range().first(), Long::compareUnsigned))
                .toList();
    }

    private static BarStrip from(Bar bar, List<Overlap> overlaps) {
        List<BarSegment> pieces = new ArrayList<>();
        if (overlaps.stream().anyMatch(overlap -> !overlap.hasAddress())) {
            overlaps.forEach(overlap -> pieces.add(new OverlapSegment(overlap, Optional.empty())));
            pieces.add(new FreeSegment(Optional.empty()));
            return new BarStrip(bar, pieces);
        }
        long next = bar.range().first();
        boolean full = false;
        for (Overlap overlap : overlaps) {
            Optional<AddressRange> shared = overlap.outermostRegion().range().intersection(bar.range());
            if (shared.isEmpty()) {
                continue;
            }
            if (Long.compareUnsigned(next, shared.get().first()) < 0) {
                pieces.add(new FreeSegment(Optional.of(shared.get().first() - next)));
            }
            pieces.add(new OverlapSegment(overlap, Optional.of(shared.get().length())));
            next = shared.get().last() + 1;
            full = shared.get().last() == bar.range().last();
        }
        if (!full) {
            pieces.add(new FreeSegment(Optional.of(bar.range().last() - next + 1)));
        }
        return new BarStrip(bar, pieces);
    }
}
