package org.switchback.client.gpus;

import java.util.ArrayList;
import java.util.List;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.Bar;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.KebabCase;
import org.switchback.hardware.PciDevice;

/**
 * A technical detail of a GPU.
 *
 * @param kind the kind of detail
 * @param label name of the kind for people, a word or two
 * @param text value for people
 */
public record GpuDetail(DetailKind kind, String label, String text) {
    /** The kinds of details. */
    public enum DetailKind {
        DRIVER,
        LINK,
        DISPLAYS,
        BAR,
        RESIZABLE,
        RESET,
        POWER
    }

    /** All known details of a GPU. */
    public static List<GpuDetail> of(Gpu gpu, Messages messages) {
        PciDevice graphics = gpu.graphics();
        List<GpuDetail> details = new ArrayList<>();
        add(details, messages, DetailKind.DRIVER, formatDriver(graphics, messages));
        graphics.link().ifPresent(link -> add(details, messages, DetailKind.LINK, formatLink(link, messages)));
        add(
                details,
                messages,
                DetailKind.DISPLAYS,
                graphics.activeConnectors().isEmpty()
                        ? messages.text("detail.displays.none")
                        : messages.formatList(graphics.activeConnectors()));
        for (Bar bar : graphics.bars()) {
            details.add(new GpuDetail(DetailKind.BAR, messages.formatBar(bar.index()), formatRange(bar, messages)));
        }
        for (Bar bar : graphics.bars()) {
            graphics.maxBarSize(bar.index())
                    .ifPresent(largest ->
                            add(details, messages, DetailKind.RESIZABLE, formatResizableBar(bar, largest, messages)));
        }
        add(
                details,
                messages,
                DetailKind.RESET,
                graphics.resetMethods().isEmpty()
                        ? messages.text("detail.reset.none")
                        : messages.formatList(graphics.resetMethods()));
        add(details, messages, DetailKind.POWER, formatPower(graphics.power(), messages));
        return details;
    }

    private static void add(List<GpuDetail> details, Messages messages, DetailKind kind, String text) {
        details.add(new GpuDetail(kind, messages.text("detail." + KebabCase.of(kind)), text));
    }

    private static String formatDriver(PciDevice graphics, Messages messages) {
        String driver = messages.formatDriver(graphics);
        return graphics.driverOverride()
                .map(driverOverride -> messages.text("detail.driver.reserved", driver, driverOverride))
                .orElse(driver);
    }

    private static String formatLink(PciDevice.LinkState link, Messages messages) {
        String now = messages.text("detail.link.now", link.speed(), link.width());
        boolean isMaximum = link.speed().equals(link.maxSpeed()) && link.width() == link.maxWidth();
        return isMaximum || link.maxSpeed().isEmpty() || link.maxWidth() == 0
                ? now
                : messages.text(
                        "detail.link.slower", now, messages.text("detail.link.now", link.maxSpeed(), link.maxWidth()));
    }

    private static String formatRange(Bar bar, Messages messages) {
        if (bar.space() == Bar.AddressSpace.IO_PORTS) {
            return messages.text("detail.bar.ports", Long.toUnsignedString(bar.length()), bar.range());
        }
        return messages.text(
                bar.prefetchable() ? "detail.bar.prefetchable" : "detail.bar.memory",
                messages.formatSize(bar.length()),
                bar.range());
    }

    private static String formatResizableBar(Bar bar, long largest, Messages messages) {
        return messages.text(
                Long.compareUnsigned(largest, bar.length()) > 0
                        ? "readiness.resizable-bar.could-grow"
                        : "readiness.resizable-bar.largest",
                messages.formatBar(bar.index()),
                messages.formatSize(bar.length()),
                messages.formatSize(largest));
    }

    private static String formatPower(PciDevice.PowerManagement power, Messages messages) {
        String state = power.powerState().isEmpty() ? messages.text("detail.power.unknown") : power.powerState();
        if (power.runtimeStatus().isEmpty()) {
            return state;
        }
        String key = "detail.power." + power.runtimeStatus();
        String status = messages.containsKey(key) ? messages.text(key) : power.runtimeStatus();
        return messages.text(
                power.control().equals("auto") ? "detail.power.may-sleep" : "detail.power.kept", status, state);
    }
}
