package org.switchback.gui.switching;

import org.switchback.plan.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.PciDevice;
import org.switchback.protocol.JobEvent;

/** Says what a switch came to. The helper's last word gives the reason; what is true is read from the kernel again. */
final class ResultEvaluator {
    /** Ends after which something may be left over that the drivers do not show. */
    private static final Set<String> INCONCLUSIVE_ENDS = Set.of("mixed", "stuck", "kernel-died");

    private final Messages messages;
    private final Target target;
    private final Gpu gpuBefore;

    ResultEvaluator(Messages messages, Target target, Gpu gpuBefore) {
        this.messages = messages;
        this.target = target;
        this.gpuBefore = gpuBefore;
    }

    /**
     * @param end        the last entry
     * @param objections what spoke against it from the start, sentences
     * @param rows       the steps as they ended
     * @param now        the GPU as it is afterwards; empty when it could not be looked at
     * @param desktop    where the desktop is, a sentence; empty when no other GPU shows one
     */
    SwitchResult evaluate(
            JobEvent end, List<String> objections, List<StepRow> rows, Optional<Gpu> now, Optional<String> desktop) {
        List<String> lines = new ArrayList<>(objections);
        String why = end.detail.equals("done") ? "" : messages.formatResult(end, target.wireName(), gpuName());
        if (now.isEmpty()) {
            addNonEmpty(lines, why);
            lines.add(messages.text("window.result.unknown.advice"));
            return new SwitchResult(SwitchResult.SwitchResultKind.UNKNOWN, messages.text("window.result.unknown", gpuName()), lines);
        }
        Gpu gpu = now.get();
        boolean claimedDone = end.detail.equals("done");
        boolean reached = target.isReached(gpu) && (target == Target.HOST || gpu.conflicts().isEmpty());
        if (reached && (claimedDone || (!target.isReached(gpuBefore) && !INCONCLUSIVE_ENDS.contains(end.detail)))) {
            addNonEmpty(lines, why);
            lines.add(driverSentence(gpu));
            if (target == Target.VM) {
                lines.add(messages.text("window.result.next", formatAddresses(gpu)));
                lines.add(hostLimitations(messages, gpu));
            }
            return new SwitchResult(
                    SwitchResult.SwitchResultKind.SUCCEEDED,
                    messages.text("finished.done." + target.wireName(), gpuName()),
                    lines);
        }
        if (claimedDone) {
            lines.add(driverSentence(gpu));
            return new SwitchResult(
                    hasSameDrivers(gpu) ? SwitchResult.SwitchResultKind.UNCHANGED : SwitchResult.SwitchResultKind.PARTIALLY_SWITCHED, falseSuccessTitle(gpu), lines);
        }
        lines.addAll(stepFailures(rows));
        if (hasSameDrivers(gpu) && !INCONCLUSIVE_ENDS.contains(end.detail)) {
            boolean touched = rows.stream().anyMatch(row -> row.state() == StepRow.StepState.UNDONE);
            lines.add(messages.text(touched ? "window.result.putback" : "window.result.untouched", formatDrivers(gpu)));
            return new SwitchResult(SwitchResult.SwitchResultKind.UNCHANGED, why, lines);
        }
        boolean half = gpu.mode() == Gpu.GpuMode.PARTIALLY_SWITCHED;
        if (half && !end.detail.equals("mixed")) {
            addNonEmpty(lines, why);
        }
        lines.add(driverSentence(gpu));
        desktop.ifPresent(lines::add);
        if (end.detail.equals("mixed")) {
            why = messages.text("window.result.half");
            lines.add(messages.text(
                    target == Target.VM ? "window.result.half.vm" : "window.result.half.host",
                    messages.text("window.action.putback"),
                    messages.text("window.action.finish")));
        }
        return new SwitchResult(SwitchResult.SwitchResultKind.PARTIALLY_SWITCHED, half ? messages.text("state.mixed", messages.formatFunctionModes(gpu)) : why, lines);
    }

    /** What the host has to do without while the GPU is in VM mode. */
    static String hostLimitations(Messages words, Gpu gpu) {
        boolean sound = gpu.companions().stream().anyMatch(c -> c.pciClass().baseClass() == 0x04);
        return words.text(sound ? "window.switch.meanwhile.sound" : "window.switch.meanwhile");
    }

    private String gpuName() {
        return gpuBefore.graphics().ids().deviceName();
    }

    private static void addNonEmpty(List<String> lines, String text) {
        if (!text.isEmpty()) {
            lines.add(text);
        }
    }

    /** What failed first stands first: putting back comes after it, and to steps before it. */
    private List<String> stepFailures(List<StepRow> rows) {
        return Stream.of(StepRow.StepState.FAILED, StepRow.StepState.STUCK, StepRow.StepState.UNDO_FAILED)
                .flatMap(state -> rows.stream().filter(row -> row.state() == state && !row.note().isEmpty()))
                .map(row -> messages.text(
                        row.state() == StepRow.StepState.UNDO_FAILED ? "window.result.step.undo" : "window.result.step",
                        Integer.toString(row.number()),
                        row.text(),
                        row.note()))
                .toList();
    }

    private String falseSuccessTitle(Gpu gpu) {
        for (PciDevice function : gpu.functions()) {
            boolean right = target == Target.VM
                    ? function.isBoundToVfio() || (function.driver().isEmpty() && !function.equals(gpu.graphics()))
                    : !function.isBoundToVfio();
            if (!right) {
                return messages.text(
                        function.driver().isPresent() ? "window.result.untrue" : "window.result.untrue.driverless",
                        function.address().toShortString(),
                        messages.formatDriver(function));
            }
        }
        return gpu.conflicts().stream()
                .findFirst()
                .map(conflict -> messages.text(
                        "window.result.untrue.claim", conflict.outermostRegion().name()))
                .orElseGet(() -> messages.text("window.result.untrue.missing"));
    }

    /** A sentence with the driver that each function has now. */
    private String driverSentence(Gpu gpu) {
        return messages.text("window.result.standing", formatDrivers(gpu));
    }

    private String formatAddresses(Gpu gpu) {
        return messages.formatList(gpu.functions().stream()
                .map(function -> function.address().toShortString())
                .toList());
    }

    private String formatDrivers(Gpu gpu) {
        return messages.formatList(gpu.functions().stream()
                .map(function -> messages.text(
                        function.driver().isPresent() ? "window.result.function" : "window.result.function.none",
                        function.address().toShortString(),
                        messages.formatDriver(function)))
                .toList());
    }

    private boolean hasSameDrivers(Gpu gpu) {
        return gpu.functions().stream().map(PciDevice::driver).toList()
                .equals(gpuBefore.functions().stream().map(PciDevice::driver).toList());
    }
}
