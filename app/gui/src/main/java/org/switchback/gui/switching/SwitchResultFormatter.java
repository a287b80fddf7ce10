package org.switchback.gui.switching;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.Gpu;
import org.switchback.job.JobEvent;
import org.switchback.job.Outcome;
import org.switchback.job.SwitchRun;
import org.switchback.job.SwitchRun.StepState;
import org.switchback.plan.Target;

/** Words the result of a switch: {@link SwitchRun#evaluate} decides it, the helper's outcome gives the reason. */
final class SwitchResultFormatter {
    private final Messages messages;
    private final Target target;
    private final Gpu before;

    SwitchResultFormatter(Messages messages, Target target, Gpu before) {
        this.messages = messages;
        this.target = target;
        this.before = before;
    }

    /**
     * @param run the switch after its last event
     * @param rows its steps as they ended
     * @param now the GPU afterwards; empty when it could not be read
     * @param desktop where the desktop is, a sentence; empty when no other GPU shows one
     */
    SwitchResult format(SwitchRun run, List<StepRow> rows, Optional<Gpu> now, Optional<String> desktop) {
        Outcome outcome = run.end().map(JobEvent.Finished::outcome).orElse(Outcome.HELPER_LOST);
        String reason = outcome == Outcome.DONE ? "" : messages.formatOutcome(outcome, target, gpuName());
        List<String> lines = new ArrayList<>(
                run.refusals().stream().map(messages::formatRefusal).toList());
        SwitchRun.Result result = run.evaluate(before, now);
        Gpu gpu = now.orElse(before);
        return switch (result) {
            case UNKNOWN -> {
                addNonEmpty(lines, reason);
                lines.add(messages.text("window.result.unknown.advice"));
                yield new SwitchResult(result, messages.text("window.result.unknown", gpuName()), lines);
            }
            case SUCCEEDED -> {
                addNonEmpty(lines, reason);
                lines.add(driverSentence(gpu));
                if (target == Target.VM) {
                    lines.add(messages.text("window.result.next", formatAddresses(gpu)));
                    lines.add(hostLimitations(messages, gpu));
                }
                yield new SwitchResult(result, messages.text("finished.done." + target.wireName(), gpuName()), lines);
            }
            case FALSELY_REPORTED -> {
                lines.add(driverSentence(gpu));
                yield new SwitchResult(result, messages.formatFalseSuccess(target, gpu), lines);
            }
            case UNCHANGED -> {
                lines.addAll(stepFailures(rows));
                boolean touched = rows.stream().anyMatch(row -> row.state() == StepState.UNDONE);
                lines.add(messages.text(
                        touched ? "window.result.rolledback" : "window.result.untouched", formatDrivers(gpu)));
                yield new SwitchResult(result, reason, lines);
            }
            case PARTIALLY_SWITCHED -> formatPartial(outcome, reason, rows, gpu, desktop, lines);
        };
    }

    private SwitchResult formatPartial(
            Outcome outcome, String reason, List<StepRow> rows, Gpu gpu, Optional<String> desktop, List<String> lines) {
        if (outcome == Outcome.DONE) {
            lines.add(driverSentence(gpu));
            return new SwitchResult(
                    SwitchRun.Result.PARTIALLY_SWITCHED, messages.formatFalseSuccess(target, gpu), lines);
        }
        lines.addAll(stepFailures(rows));
        boolean partial = gpu.mode() == Gpu.GpuMode.PARTIALLY_SWITCHED;
        boolean canRollBack = outcome == Outcome.ROLLBACK_FAILED;
        if (partial && !canRollBack) {
            addNonEmpty(lines, reason);
        }
        lines.add(driverSentence(gpu));
        desktop.ifPresent(lines::add);
        if (canRollBack) {
            lines.add(messages.text(
                    target == Target.VM
                            ? "window.result.partially-switched.vm"
                            : "window.result.partially-switched.host",
                    messages.text("window.action.rollback"),
                    messages.text("window.action.finish")));
        }
        String title = partial
                ? messages.text("state.partially-switched", messages.formatFunctionModes(gpu))
                : canRollBack ? messages.text("window.result.partially-switched") : reason;
        return new SwitchResult(SwitchRun.Result.PARTIALLY_SWITCHED, title, lines);
    }

    /** What the host has to do without while the GPU is in VM mode. */
    static String hostLimitations(Messages messages, Gpu gpu) {
        boolean sound = gpu.companions().stream().anyMatch(c -> c.pciClass().baseClass() == 0x04);
        return messages.text(sound ? "switch.meanwhile.sound" : "switch.meanwhile");
    }

    private String gpuName() {
        return before.graphics().ids().deviceName();
    }

    private static void addNonEmpty(List<String> lines, String text) {
        if (!text.isEmpty()) {
            lines.add(text);
        }
    }

    /** What failed first stands first: putting back comes after it, and to steps before it. */
    private List<String> stepFailures(List<StepRow> rows) {
        return Stream.of(StepState.FAILED, StepState.STUCK, StepState.UNDO_FAILED)
                .flatMap(state -> rows.stream()
                        .filter(row -> row.state() == state && !row.note().isEmpty()))
                .map(row -> messages.text(
                        row.state() == StepState.UNDO_FAILED ? "window.result.step.undo" : "window.result.step",
                        row.number(),
                        row.text(),
                        row.note()))
                .toList();
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
}
