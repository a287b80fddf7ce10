package org.switchback.client.gpus;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.Bar;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.KebabCase;
import org.switchback.hardware.PciDevice;

/**
 * Something to know about a GPU that nobody needs every day.
 *
 * @param kind what it is about
 * @param label the same, a word or two
 * @param text for people
 */
public record GpuDetail(DetailKind kind, String label, String text) {
    /** What a detail is about. */
    public enum DetailKind {
        DRIVER,
        LINK,
        DISPLAYS,
        BAR,
        RESIZABLE,
        RESET,
        POWER
    }

    /** All of a GPU's, those that are known. */
    public static List<GpuDetail> of(Gpu gpu, Messages words) {
        PciDevice graphics = gpu.graphics();
        List<GpuDetail> details = new ArrayList<>();
        add(details, words, DetailKind.DRIVER, formatDriver(graphics, words));
        graphics.link().ifPresent(link -> add(details, words, DetailKind.LINK, formatLink(link, words)));
        add(
                details,
                words,
                DetailKind.DISPLAYS,
                graphics.activeConnectors().isEmpty()
                        ? words.text("detail.displays.none")
                        : words.formatList(graphics.activeConnectors()));
        for (Bar bar : graphics.bars()) {
            details.add(new GpuDetail(DetailKind.BAR, words.formatBar(bar.index()), formatRange(bar, words)));
        }
        for (Bar bar : graphics.bars()) {
            graphics.maxBarSize(bar.index())
                    .ifPresent(largest ->
                            add(details, words, DetailKind.RESIZABLE, formatResizableBar(bar, largest, words)));
        }
        add(
                details,
                words,
                DetailKind.RESET,
                graphics.resetMethods().isEmpty()
                        ? words.text("detail.reset.none")
                        : words.formatList(graphics.resetMethods()));
        add(details, words, DetailKind.POWER, formatPower(graphics.power(), words));
        return details;
    }

    private static void add(List<GpuDetail> details, Messages words, DetailKind kind, String text) {
        details.add(new GpuDetail(kind, words.text("detail." + KebabCase.of(kind)), text));
    }

    private static String formatDriver(PciDevice graphics, Messages words) {
        Optional<String> reserved = graphics.driverOverride();
        return reserved.isEmpty()
                ? words.formatDriver(graphics)
                : words.text("detail.driver.reserved", words.formatDriver(graphics), reserved.get());
    }

    private static String formatLink(PciDevice.LinkState link, Messages words) {
        String now = words.text("detail.link.now", link.speed(), Integer.toString(link.width()));
        boolean most = link.speed().equals(link.maxSpeed()) && link.width() == link.maxWidth();
        return most || link.maxSpeed().isEmpty() || link.maxWidth() == 0
                ? now
                : words.text(
                        "detail.link.slower",
                        now,
                        words.text("detail.link.now", link.maxSpeed(), Integer.toString(link.maxWidth())));
    }

    private static String formatRange(Bar bar, Messages words) {
        if (bar.space() == Bar.AddressSpace.IO_PORTS) {
            return words.text(
                    "detail.bar.ports",
                    Long.toUnsignedString(bar.length()),
                    bar.range().toString());
        }
        return words.text(
                bar.prefetchable() ? "detail.bar.prefetchable" : "detail.bar.memory",
                words.formatSize(bar.length()),
                bar.range().toString());
    }

    private static String formatResizableBar(Bar bar, long largest, Messages words) {
        return words.text(
                Long.compareUnsigned(largest, bar.length()) > 0
                        ? "readiness.resizable-bar.could-grow"
                        : "readiness.resizable-bar.largest",
                words.formatBar(bar.index()),
                words.formatSize(bar.length()),
                words.formatSize(largest));
    }

    private static String formatPower(PciDevice.PowerManagement power, Messages words) {
        String state = power.powerState().isEmpty() ? words.text("detail.power.unknown") : power.powerState();
        if (power.runtimeStatus().isEmpty()) {
            return state;
        }
        String status = words.containsKey("detail.power." + power.runtimeStatus())
                ? words.text("detail.power." + power.runtimeStatus())
                : power.runtimeStatus();
        return words.text(
                power.control().equals("auto") ? "detail.power.may-sleep" : "detail.power.kept", status, state);
    }
}
