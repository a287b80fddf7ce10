package org.switchback.cli;

import java.util.List;
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
import org.switchback.hardware.PossibleUser;
import org.switchback.job.PlanReply;
import org.switchback.job.RefusalSummary;
import org.switchback.job.StepKind;
import org.switchback.plan.Target;

/** Prints all facts about a GPU as a block of lines. */
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
     * A possible target of a GPU.
     *
     * @param target the mode
     * @param plan the plan for switching to this mode
     */
    record TargetPlan(Target target, PlanReply plan) {}

    /**
     * Prints a GPU.
     *
     * @param targetPlans the possible targets
     * @param unreserved the BAR that the kernel could not reserve in the last switch
     */
    void print(
            Gpu gpu, Machine machine, List<TargetPlan> targetPlans, Optional<SwitchRecord.UnreservedBar> unreserved) {
        printHeading(gpu);
        GpuState state = GpuState.of(gpu, source, vmRefusals(targetPlans), unreserved);
        printField("", state.describe(gpu, machine, unreserved, messages));
        PciDevice graphics = gpu.graphics();
        printField(
                messages.text("cli.status.device"),
                graphics.iommuGroup()
                        .map(group -> messages.text("cli.status.identity", graphics.ids(), graphics.pciClass(), group))
                        .orElseGet(() ->
                                messages.text("cli.status.identity.no-group", graphics.ids(), graphics.pciClass())));
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
            // The heading shows the driver, and the BARs are printed above.
            boolean alreadyPrinted =
                    detail.kind() == GpuDetail.DetailKind.DRIVER || detail.kind() == GpuDetail.DetailKind.BAR;
            if (!alreadyPrinted) {
                printField(detail.label(), detail.text());
            }
        }
        printUsers(gpu);
        for (TargetPlan targetPlan : targetPlans) {
            printTargetPlan(gpu, machine, targetPlan);
        }
    }

    /** The refusals for a switch to VM mode. */
    private static List<RefusalSummary> vmRefusals(List<TargetPlan> targetPlans) {
        return targetPlans.stream()
                .filter(targetPlan -> targetPlan.target() == Target.VM)
                .flatMap(targetPlan -> targetPlan.plan().refusals().stream())
                .toList();
    }

    private void printHeading(Gpu gpu) {
        String name = gpu.address().toShortString() + "  " + gpu.graphics().name();
        String mode = messages.formatMode(gpu);
        int gapWidth = TextColumns.WIDTH - name.length() - mode.length();
        String gap = gapWidth > 1 ? " ".repeat(gapWidth) : "\n" + " ".repeat(TextColumns.WIDTH - mode.length());
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
                    for (String line : TextColumns.wrap(sentence, TextColumns.WIDTH - LABEL_WIDTH - 2)) {
                        printLine("", refused ? terminal.warning(line) : line);
                    }
                }
            }
        }
    }

    private void printUsers(Gpu gpu) {
        String label = messages.text("cli.status.users");
        if (gpu.blockingProcesses().isEmpty()) {
            printField(label, messages.text("cli.status.users.none"));
        }
        for (DeviceUser user : gpu.blockingProcesses()) {
            printField(label, messages.formatDeviceUser(user));
            label = "";
        }
    }

    private void printTargetPlan(Gpu gpu, Machine machine, TargetPlan targetPlan) {
        String label = messages.text("cli.status.way." + targetPlan.target().wireName());
        if (targetPlan.plan().refusals().isEmpty()) {
            List<String> warnings = targetPlan.target() == Target.VM ? messages.formatUseWarnings(gpu) : List.of();
            printField(
                    label,
                    (warnings.isEmpty() || isUsedElsewhere(gpu)
                                    ? terminal.success(messages.text("cli.status.ready"))
                                    : terminal.warning(messages.text("cli.status.ready.warned")))
                            + " " + formatSummary(machine, targetPlan));
            warnings.forEach(warning -> printField("", warning));
            printField(
                    "",
                    terminal.faint("switchback switch " + targetPlan.target().wireName() + " "
                            + gpu.address().toShortString()));
            return;
        }
        for (String refusal : messages.formatRefusals(targetPlan.plan().refusals())) {
            printField(label, refusal);
            label = "";
        }
    }

    /** Whether all that could be a use of the GPU is explained by the use of another one. */
    private static boolean isUsedElsewhere(Gpu gpu) {
        return gpu.possibleUsers().stream().allMatch(PossibleUser::usesAnotherGpu)
                && gpu.deviceUsers().stream().noneMatch(DeviceUser::isUsbPeripheral)
                && gpu.kernelReferences().isEmpty();
    }

    /** The most important steps of a plan as one sentence. */
    private String formatSummary(Machine machine, TargetPlan targetPlan) {
        Optional<String> release = targetPlan.plan().steps().stream()
                .filter(step -> step.releaseReason().isPresent() && step.kind() != StepKind.FRAMEBUFFER_EVICTION)
                .findFirst()
                .map(step -> messages.formatStep(step, machine));
        String functions = messages.formatList(targetPlan.plan().functions().stream()
                .map(PciAddress::toShortString)
                .toList());
        boolean noDriverChange = targetPlan.plan().steps().stream().noneMatch(step -> step.kind() == StepKind.DRIVER);
        return release.map(text -> messages.text(
                        noDriverChange ? "cli.status.summary.release-only" : "cli.status.summary.release",
                        text,
                        functions))
                .orElseGet(() -> messages.text(
                        "cli.status.summary." + targetPlan.target().wireName(), functions));
    }

    private void printField(String label, String text) {
        String lineLabel = label;
        for (String line : TextColumns.wrap(text, TextColumns.WIDTH - LABEL_WIDTH - 2)) {
            printLine(lineLabel, line);
            lineLabel = "";
        }
    }

    private void printLine(String label, String text) {
        terminal.out().println("  " + terminal.faint(TextColumns.padRight(label, LABEL_WIDTH)) + text);
    }
}
