package org.switchback.hardware;

import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Address of a PCI function: domain, bus, device and function number, as in {@code 0000:04:00.1}.
 *
 * @param domain PCI domain (segment), 0 to 0x7fffffff; Linux allows up to 0xffffffff
 * @param bus 0 to 255
 * @param device 0 to 31
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
     * Parses {@code 0000:04:00.0}, or {@code 04:00.0} for domain 0.
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
     * Like {@link #parse}, for a text that is known to be an address.
     *
     * @throws IllegalArgumentException for any other text
     */
    public static PciAddress of(String text) {
        return parse(text).orElseThrow(() -> new IllegalArgumentException("not a PCI address: " + text));
    }

    /** Whether both functions are on the same bus. */
    public boolean isSameBus(PciAddress other) {
        return domain == other.domain && bus == other.bus;
    }

    /** Whether the other function is in the same slot: same domain, bus and device number. */
    public boolean isSameSlot(PciAddress other) {
        return domain == other.domain && bus == other.bus && device == other.device;
    }

    /** The address without the domain if that is 0, as {@code lspci} prints it: {@code 04:00.0}. */
    public String toShortString() {
        return domain == 0 ? toString().substring(5) : toString();
    }

    @Override
    public int compareTo(PciAddress other) {
        return Long.compare(routingId(), other.routingId());
    }

    // Written out, although the generated methods would be equivalent: Java generates them at run time, on every start.
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof PciAddress address && routingId() == address.routingId();
    }

    @Override
    public int hashCode() {
        return Long.hashCode(routingId());
    }

    /** Domain, followed by the number of the function on the bus (PCI Express, "Routing ID"). */
    private long routingId() {
        return (long) domain << 16 | bus << 8 | device << 3 | function;
    }

    /** Name of the function in sysfs: {@code 0000:04:00.0}. */
    @Override
    public String toString() {
        // Called very often while a machine is read, and String.format takes ten times as long.
        return (domain > 0xffff ? Integer.toHexString(domain) : HEX.toHexDigits((short) domain)) + ":"
                + HEX.toHexDigits((byte) bus) + ":" + HEX.toHexDigits((byte) device) + "." + function;
    }
}
