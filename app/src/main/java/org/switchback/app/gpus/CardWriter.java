package org.switchback.app.gpus;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.switchback.app.helper.Source;
import org.switchback.app.switching.Direction;
import org.switchback.app.words.Words;
import org.switchback.hardware.ByteSize;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Holder;
import org.switchback.hardware.Machine;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciDevice;

/** Puts what is known about a GPU into words. */
final class CardWriter {
    private final Words words;
    private final Overview overview;
    private final Source source;

    CardWriter(Words words, Overview overview, Source source) {
        this.words = words;
        this.overview = overview;
        this.source = source;
    }

    GpuCard card(Gpu gpu) {
        PciDevice graphics = gpu.graphics();
        Machine machine = overview.machine();
        List<BarStrip> strips = BarStrip.of(gpu);
        List<GpuCard.Choice> choices = new ArrayList<>();
        String reason = offer(gpu, choices);
        return new GpuCard(
                gpu.address(),
                graphics.name(),
                words.text("window.gpu.identity", gpu.address().toString(), graphics.ids().toString(), kind(graphics)),
                status(gpu),
                strips,
                captions(strips),
                concerns(gpu),
                facts(gpu, machine),
                choices,
                reason);
    }

    private String kind(PciDevice graphics) {
        return words.text(
                switch (graphics.kind().baseAndSub()) {
                    case 0x0300 -> "window.gpu.class.vga";
                    case 0x0302 -> "window.gpu.class.3d";
                    default -> "window.gpu.class.display";
                },
                graphics.kind().toString());
    }

    private GpuCard.Status status(Gpu gpu) {
        return switch (gpu.mode()) {
            case HOST ->
                Overview.drawsDesktop(gpu)
                        ? new GpuCard.Status(
                                words.text("window.status.desktop", driver(gpu)), GpuCard.Tone.DESKTOP)
                        : new GpuCard.Status(words.text("window.status.host", driver(gpu)), GpuCard.Tone.HOST);
            case VM -> vmStatus(gpu);
            case MIXED -> new GpuCard.Status(words.text("window.status.mixed"), GpuCard.Tone.MIXED);
            case UNBOUND -> new GpuCard.Status(words.text("window.status.unbound"), GpuCard.Tone.UNBOUND);
        };
    }

    private GpuCard.Status vmStatus(Gpu gpu) {
        Optional<String> user = gpu.holders().stream()
                .filter(holder -> holder.node().startsWith("vfio/"))
                .map(Holder::program)
                .findFirst();
        return new GpuCard.Status(
                user.map(program -> words.text("window.status.vm.used", program))
                        .orElseGet(() -> words.text("window.status.vm", PciDevice.VFIO_PCI)),
                GpuCard.Tone.VM);
    }

    private static String driver(Gpu gpu) {
        return gpu.graphics().driver().orElse("");
    }

    private List<GpuCard.Caption> captions(List<BarStrip> strips) {
        List<GpuCard.Caption> captions = new ArrayList<>();
        for (BarStrip strip : strips) {
            for (BarStrip.Piece piece : strip.pieces()) {
                if (piece instanceof BarStrip.Claimed(Overlap overlap, Optional<Long> length)) {
                    captions.add(new GpuCard.Caption(
                            strip.bar().index(),
                            length.map(bytes -> words.text(
                                            "window.bar.covers",
                                            chain(overlap),
                                            ByteSize.text(bytes, words.locale()),
                                            overlap.region().range().toString()))
                                    .orElseGet(() -> words.text("window.bar.covers.hidden", chain(overlap)))));
                }
            }
        }
        return captions;
    }

    /** The claim and what is claimed inside it: {@code BOOTFB › simpledrm}. */
    private static String chain(Overlap overlap) {
        return overlap.regions().stream().map(region -> region.name()).collect(Collectors.joining(" › "));
    }

    private List<GpuCard.Concern> concerns(Gpu gpu) {
        return gpu.overlaps().stream()
                .filter(Overlap::fromFirmware)
                .map(overlap -> new GpuCard.Concern(
                        words.text(
                                overlap.verdict() == Overlap.Verdict.REFUSED
                                        ? "window.concern.refused"
                                        : "window.concern.evicted",
                                overlap.region().name(),
                                bar(overlap)),
                        overlap.verdict() == Overlap.Verdict.REFUSED))
                .toList();
    }

