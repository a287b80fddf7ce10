package org.switchback.hardware;

import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A range of addresses, both ends inclusive, like the kernel's {@code struct resource}: physical addresses or I/O
 * ports.
 *
 * @param first lowest address, unsigned 64 bits
 * @param last highest address, unsigned 64 bits, never below {@code first}
 */
public record AddressRange(long first, long last) {
    public AddressRange {
        if (Long.compareUnsigned(first, last) > 0) {
            throw new IllegalArgumentException("last address below first address");
        }
    }

    public boolean contains(long address) {
        return Long.compareUnsigned(first, address) <= 0 && Long.compareUnsigned(address, last) <= 0;
    }

    public boolean contains(AddressRange other) {
        return contains(other.first) && contains(other.last);
    }

    public boolean overlaps(AddressRange other) {
        return Long.compareUnsigned(first, other.last) <= 0 && Long.compareUnsigned(other.first, last) <= 0;
    }

    /** The addresses that are in both ranges; empty if the ranges do not overlap. */
    public Optional<AddressRange> intersection(AddressRange other) {
        if (!overlaps(other)) {
            return Optional.empty();
        }
        return Optional.of(new AddressRange(
                Long.compareUnsigned(first, other.first) > 0 ? first : other.first,
                Long.compareUnsigned(last, other.last) < 0 ? last : other.last));
    }

    /** Number of addresses, unsigned; 0 means 2^64. */
    public long length() {
        return last - first + 1;
    }

    // Written out as in PciAddress: Java generates the methods of a record at run time, on every start.
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof AddressRange range && first == range.first && last == range.last;
    }

    @Override
    public int hashCode() {
        return 31 * Long.hashCode(first) + Long.hashCode(last);
    }

    /** As in /proc/iomem, at least eight digits per address: {@code c0000000-c086ffff}. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%08x-%08x", first, last);
    }
}
