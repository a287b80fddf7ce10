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
 * A memory BAR, split at the edges of the firmware regions that overlap it.
 *
 * @param segments by address, without gaps; if the kernel hides the addresses, the overlaps come first and the rest of
 *     the BAR last
 */
public record BarSegments(Bar bar, List<BarSegment> segments) {
    /** Part of a BAR. */
    public sealed interface BarSegment {
        /** Bytes, unsigned; 0 stands for 2^64. Empty if the addresses are hidden. */
        Optional<Long> length();
    }

    /** A part that no firmware region overlaps. */
    public record FreeSegment(Optional<Long> length) implements BarSegment {}

    /** A part that a firmware region overlaps. */
    public record OverlapSegment(Overlap overlap, Optional<Long> length) implements BarSegment {}

    public BarSegments {
        segments = List.copyOf(segments);
    }

    /** The memory BARs of a GPU, by index; its expansion ROM only if a firmware region overlaps it. */
    static List<BarSegments> of(Gpu gpu) {
        return gpu.graphics().memoryBars().stream()
                .map(bar -> from(bar, firmwareOverlaps(gpu, bar)))
                .filter(strip -> strip.bar().index() != Bar.ROM_INDEX || strip.hasOverlap())
                .toList();
    }

    /** Whether a firmware region overlaps the BAR. */
    public boolean hasOverlap() {
        return segments.stream().anyMatch(OverlapSegment.class::isInstance);
    }

    /**
     * The size of each segment for the scale of the drawing, bytes. If the sizes are hidden, an overlap counts as one
     * byte and the rest as the whole BAR.
     */
    List<Long> segmentSizes() {
        return segments.stream().map(this::segmentSize).toList();
    }

    long segmentSize(BarSegment segment) {
        return switch (segment) {
            case FreeSegment(Optional<Long> length) -> length.orElse(bar.length());
            case OverlapSegment(Overlap overlap, Optional<Long> length) -> length.orElse(1L);
        };
    }

    private static List<Overlap> firmwareOverlaps(Gpu gpu, Bar bar) {
        return gpu.firmwareOverlaps().stream()
                .filter(overlap -> overlap.bar().index() == bar.index())
                .sorted(Comparator.comparing(
                        overlap -> overlap.outermostRegion().range().first(), Long::compareUnsigned))
                .toList();
    }

    private static BarSegments from(Bar bar, List<Overlap> overlaps) {
        List<BarSegment> segments = new ArrayList<>();
        if (overlaps.stream().anyMatch(overlap -> !overlap.hasAddress())) {
            overlaps.forEach(overlap -> segments.add(new OverlapSegment(overlap, Optional.empty())));
            segments.add(new FreeSegment(Optional.empty()));
            return new BarSegments(bar, segments);
        }
        long next = bar.range().first();
        boolean reachesEnd = false;
        for (Overlap overlap : overlaps) {
            Optional<AddressRange> shared = overlap.outermostRegion().range().intersection(bar.range());
            if (shared.isEmpty()) {
                continue;
            }
            if (Long.compareUnsigned(next, shared.get().first()) < 0) {
                segments.add(new FreeSegment(Optional.of(shared.get().first() - next)));
            }
            segments.add(new OverlapSegment(overlap, Optional.of(shared.get().length())));
            next = shared.get().last() + 1;
            reachesEnd = shared.get().last() == bar.range().last();
        }
        if (!reachesEnd) {
            segments.add(new FreeSegment(Optional.of(bar.range().last() - next + 1)));
        }
        return new BarSegments(bar, segments);
    }
}
