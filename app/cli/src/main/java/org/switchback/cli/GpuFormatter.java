package org.switchback.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.switchback.client.MachineSource;
import org.switchback.client.activity.SwitchRecord;
import org.switchback.client.gpus.GpuDetail;
import org.switchback.client.gpus.GpuState;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.Bar;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.job.PlanReply;
import org.switchback.job.PlannedRefusal;
import org.switchback.job.StepKind;
import org.switchback.plan.Target;

/** All that is known about a GPU, as a block of lines. */
final class GpuFormatter {
    private static final int LABEL_WIDTH = 13;

    private final Terminal terminal;
    private final Messages messages;
    private final MachineSource source;

    /** @param source where the facts are from */
    GpuFormatter(Terminal terminal, Messages messages, MachineSource source) {
        this.terminal = terminal;
        this.messages = messages;
        this.source = source;
    }

    /**
     * Where a GPU could go.
     *
     * @param plan what that would take
     */
    record TargetPlan(Target target, PlanReply plan) {}

    /** @param unreserved what the kernel could not reserve when it was last to be switched */
    void print(Gpu gpu, Machine machine, List<TargetPlan> ways, Optional<SwitchRecord.UnreservedBar> unreserved) {
        printHeading(gpu);
        GpuState state = GpuState.of(gpu, source, vmRefusals(ways), unreserved);
        printField("", state.describe(gpu, machine, unreserved, messages));
        PciDevice graphics = gpu.graphics();
        printField(
                messages.text("cli.status.device"),
                graphics.iommuGroup().isPresent()
                        ? messages.text(
                                "cli.status.identity",
                                graphics.ids().toString(),
                                graphics.pciClass().toString(),
                                Integer.toString(graphics.iommuGroup().get()))
                        : messages.text(
                                "cli.status.identity.no-group",
                                graphics.ids().toString(),
                                graphics.pciClass().toString()));
        String label = messages.text("cli.status.companions");
        for (PciDevice companion : gpu.companions()) {
            printField(label, formatDevice(companion));
            label = "";
        }
        label = messages.text("cli.status.group");
        for (PciDevice other : machine.iommuNeighboursOf(gpu.functions())) {
            printField(label, formatDevice(other));
            label = "";
        }
        printBars(gpu);
        for (GpuDetail detail : GpuDetail.of(gpu, messages)) {
            // The driver is in the heading, and the BARs are above.
            boolean said = detail.kind() == GpuDetail.DetailKind.DRIVER || detail.kind() == GpuDetail.DetailKind.BAR;
            if (!said) {
                printField(detail.label(), detail.text());
            }
        }
        printUsers(gpu);
        for (TargetPlan way : ways) {
            printTargetPlan(gpu, machine, way);
        }
    }

    /** Against a switch to VM mode. */
    private static List<PlannedRefusal> vmRefusals(List<TargetPlan> ways) {
        return ways.stream()
                .filter(way -> way.target() == Target.VM)
                .flatMap(way -> way.plan().refusals().stream())
                .toList();
    }

    private void printHeading(Gpu gpu) {
        String name = gpu.address().toShortString() + "  " + gpu.graphics().name();
        String mode = messages.formatMode(gpu);
        int room = TextColumns.WIDTH - name.length() - mode.length();
        String gap = room > 1 ? " ".repeat(room) : "\n" + " ".repeat(TextColumns.WIDTH - mode.length());
        terminal.out().println(terminal.bold(name) + gap + mode);
    }

    private String formatDevice(PciDevice device) {
        return messages.text(
                "cli.device", device.address().toShortString(), device.name(), messages.formatDriver(device));
    }

    private void printBars(Gpu gpu) {
        for (Bar bar : gpu.graphics().bars()) {
            if (bar.index() == Bar.ROM_INDEX) {
                continue;
            }
            String size = bar.space() == Bar.AddressSpace.MEMORY
                    ? messages.formatSize(bar.length())
                    : messages.text("cli.status.ports", Long.toUnsignedString(bar.length()));
            printLine(messages.formatBar(bar.index()), TextColumns.padLeft(size, 9) + "  " + bar.range());
            for (Overlap overlap : gpu.overlaps()) {
                if (overlap.bar().equals(bar) && overlap.isFromFirmware()) {
                    String sentence = messages.formatOverlap(overlap) + ". " + messages.formatVerdict(overlap);
                    boolean refused = overlap.resolution() == Overlap.OverlapResolution.CONFLICT;
                    for (String part : TextColumns.wrap(sentence, TextColumns.WIDTH - LABEL_WIDTH - 2)) {
                        printLine("", refused ? terminal.warning(part) : part);
                    }
                }
            }
        }
    }

    private void printUsers(Gpu gpu) {
        Map<Integer, DeviceUser> programs = new LinkedHashMap<>();
        for (DeviceUser holder : gpu.deviceUsers()) {
            if (holder.isBlockingUnbind()) {
                programs.putIfAbsent(holder.pid(), holder);
            }
        }
        if (programs.isEmpty()) {
            printField(messages.text("cli.status.users"), messages.text("cli.status.users.none"));
        }
        String label = messages.text("cli.status.users");
        for (DeviceUser holder : programs.values()) {
            printField(label, messages.formatDeviceUser(holder));
            label = "";
        }
    }

    private void printTargetPlan(Gpu gpu, Machine machine, TargetPlan way) {
        String label = messages.text("cli.status.way." + way.target().wireName());
        if (way.plan().refusals().isEmpty()) {
            printField(label, terminal.success(messages.text("cli.status.ready")) + " " + formatSummary(machine, way));
            printField(
                    "",
                    terminal.faint("switchback switch " + way.target().wireName() + " "
                            + gpu.address().toShortString()));
            return;
        }
        for (String refusal : messages.formatRefusals(way.plan().refusals())) {
            printField(label, refusal);
            label = "";
        }
    }

    /** The steps that matter most to a person, as one sentence. */
    private String formatSummary(Machine machine, TargetPlan way) {
        Optional<String> release = way.plan().steps().stream()
                .filter(step -> step.releaseReason().isPresent() && step.kind() != StepKind.FRAMEBUFFER_EVICTION)
                .findFirst()
                .map(step -> messages.formatStep(step, machine));
        String functions = messages.formatList(
                way.plan().functions().stream().map(PciAddress::toShortString).toList());
        boolean there = way.plan().steps().stream().noneMatch(step -> step.kind() == StepKind.DRIVER);
        return release.map(text -> messages.text(
                        there ? "cli.status.summary.release-only" : "cli.status.summary.release", text, functions))
                .orElseGet(
                        () -> messages.text("cli.status.summary." + way.target().wireName(), functions));
    }

    private void printField(String label, String text) {
        String before = label;
        for (String part : TextColumns.wrap(text, TextColumns.WIDTH - LABEL_WIDTH - 2)) {
            printLine(before, part);
            before = "";
        }
    }

    private void printLine(String label, String text) {
        terminal.out().println("  " + terminal.faint(TextColumns.padRight(label, LABEL_WIDTH)) + text);
    }
}
