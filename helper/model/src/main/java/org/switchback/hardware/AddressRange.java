package org.switchback.hardware;

import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A range of physical addresses, both ends inclusive, as the kernel's {@code struct resource} has it.
 *
 * @param first lowest address, unsigned 64 bit
 * @param last  highest address, unsigned 64 bit, never below {@code first}
 */
public record AddressRange(long first, long last) {
    public AddressRange {
        if (Long.compareUnsigned(first, last) > 0) {
            throw new IllegalArgumentException("a range ends before it begins");
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

    /** The part both ranges share; empty when they are apart. */
    public Optional<AddressRange> intersection(AddressRange other) {
        if (!overlaps(other)) {
            return Optional.empty();
        }
        return Optional.of(new AddressRange(
                Long.compareUnsigned(first, other.first) > 0 ? first : other.first,
                Long.compareUnsigned(last, other.last) < 0 ? last : other.last));
    }

    /** Number of addresses in bytes, unsigned; 0 stands for all 2^64 of them. */
    public long length() {
        return last - first + 1;
    }

    // As in PciAddress: for what is asked at each start Java would spin code anew each time.
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof AddressRange range && first == range.first && last == range.last;
    }

    @Override
    public int hashCode() {
        return 31 * Long.hashCode(first) + Long.hashCode(last);
    }

    /** As /proc/iomem prints it, at least eight digits an end: {@code c0000000-c086ffff}. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%08x-%08x", first, last);
    }
}