    private String bar(Overlap overlap) {
        return words.bar(overlap.bar().index());
    }

    private List<GpuCard.Fact> facts(Gpu gpu, Machine machine) {
        List<GpuCard.Fact> facts = new ArrayList<>();
        facts.add(new GpuCard.Fact(
                GpuCard.Fact.Kind.GROUP,
                gpu.graphics()
                        .group()
                        .map(number -> words.text("window.gpu.group", Integer.toString(number)))
                        .orElseGet(() -> words.text("window.gpu.group.none"))));
        gpu.companions()
                .forEach(companion -> facts.add(new GpuCard.Fact(
                        GpuCard.Fact.Kind.COMPANION,
                        words.text("window.gpu.companion", device(companion)))));
        neighbours(gpu, machine)
                .forEach(other -> facts.add(new GpuCard.Fact(
                        GpuCard.Fact.Kind.NEIGHBOUR,
                        words.text("window.gpu.neighbour", device(other)))));
        facts.add(new GpuCard.Fact(GpuCard.Fact.Kind.USERS, users(gpu)));
        return facts;
    }

    /** Functions of other devices that the IOMMU cannot tell from this GPU's. */
    private static Set<PciDevice> neighbours(Gpu gpu, Machine machine) {
        Set<PciDevice> others = new LinkedHashSet<>();
        for (PciDevice function : gpu.functions()) {
            machine.groupOf(function).ifPresent(group -> group.members().stream()
                    .filter(member -> !member.isBridge() && !gpu.functions().contains(member))
                    .forEach(others::add));
        }
        return others;
    }

    private String device(PciDevice device) {
        return device.driver()
                .map(driver -> words.text("window.device", device.address().brief(), device.name(), driver))
                .orElseGet(() -> words.text("window.device.driverless", device.address().brief(), device.name()));
    }

    private String users(Gpu gpu) {
        Map<Integer, Holder> programs = new LinkedHashMap<>();
        gpu.holders().stream().filter(Holder::blocks).forEach(holder -> programs.putIfAbsent(holder.pid(), holder));
        if (programs.isEmpty()) {
            return words.text(
                    source instanceof Source.LookOnly ? "window.gpu.users.unseen" : "window.gpu.users.none");
        }
        return words.text(
                "window.gpu.users",
                programs.values().stream()
                        .map(holder -> holder.owner().isEmpty()
                                ? words.text("window.program", holder.program(), Integer.toString(holder.pid()))
                                : words.text(
                                        "window.program.owned",
                                        holder.program(),
                                        Integer.toString(holder.pid()),
                                        holder.owner()))
                        .collect(Collectors.joining(", ")));
    }

    /** @return why the main choice is disabled or missing; empty when it can be made */
    private String offer(Gpu gpu, List<GpuCard.Choice> choices) {
        if (Overview.drawsDesktop(gpu)) {
            return words.text("window.reason.desktop");
        }
        boolean readOnly = source instanceof Source.LookOnly;
        List<String> refusals = overview.refusals(gpu.address()).stream()
                .map(words::refusal)
                .toList();
        boolean free = !readOnly && refusals.isEmpty();
        switch (gpu.mode()) {
            case HOST, UNBOUND -> choices.add(choice(Direction.TO_VM, "window.choice.vm", free));
            case VM -> {
                if (!gpu.conflicts().isEmpty()) {
                    choices.add(choice(Direction.TO_VM, "window.choice.free", free));
                }
                choices.add(choice(Direction.TO_HOST, "window.choice.host", !readOnly));
            }
            case MIXED -> {
                choices.add(choice(Direction.TO_HOST, "window.choice.putback", !readOnly));
                choices.add(choice(Direction.TO_VM, "window.choice.finish", free));
            }
        }
        if (readOnly) {
            return words.text("window.reason.readonly");
        }
        if (!refusals.isEmpty()) {
            choices.add(choice(Direction.TO_VM, "window.choice.plan", true));
            return String.join("\n", refusals);
        }
        return "";
    }

    private GpuCard.Choice choice(Direction direction, String key, boolean enabled) {
        return new GpuCard.Choice(direction, words.text(key), enabled);
    }
}
