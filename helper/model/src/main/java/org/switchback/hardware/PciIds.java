package org.switchback.hardware;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Names of vendors, devices and classes from {@code pci.ids}.
 *
 * @param vendors vendor names by four lower-case hexadecimal digits
 * @param devices device names by {@code vendor:device}
 * @param classes class names by the four digits of baseClass class and subclass
 */
public record PciIds(Map<String, String> vendors, Map<String, String> devices, Map<String, String> classes) {
    public static final PciIds EMPTY = new PciIds(Map.of(), Map.of(), Map.of());

    public PciIds {
        vendors = Map.copyOf(vendors);
        devices = Map.copyOf(devices);
        classes = Map.copyOf(classes);
    }

    /** Parses a complete {@code pci.ids} or a {@link PciIdsExcerpt} of one; skips other lines. */
    public static PciIds parse(String text) {
        Map<String, String> vendors = new HashMap<>();
        Map<String, String> devices = new HashMap<>();
        Map<String, String> classes = new HashMap<>();
        String vendor = "";
        String baseClass = "";
        for (String line : text.split("\n")) {
            if (line.startsWith("C ") && line.length() > 6) {
                baseClass = line.substring(2, 4);
                vendor = "";
            } else if (line.startsWith("\t\t") || line.startsWith("#") || line.length() < 5) {
                continue;
            } else if (line.charAt(0) == '\t') {
                if (!vendor.isEmpty() && line.length() > 7) {
                    devices.put(
                            vendor + ":" + line.substring(1, 5),
                            line.substring(7).strip());
                } else if (!baseClass.isEmpty()) {
                    classes.put(
                            baseClass + line.substring(1, 3), line.substring(5).strip());
                }
            } else if (line.length() > 6) {
                vendor = line.substring(0, 4);
                baseClass = "";
                vendors.put(vendor, line.substring(6).strip());
            }
        }
        return new PciIds(vendors, devices, classes);
    }

    /**
     * Returns the name of a device, reduced to the marketing name in brackets if there is one: {@code GeForce GTX
     * 1080}.
     */
    public Optional<String> deviceName(int vendor, int device) {
        return Optional.ofNullable(devices.get(String.format("%04x:%04x", vendor, device)))
                .map(PciIds::bracketedName);
    }

    /** Returns the short name of a vendor: {@code NVIDIA}, {@code AMD/ATI}, {@code Intel}. */
    public Optional<String> vendorName(int vendor) {
        return Optional.ofNullable(vendors.get(String.format("%04x", vendor))).map(PciIds::shortVendorName);
    }

    private static String bracketedName(String name) {
        int open = name.indexOf('[');
        int close = name.lastIndexOf(']');
        return open >= 0 && close > open + 1 ? name.substring(open + 1, close) : name;
    }

    private static String shortVendorName(String name) {
        String bracketed = bracketedName(name);
        if (!bracketed.equals(name)) {
            return bracketed;
        }
        for (String suffix : List.of(" Corporation", ", Inc.", " Inc.", " Co., Ltd.", " Ltd.")) {
            if (name.endsWith(suffix)) {
                return name.substring(0, name.length() - suffix.length());
            }
        }
        return name;
    }
}
