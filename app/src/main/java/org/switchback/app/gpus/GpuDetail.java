package org.switchback.app.gpus;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.switchback.app.words.Words;
import org.switchback.hardware.Bar;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Spelling;

/**
 * Something to know about a GPU that nobody needs every day.
 *
 * @param kind  what it is about
 * @param label the same, a word or two
 * @param text  for people
 */
public record GpuDetail(Kind kind, String label, String text) {
    /** What a detail is about. */
    public enum Kind {
        DRIVER,
        LINK,
        SCREENS,
        BAR,
        RESIZABLE,
        RESET,
        POWER
    }

    /** All of a GPU's, those that are known. */
    public static List<GpuDetail> of(Gpu gpu, Words words) {
        PciDevice graphics = gpu.graphics();
        List<GpuDetail> details = new ArrayList<>();
        add(details, words, Kind.DRIVER, driver(graphics, words));
        graphics.link().ifPresent(link -> add(details, words, Kind.LINK, link(link, words)));
        add(
                details,
                words,
                Kind.SCREENS,
                graphics.displays().isEmpty()
                        ? words.text("detail.screens.none")
                        : words.list(graphics.displays()));
        for (Bar bar : graphics.bars()) {
            details.add(new GpuDetail(Kind.BAR, words.bar(bar.index()), range(bar, words)));
        }
        for (Bar bar : graphics.bars()) {
            graphics.largest(bar.index())
                    .ifPresent(largest -> add(details, words, Kind.RESIZABLE, resizable(bar, largest, words)));
        }
        add(
                details,
                words,
                Kind.RESET,
                graphics.resetMethods().isEmpty()
                        ? words.text("detail.reset.none")
                        : words.list(graphics.resetMethods()));
        add(details, words, Kind.POWER, power(graphics.power(), words));
        return details;
    }

    private static void add(List<GpuDetail> details, Words words, Kind kind, String text) {
        details.add(new GpuDetail(
                kind, words.text("detail." + Spelling.of(kind)), text));
    }

    private static String driver(PciDevice graphics, Words words) {
        Optional<String> reserved = graphics.driverOverride();
        return reserved.isEmpty()
                ? words.driver(graphics)
                : words.text("detail.driver.reserved", words.driver(graphics), reserved.get());
    }

    private static String link(PciDevice.LinkState link, Words words) {
        String now = words.text("detail.link.now", link.speed(), Integer.toString(link.width()));
        boolean most = link.speed().equals(link.maxSpeed()) && link.width() == link.maxWidth();
        return most || link.maxSpeed().isEmpty() || link.maxWidth() == 0
                ? now
                : words.text(
                        "detail.link.slower",
                        now,
                        words.text("detail.link.now", link.maxSpeed(), Integer.toString(link.maxWidth())));
    }

    private static String range(Bar bar, Words words) {
        if (bar.space() == Bar.Space.PORTS) {
            return words.text(
                    "detail.bar.ports", Long.toUnsignedString(bar.length()), bar.range().toString());
        }
        return words.text(
                bar.prefetchable() ? "detail.bar.prefetchable" : "detail.bar.memory",
                words.size(bar.length()),
                bar.range().toString());
    }

    private static String resizable(Bar bar, long largest, Words words) {
        return words.text(
                Long.compareUnsigned(largest, bar.length()) > 0
                        ? "readiness.resizable-bar.could-grow"
                        : "readiness.resizable-bar.largest",
                words.bar(bar.index()),
                words.size(bar.length()),
                words.size(largest));
    }

    private static String power(PciDevice.Power power, Words words) {
        String state = power.state().isEmpty() ? words.text("detail.power.unknown") : power.state();
        if (power.runtimeStatus().isEmpty()) {
            return state;
        }
        String status = words.has("detail.power." + power.runtimeStatus())
                ? words.text("detail.power." + power.runtimeStatus())
                : power.runtimeStatus();
        return words.text(
                power.control().equals("auto") ? "detail.power.may-sleep" : "detail.power.kept", status, state);
    }
}
