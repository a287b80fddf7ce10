package org.switchback.job;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.PciAddress;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.ReleaseStage;
import org.switchback.plan.Setting;
import org.switchback.plan.Step;
import org.switchback.plan.SwitchPlan;

/**
 * A step of a plan, described for those who show it.
 *
 * @param kind what it does
 * @param subject a PCI address, several with commas between them for a check, a platform device or a module; for
 *     {@link StepKind#FRAMEBUFFER_REGION} the function's address, a space and the range
 * @param before the value before; empty for none. For {@link StepKind#FRAMEBUFFER_REGION} the region's name, for
 *     {@link StepKind#FRAMEBUFFER_EVICTION} the BAR's index, the region's name and its range with spaces between them:
 *     {@code 0 efifb c0000000-c02fffff}
 * @param after the value after; empty for none
 * @param undoPolicy whether it can be undone
 * @param shellCommand the command that a person could type; empty for a check
 * @param undoCommand the command that undoes it; empty when none does
 * @param releaseMethod how it makes a firmware framebuffer's region go; empty for steps that don't. A step with another
 *     method than one before it is carried out only while the region is still there
 * @param releaseReason why that method was chosen, on the step that releases the region; empty for others
 */
public record PlannedStep(
        StepKind kind,
        String subject,
        String before,
        String after,
        Step.UndoPolicy undoPolicy,
        String shellCommand,
        String undoCommand,
        Optional<ReleaseStage.ReleaseMethod> releaseMethod,
        Optional<ReleaseStage.ReleaseReason> releaseReason) {

    public static List<PlannedStep> listOf(SwitchPlan plan) {
        return plan.steps().stream().map(PlannedStep::of).toList();
    }

    public static PlannedStep of(Step step) {
        return switch (step.unwrap()) {
            case Step.RunCheck(Step.CheckKind kind, List<PciAddress> functions) ->
                of(step, functions.stream().map(PciAddress::toString).collect(Collectors.joining(",")), "", "");
            case Step.ChangeSetting(Setting setting, String before, String after, Step.UndoPolicy undo) ->
                of(step, subject(setting), before, after);
            case Step.LoadDriver(PciAddress function) -> of(step, function.toString(), "", "");
            case Step.UnbindAny(PciAddress function) -> of(step, function.toString(), "", "");
            case Step.ProbeAny(PciAddress function) -> of(step, function.toString(), "", "");
            case Step.FramebufferEviction(PciAddress function, int bar, String region, AddressRange range) ->
                of(step, function.toString(), bar + " " + region + " " + range, "");
            case Step.FallbackStep nested -> throw new IllegalArgumentException("a fallback step within another");
        };
    }

    private static PlannedStep of(Step step, String subject, String before, String after) {
        return new PlannedStep(
                StepKind.of(step),
                subject,
                before,
                after,
                step.undoPolicy(),
                step.kernelWrite().map(KernelWrite::shellCommand).orElse(""),
                step.undoWrite().map(KernelWrite::shellCommand).orElse(""),
                releaseMethod(step),
                releaseReason(step));
    }

    private static Optional<ReleaseStage.ReleaseMethod> releaseMethod(Step step) {
        return switch (step) {
            case Step.FallbackStep fallback -> Optional.of(fallback.stage().method());
            case Step.FramebufferEviction eviction -> Optional.of(ReleaseStage.ReleaseMethod.VFIO_PCI);
            default -> Optional.empty();
        };
    }

    private static Optional<ReleaseStage.ReleaseReason> releaseReason(Step step) {
        return switch (step) {
            case Step.FallbackStep(ReleaseStage stage, Step wrapped) ->
                stage.role() == ReleaseStage.StepRole.RELEASE ? Optional.of(stage.reason()) : Optional.empty();
            case Step.FramebufferEviction eviction -> Optional.of(ReleaseStage.ReleaseReason.VGA_CLASS);
            default -> Optional.empty();
        };
    }

    private static String subject(Setting setting) {
        return switch (setting) {
            case Setting.Driver(PciAddress function) -> function.toString();
            case Setting.DriverOverride(PciAddress function) -> function.toString();
            case Setting.PowerControl(PciAddress function) -> function.toString();
            case Setting.FramebufferDriver(String device) -> device;
            case Setting.KernelModule(String name) -> name;
            case Setting.FramebufferRegion(PciAddress function, AddressRange range) -> function + " " + range;
        };
    }

    /**
     * Whether two plans do the same. Modules that are loaded by now and devices that are awake by now make no
     * difference to the person who agreed to the plan.
     */
    public static boolean isSamePlan(List<PlannedStep> one, List<PlannedStep> other) {
        return comparable(one).equals(comparable(other));
    }

    private static List<PlannedStep> comparable(List<PlannedStep> steps) {
        return steps.stream()
                .filter(step -> step.undoPolicy != Step.UndoPolicy.KEPT && step.kind != StepKind.POWER_CONTROL)
                .map(step -> new PlannedStep(
                        step.kind,
                        step.subject,
                        step.before,
                        step.after,
                        step.undoPolicy,
                        "",
                        "",
                        step.releaseMethod,
                        Optional.empty()))
                .toList();
    }
}
