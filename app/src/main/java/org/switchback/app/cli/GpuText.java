package org.switchback.app.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.switchback.app.activity.Attempt;
import org.switchback.app.gpus.GpuDetail;
import org.switchback.app.gpus.GpuState;
import org.switchback.app.helper.Source;
import org.switchback.app.words.Words;
import org.switchback.hardware.Bar;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Holder;
import org.switchback.hardware.Machine;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.protocol.PlanReply;
import org.switchback.protocol.PlannedRefusal;

/** All that is known about a GPU, as a block of lines. */
final class GpuText {
    private static final int LABEL = 13;

    private final Terminal terminal;
    private final Words words;
    private final Source source;

    /** @param source where the facts are from */
    GpuText(Terminal terminal, Words words, Source source) {
        this.terminal = terminal;
        this.words = words;
        this.source = source;
    }

    /**
     * Where a GPU could go.
     *
     * @param target {@code vm} or {@code host}
     * @param plan   what that would take
     */
    record Way(String target, PlanReply plan) {}

    /** @param unreserved what the kernel could not reserve when it was last to be switched */
    void print(Gpu gpu, Machine machine, List<Way> ways, Optional<Attempt.Unreserved> unreserved) {
        heading(gpu);
        GpuState state = GpuState.of(gpu, source, refusals(ways), unreserved);
        field("", state.sentence(gpu, machine, unreserved, words));
        PciDevice graphics = gpu.graphics();
        field(
                words.text("cli.status.device"),
                graphics.group().isPresent()
                        ? words.text(
                                "cli.status.identity",
                                graphics.ids().toString(),
                                graphics.kind().toString(),
                                Integer.toString(graphics.group().get()))
                        : words.text(
                                "cli.status.identity.no-group",
                                graphics.ids().toString(),
                                graphics.kind().toString()));
        String label = words.text("cli.status.companions");
        for (PciDevice companion : gpu.companions()) {
            field(label, device(companion));
            label = "";
        }
        label = words.text("cli.status.group");
        for (PciDevice other : othersInGroup(gpu, machine)) {
            field(label, device(other));
            label = "";
        }
        bars(gpu);
        for (GpuDetail detail : GpuDetail.of(gpu, words)) {
            // The driver is in the heading, and the BARs are above.
            boolean said = detail.kind() == GpuDetail.Kind.DRIVER || detail.kind() == GpuDetail.Kind.BAR;
            if (!said) {
                field(detail.label(), detail.text());
            }
        }
        users(gpu);
        for (Way way : ways) {
            way(gpu, machine, way);
        }
    }

    /** Against a switch to VM mode. */
    private static List<PlannedRefusal> refusals(List<Way> ways) {
        return ways.stream()
                .filter(way -> way.target().equals("vm"))
                .flatMap(way -> way.plan().refusals.stream())
                .toList();
    }

    private void heading(Gpu gpu) {
        String name = gpu.address().brief() + "  " + gpu.graphics().name();
        String mode = words.mode(gpu);
        int room = Columns.WIDTH - name.length() - mode.length();
        String gap = room > 1 ? " ".repeat(room) : "\n" + " ".repeat(Columns.WIDTH - mode.length());
        terminal.out().println(terminal.bold(name) + gap + mode);
    }

    private String device(PciDevice device) {
        return words.text("cli.device", device.address().brief(), device.name(), words.driver(device));
    }

    private static List<PciDevice> othersInGroup(Gpu gpu, Machine machine) {
        return machine.groupOf(gpu.graphics()).stream()
                .flatMap(group -> group.members().stream())
                .filter(member -> !member.isBridge() && !gpu.functions().contains(member))
                .toList();
    }

    private void bars(Gpu gpu) {
        for (Bar bar : gpu.graphics().bars()) {
            if (bar.index() == Bar.ROM) {
                continue;
            }
            String size = bar.space() == Bar.Space.MEMORY
                    ? words.size(bar.length())
                    : words.text("cli.status.ports", Long.toUnsignedString(bar.length()));
            line(words.bar(bar.index()), Columns.right(size, 9) + "  " + bar.range());
            for (Overlap overlap : gpu.overlaps()) {
                if (overlap.bar().equals(bar) && overlap.fromFirmware()) {
                    String sentence = words.overlap(overlap) + ". " + words.verdict(overlap);
                    boolean refused = overlap.verdict() == Overlap.Verdict.REFUSED;
                    for (String part : Columns.wrap(sentence, Columns.WIDTH - LABEL - 2)) {
                        line("", refused ? terminal.warning(part) : part);
                    }
                }
            }
        }
    }

    private void users(Gpu gpu) {
        Map<Integer, Holder> programs = new LinkedHashMap<>();
        for (Holder holder : gpu.holders()) {
            if (holder.blocks()) {
                programs.putIfAbsent(holder.pid(), holder);
            }
        }
        if (programs.isEmpty()) {
            field(words.text("cli.status.users"), words.text("cli.status.users.none"));
        }
        String label = words.text("cli.status.users");
        for (Holder holder : programs.values()) {
            field(label, words.holder(holder));
            label = "";
        }
    }

    private void way(Gpu gpu, Machine machine, Way way) {
        String label = words.text("cli.status.way." + way.target());
        if (way.plan().refusals.isEmpty()) {
            field(label, terminal.good(words.text("cli.status.ready")) + " " + summary(machine, way));
            field(
                    "",
                    terminal.faint("switchback switch " + way.target() + " "
                            + gpu.address().brief()));
            return;
        }
        for (String refusal : words.refusals(way.plan().refusals)) {
            field(label, refusal);
            label = "";
        }
    }

    /** The steps that matter most to a person, as one sentence. */
    private String summary(Machine machine, Way way) {
        Optional<String> release = way.plan().steps.stream()
                .filter(step -> !step.why.isEmpty() && !step.kind.equals("eviction"))
                .findFirst()
                .map(step -> words.step(step, machine));
        String functions = words.list(way.plan().functions.stream()
                .map(function -> PciAddress.parse(function)
                        .map(PciAddress::brief)
                        .orElse(function))
                .toList());
        boolean there = way.plan().steps.stream().noneMatch(step -> step.kind.equals("driver"));
        return release.map(text -> words.text(
                        there ? "cli.status.summary.release-only" : "cli.status.summary.release", text, functions))
                .orElseGet(() -> words.text("cli.status.summary." + way.target(), functions));
    }

    private void field(String label, String text) {
        String before = label;
        for (String part : Columns.wrap(text, Columns.WIDTH - LABEL - 2)) {
            line(before, part);
            before = "";
        }
    }

    private void line(String label, String text) {
        terminal.out().println("  " + terminal.faint(Columns.left(label, LABEL)) + text);
    }
}
