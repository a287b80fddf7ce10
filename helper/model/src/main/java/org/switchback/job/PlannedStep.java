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
 * A step of a plan, in a form suitable for display.
 *
 * @param kind what the step does
 * @param subject PCI address, several separated by commas for a check; or a platform device or a module. For
 *     {@link StepKind#FRAMEBUFFER_REGION} the function's address, a space and the range
 * @param before value before the step; empty for none. For {@link StepKind#FRAMEBUFFER_REGION} the region's name. For
 *     {@link StepKind#FRAMEBUFFER_EVICTION} the BAR's index, the region's name and its range, separated by spaces:
 *     {@code 0 efifb c0000000-c02fffff}
 * @param after value after the step; empty for none
 * @param undoPolicy whether and how the step can be undone
 * @param shellCommand equivalent shell command; empty for a check
 * @param undoCommand shell command that undoes the step; empty if there is none
 * @param releaseMethod method by which the step releases the region of a boot framebuffer; empty for steps that do not
 *     release one. A step is skipped if a step with another method has already released the region
 * @param releaseReason why the method is used, on the step that releases the region; empty for other steps
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
            case Step.ChangeSetting(Setting setting, String before, String after, Step.UndoPolicy undoPolicy) ->
                of(step, subject(setting), before, after);
            case Step.LoadDriver(PciAddress function) -> of(step, function.toString(), "", "");
            case Step.UnbindAny(PciAddress function) -> of(step, function.toString(), "", "");
            case Step.ProbeAny(PciAddress function) -> of(step, function.toString(), "", "");
            case Step.FramebufferEviction(PciAddress function, int bar, String region, AddressRange range) ->
                of(step, function.toString(), bar + " " + region + " " + range, "");
            case Step.FallbackStep nested ->
                throw new IllegalArgumentException("a fallback step must not contain another one");
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
     * Whether two plans make the same changes. Module loads and power settings are ignored: a module that has been
     * loaded or a device that has been woken up in the meantime does not matter to a user who has confirmed the plan.
     */
    public static boolean isSamePlan(List<PlannedStep> first, List<PlannedStep> second) {
        return comparable(first).equals(comparable(second));
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
