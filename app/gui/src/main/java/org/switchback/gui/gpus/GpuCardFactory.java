package org.switchback.gui.gpus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.switchback.client.MachineSource;
import org.switchback.client.activity.SwitchRecord;
import org.switchback.client.gpus.GpuDetail;
import org.switchback.client.gpus.GpuState;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.plan.Target;

/** Creates the cards of the GPUs of a machine. */
final class GpuCardFactory {
    private final Messages messages;
    private final MachineOverview overview;
    private final MachineSource source;
    private final Map<PciAddress, String> externalChanges;

    /** @param externalChanges how GPUs were changed without Switchback, sentences */
    GpuCardFactory(
            Messages messages,
            MachineOverview overview,
            MachineSource source,
            Map<PciAddress, String> externalChanges) {
        this.messages = messages;
        this.overview = overview;
        this.source = source;
        this.externalChanges = externalChanges;
    }

    GpuCard create(Gpu gpu) {
        PciDevice graphics = gpu.graphics();
        Machine machine = overview.machine();
        List<BarSegments> strips = BarSegments.of(gpu);
        List<GpuCard.CardAction> actions = new ArrayList<>();
        String disabledReason = addActions(gpu, actions);
        return new GpuCard(
                gpu.address(),
                graphics.name(),
                messages.text("window.gpu.identity", gpu.address(), graphics.ids(), describeClass(graphics)),
                statusLabel(gpu),
                describeState(gpu),
                externalChanges.getOrDefault(gpu.address(), ""),
                strips,
                overlapRows(strips),
                summaryLines(gpu, machine),
                GpuDetail.of(gpu, messages),
                actions,
                disabledReason);
    }

    private String describeState(Gpu gpu) {
        Optional<SwitchRecord.UnreservedBar> unreserved =
                Optional.ofNullable(overview.unreservedBars().get(gpu.address()));
        return GpuState.of(gpu, source, overview.refusals(gpu.address()), unreserved)
                .describe(gpu, overview.machine(), unreserved, messages);
    }

    private String describeClass(PciDevice graphics) {
        return messages.text(
                switch (graphics.pciClass().baseAndSubclass()) {
                    case 0x0300 -> "window.gpu.class.vga";
                    case 0x0302 -> "window.gpu.class.3d";
                    default -> "window.gpu.class.display";
                },
                graphics.pciClass());
    }

    private GpuCard.StatusLabel statusLabel(Gpu gpu) {
        if (gpu.isDesktopGpu()) {
            return new GpuCard.StatusLabel(
                    messages.text("mode.desktop", messages.formatDriver(gpu.graphics())), GpuCard.StatusStyle.DESKTOP);
        }
        return new GpuCard.StatusLabel(
                messages.formatMode(gpu),
                switch (gpu.mode()) {
                    case HOST -> GpuCard.StatusStyle.HOST;
                    case VM -> GpuCard.StatusStyle.VM;
                    case PARTIALLY_SWITCHED -> GpuCard.StatusStyle.PARTIALLY_SWITCHED;
                    case UNBOUND -> GpuCard.StatusStyle.UNBOUND;
                });
    }

    private List<GpuCard.OverlapRow> overlapRows(List<BarSegments> strips) {
        return strips.stream()
                .flatMap(strip -> strip.segments().stream())
                .flatMap(segment -> segment instanceof BarSegments.OverlapSegment(Overlap overlap, Optional<Long> _)
                        ? Stream.of(overlap)
                        : Stream.empty())
                .map(overlap -> new GpuCard.OverlapRow(
                        overlap.bar().index(),
                        messages.formatOverlap(overlap),
                        messages.formatVerdict(overlap),
                        overlap.resolution() == Overlap.OverlapResolution.CONFLICT))
                .toList();
    }

    private List<GpuCard.SummaryLine> summaryLines(Gpu gpu, Machine machine) {
        List<GpuCard.SummaryLine> lines = new ArrayList<>();
        lines.add(new GpuCard.SummaryLine(
                GpuCard.SummaryLine.SummaryKind.GROUP,
                gpu.graphics()
                        .iommuGroup()
                        .map(number -> messages.text("window.gpu.group", number))
                        .orElseGet(() -> messages.text("window.gpu.group.none"))));
        gpu.companions()
                .forEach(companion -> lines.add(new GpuCard.SummaryLine(
                        GpuCard.SummaryLine.SummaryKind.COMPANION,
                        messages.text("window.gpu.companion", formatDevice(companion)))));
        machine.iommuNeighboursOf(gpu.functions())
                .forEach(other -> lines.add(new GpuCard.SummaryLine(
                        GpuCard.SummaryLine.SummaryKind.NEIGHBOUR,
                        messages.text("window.gpu.neighbour", formatDevice(other)))));
        lines.add(new GpuCard.SummaryLine(GpuCard.SummaryLine.SummaryKind.USERS, formatUsers(gpu)));
        return lines;
    }

    private String formatDevice(PciDevice device) {
        return messages.text(
                "window.gpu.device", device.address().toShortString(), device.name(), messages.formatDriver(device));
    }

    private String formatUsers(Gpu gpu) {
        if (gpu.blockingProcesses().isEmpty()) {
            return messages.text(
                    source instanceof MachineSource.ReadOnlyMachine
                            ? "window.gpu.users.unseen"
                            : "window.gpu.users.none");
        }
        return messages.text(
                "window.gpu.users",
                messages.formatList(gpu.blockingProcesses().stream()
                        .map(this::formatProgram)
                        .toList()));
    }

    private String formatProgram(DeviceUser user) {
        return messages.text(
                user.isMount()
                        ? "window.gpu.program.mount"
                        : user.owner().isEmpty() ? "window.gpu.program.no-owner" : "window.gpu.program",
                user.program(),
                user.pid(),
                user.owner());
    }

    /** @return why the primary action is disabled or missing; empty if it is enabled */
    private String addActions(Gpu gpu, List<GpuCard.CardAction> actions) {
        if (gpu.isDesktopGpu()) {
            return messages.text("window.reason.desktop");
        }
        boolean readOnly = source instanceof MachineSource.ReadOnlyMachine;
        List<String> refusals = overview.refusals(gpu.address()).stream()
                .map(messages::formatRefusal)
                .toList();
        boolean vmEnabled = !readOnly && refusals.isEmpty();
        switch (gpu.mode()) {
            case HOST, UNBOUND -> actions.add(newAction(Target.VM, "window.choice.vm", vmEnabled));
            case VM -> {
                if (!gpu.conflicts().isEmpty()) {
                    actions.add(newAction(Target.VM, "window.choice.free", vmEnabled));
                }
                actions.add(newAction(Target.HOST, "window.choice.host", !readOnly));
            }
            case PARTIALLY_SWITCHED -> {
                actions.add(newAction(Target.HOST, "window.choice.rollback", !readOnly));
                actions.add(newAction(Target.VM, "window.choice.finish", vmEnabled));
            }
        }
        if (readOnly) {
            return messages.text("window.reason.look-only");
        }
        if (!refusals.isEmpty()) {
            actions.add(newAction(Target.VM, "window.choice.plan", true));
            return String.join("\n", refusals);
        }
        return "";
    }

    private GpuCard.CardAction newAction(Target target, String key, boolean enabled) {
        return new GpuCard.CardAction(target, messages.text(key), enabled);
    }
}
