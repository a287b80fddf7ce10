package org.switchback.hardware;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Names of vendors, devices and classes out of {@code pci.ids}.
 *
 * @param vendors name by four lower-case hexadecimal digits
 * @param devices name by {@code vendor:device}
 * @param classes name by the four digits of base class and subclass
 */
public record PciIds(Map<String, String> vendors, Map<String, String> devices, Map<String, String> classes) {
    public static final PciIds EMPTY = new PciIds(Map.of(), Map.of(), Map.of());

    public PciIds {
        vendors = Map.copyOf(vendors);
        devices = Map.copyOf(devices);
        classes = Map.copyOf(classes);
    }

    /** Reads a whole {@code pci.ids} or a {@link PciIdsExcerpt} of one. */
    public static PciIds parse(String text) {
        Map<String, String> vendors = new HashMap<>();
        Map<String, String> devices = new HashMap<>();
        Map<String, String> classes = new HashMap<>();
        String vendor = "";
        String base = "";
        for (String line : text.split("\n")) {
            if (line.startsWith("C ") && line.length() > 6) {
                base = line.substring(2, 4);
                vendor = "";
            } else if (line.startsWith("\t\t") || line.startsWith("#") || line.length() < 5) {
                continue;
            } else if (line.charAt(0) == '\t') {
                if (!vendor.isEmpty() && line.length() > 7) {
                    devices.put(vendor + ":" + line.substring(1, 5), line.substring(7).strip());
                } else if (!base.isEmpty()) {
                    classes.put(base + line.substring(1, 3), line.substring(5).strip());
                }
            } else if (line.length() > 6) {
                vendor = line.substring(0, 4);
                base = "";
                vendors.put(vendor, line.substring(6).strip());
            }
        }
        return new PciIds(vendors, devices, classes);
    }

    /** Name of a device, the marketing name in brackets alone when there is one: {@code GeForce GTX 1080}. */
    public Optional<String> deviceName(int vendor, int device) {
        return Optional.ofNullable(devices.get(String.format("%04x:%04x", vendor, device)))
                .map(PciIds::bracketedName);
    }

    /** Short name of a vendor: {@code NVIDIA}, {@code AMD/ATI}, {@code Intel}. */
    public Optional<String> vendorName(int vendor) {
        return Optional.ofNullable(vendors.get(String.format("%04x", vendor))).map(PciIds::shortVendorName);
    }

    private static String bracketedName(String name) {
        int open = name.indexOf('[');
        int close = name.lastIndexOf(']');
        return open >= 0 && close > open + 1 ? name.substring(open + 1, close) : name;
    }

    private static String shortVendorName(String name) {
        String inner = bracketedName(name);
        if (!inner.equals(name)) {
            return inner;
        }
        for (String tail : List.of(" Corporation", ", Inc.", " Inc.", " Co., Ltd.", " Ltd.")) {
            if (name.endsWith(tail)) {
                return name.substring(0, name.length() - tail.length());
            }
        }
        return name;
    }
}
