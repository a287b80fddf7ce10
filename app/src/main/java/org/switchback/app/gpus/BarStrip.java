package org.switchback.app.gpus;

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
 * @param pieces by address, without gaps; a claim whose address the kernel hid comes first, and the rest of the BAR after
 *     it
 */
public record BarStrip(Bar bar, List<Piece> pieces) {
    /** Part of a BAR. */
    public sealed interface Piece {
        /** Bytes, unsigned; 0 stands for 2^64. Empty when the addresses are hidden. */
        Optional<Long> length();
    }

    /** Nothing but the BAR itself is here. */
    public record Free(Optional<Long> length) implements Piece {}

    /** Something else has claimed this part. */
    public record Claimed(Overlap overlap, Optional<Long> length) implements Piece {}

    public BarStrip {
        pieces = List.copyOf(pieces);
    }

    /** The memory BARs of a GPU, by index; its expansion ROM only when something lies in it. */
    static List<BarStrip> of(Gpu gpu) {
        return gpu.graphics().bars().stream()
                .filter(bar -> bar.space() == Bar.Space.MEMORY)
                .map(bar -> strip(bar, foreign(gpu, bar)))
                .filter(strip -> strip.bar().index() != Bar.ROM || strip.overlapped())
                .toList();
    }

    /** Whether anything but the GPU's own driver has a part of the BAR. */
    public boolean overlapped() {
        return pieces.stream().anyMatch(Claimed.class::isInstance);
    }

    /** What each piece counts for on a scale, bytes: one of unknown size counts for next to nothing or for all. */
    List<Long> sizes() {
        return pieces.stream().map(this::size).toList();
    }

    long size(Piece piece) {
        return switch (piece) {
            case Free(Optional<Long> length) -> length.orElse(bar.length());
            case Claimed(Overlap overlap, Optional<Long> length) -> length.orElse(1L);
        };
    }

    private static List<Overlap> foreign(Gpu gpu, Bar bar) {
        return gpu.overlaps().stream()
                .filter(overlap -> overlap.bar().index() == bar.index() && overlap.fromFirmware())
                .sorted(Comparator.comparing(
                        overlap -> overlap.region().range().first(), Long::compareUnsigned))
                .toList();
    }

    private static BarStrip strip(Bar bar, List<Overlap> overlaps) {
        List<Piece> pieces = new ArrayList<>();
        if (overlaps.stream().anyMatch(overlap -> !overlap.addressed())) {
            overlaps.forEach(overlap -> pieces.add(new Claimed(overlap, Optional.empty())));
            pieces.add(new Free(Optional.empty()));
            return new BarStrip(bar, pieces);
        }
        long next = bar.range().first();
        boolean full = false;
        for (Overlap overlap : overlaps) {
            Optional<AddressRange> shared = overlap.region().range().intersection(bar.range());
            if (shared.isEmpty()) {
                continue;
            }
            if (Long.compareUnsigned(next, shared.get().first()) < 0) {
                pieces.add(new Free(Optional.of(shared.get().first() - next)));
            }
            pieces.add(new Claimed(overlap, Optional.of(shared.get().length())));
            next = shared.get().last() + 1;
            full = shared.get().last() == bar.range().last();
        }
        if (!full) {
            pieces.add(new Free(Optional.of(bar.range().last() - next + 1)));
        }
        return new BarStrip(bar, pieces);
    }
}
