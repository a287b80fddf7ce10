package org.switchback.app.gpus;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.switchback.app.activity.Attempt;
import org.switchback.app.helper.Source;
import org.switchback.app.switching.Direction;
import org.switchback.app.words.Words;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Holder;
import org.switchback.hardware.Machine;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;

/** Puts what is known about a GPU into words. */
final class CardWriter {
    private final Words words;
    private final Overview overview;
    private final Source source;
    private final Map<PciAddress, String> changes;

    /** @param changes what has happened to a GPU without Switchback, sentences */
    CardWriter(Words words, Overview overview, Source source, Map<PciAddress, String> changes) {
        this.words = words;
        this.overview = overview;
        this.source = source;
        this.changes = changes;
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
                sentence(gpu),
                changes.getOrDefault(gpu.address(), ""),
                strips,
                claims(strips),
                facts(gpu, machine),
                GpuDetail.of(gpu, words),
                choices,
                reason);
    }

    private String sentence(Gpu gpu) {
        Optional<Attempt.Unreserved> unreserved =
                Optional.ofNullable(overview.unreserved().get(gpu.address()));
        return GpuState.of(gpu, source, overview.refusals(gpu.address()), unreserved)
                .sentence(gpu, overview.machine(), unreserved, words);
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
                                words.text("mode.desktop", words.driver(gpu.graphics())), GpuCard.Tone.DESKTOP)
                        : new GpuCard.Status(words.mode(gpu), GpuCard.Tone.HOST);
            case VM -> new GpuCard.Status(words.mode(gpu), GpuCard.Tone.VM);
            case MIXED -> new GpuCard.Status(words.mode(gpu), GpuCard.Tone.MIXED);
            case UNBOUND -> new GpuCard.Status(words.mode(gpu), GpuCard.Tone.UNBOUND);
        };
    }

    private List<GpuCard.Claim> claims(List<BarStrip> strips) {
        return strips.stream()
                .flatMap(strip -> strip.pieces().stream())
                .flatMap(piece ->
                        piece instanceof BarStrip.Claimed(Overlap overlap, Optional<Long> length)
                                ? Stream.of(overlap)
                                : Stream.empty())
                .map(overlap -> new GpuCard.Claim(
                        overlap.bar().index(),
                        words.overlap(overlap),
                        words.verdict(overlap),
                        overlap.verdict() == Overlap.Verdict.REFUSED))
                .toList();
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
    static Set<PciDevice> neighbours(Gpu gpu, Machine machine) {
        Set<PciDevice> others = new LinkedHashSet<>();
        for (PciDevice function : gpu.functions()) {
            machine.groupOf(function).ifPresent(group -> group.members().stream()
                    .filter(member -> !member.isBridge() && gpu.functions().stream()
                            .noneMatch(own -> own.address().equals(member.address())))
                    .forEach(others::add));
        }
        return others;
    }

    private String device(PciDevice device) {
        return words.text("window.gpu.device", device.address().brief(), device.name(), words.driver(device));
    }

    private String users(Gpu gpu) {
        Map<Integer, Holder> programs = new LinkedHashMap<>();
        gpu.holders().stream().filter(Holder::blocks).forEach(holder -> programs.putIfAbsent(holder.pid(), holder));
        if (programs.isEmpty()) {
            return words.text(
                    source instanceof Source.LookOnly ? "window.gpu.users.unseen" : "window.gpu.users.none");
        }
        return words.text(
                "window.gpu.users", words.list(programs.values().stream().map(this::program).toList()));
    }

    private String program(Holder holder) {
        return words.text(
                holder.owner().isEmpty() ? "window.gpu.program.no-owner" : "window.gpu.program",
                holder.program(),
                Integer.toString(holder.pid()),
                holder.owner());
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
            return words.text("window.reason.look-only");
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
