package org.switchback.hardware;

import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a PCI function sits: domain, bus, device and function number, as in {@code 0000:04:00.1}.
 *
 * @param domain   PCI domain (segment), 0 to 0xffffffff as Linux prints it; never negative here
 * @param bus      0 to 255
 * @param device   0 to 31
 * @param function 0 to 7
 */
public record PciAddress(int domain, int bus, int device, int function) implements Comparable<PciAddress> {
    private static final Pattern FORMAT =
            Pattern.compile("(?:([0-9a-fA-F]{4,8}):)?([0-9a-fA-F]{2}):([01][0-9a-fA-F])\\.([0-7])");
    private static final HexFormat HEX = HexFormat.of();

    public PciAddress {
        if (domain < 0 || bus < 0 || bus > 0xff || device < 0 || device > 0x1f || function < 0 || function > 7) {
            throw new IllegalArgumentException("not a PCI address");
        }
    }

    /**
     * Reads {@code 0000:04:00.0}, or {@code 04:00.0} for domain 0.
     *
     * @return empty for any other text
     */
    public static Optional<PciAddress> parse(String text) {
        Matcher matcher = FORMAT.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        long domain = matcher.group(1) == null ? 0 : Long.parseLong(matcher.group(1), 16);
        if (domain > Integer.MAX_VALUE) {
            return Optional.empty();
        }
        return Optional.of(new PciAddress(
                (int) domain,
                Integer.parseInt(matcher.group(2), 16),
                Integer.parseInt(matcher.group(3), 16),
                matcher.group(4).charAt(0) - '0'));
    }

    /**
     * As {@link #parse}, for text that is known to be an address.
     *
     * @throws IllegalArgumentException for any other text
     */
    public static PciAddress of(String text) {
        return parse(text).orElseThrow(() -> new IllegalArgumentException("not a PCI address: " + text));
    }

    /** Whether the other function is on the same device: same domain, bus and device number. */
    public boolean isSameSlot(PciAddress other) {
        return domain == other.domain && bus == other.bus && device == other.device;
    }

    /** Without the domain when that is 0, as people and {@code lspci} write it: {@code 04:00.0}. */
    public String toShortString() {
        return domain == 0 ? toString().substring(5) : toString();
    }

    @Override
    public int compareTo(PciAddress other) {
        return Long.compare(routingId(), other.routingId());
    }

    // As a record has it; but this is asked at each start, and Java would spin code for it anew each time.
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof PciAddress address && routingId() == address.routingId();
    }

    @Override
    public int hashCode() {
        return Long.hashCode(routingId());
    }

    /** Domain, and then the number that the function has on the bus itself (PCI Express, "Routing ID"). */
    private long routingId() {
        return (long) domain << 16 | bus << 8 | device << 3 | function;
    }

    /** As sysfs names the function: {@code 0000:04:00.0}. */
    @Override
    public String toString() {
        // Many are printed for each look at a machine, and String.format takes ten times as long.
        return (domain > 0xffff ? Integer.toHexString(domain) : HEX.toHexDigits((short) domain))
                + ":" + HEX.toHexDigits((byte) bus) + ":" + HEX.toHexDigits((byte) device) + "." + function;
    }
}
