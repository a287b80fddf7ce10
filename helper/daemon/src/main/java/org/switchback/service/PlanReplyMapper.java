package org.switchback.service;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.KebabCase;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Refusal;
import org.switchback.plan.ReleaseStage;
import org.switchback.plan.Setting;
import org.switchback.plan.Step;
import org.switchback.plan.SwitchPlan;
import org.switchback.protocol.PlanReply;
import org.switchback.protocol.PlannedRefusal;
import org.switchback.protocol.PlannedStep;

/** Plans as texts for the bus. */
public final class PlanReplyMapper {
    private PlanReplyMapper() {}

    /** @param id empty for a plan that can't be applied */
    public static PlanReply toReply(String id, SwitchPlan plan) {
        return new PlanReply(
                id,
                PolkitAction.of(plan.requiredPermission()).wireName(),
                plan.functions().stream()
                        .map(PciDevice::address)
                        .map(PciAddress::toString)
                        .toList(),
                toPlannedSteps(plan),
                plan.refusals().stream().map(PlanReplyMapper::toPlannedRefusal).toList(),
                plan.undoWrites().stream().map(KernelWrite::shellCommand).toList());
    }

    /** The answer to a request that names nothing that could be planned for. */
    public static PlanReply toRefusedReply(Refusal reason) {
        return new PlanReply("", "", List.of(), List.of(), List.of(toPlannedRefusal(reason)), List.of());
    }

    static List<PlannedStep> toPlannedSteps(SwitchPlan plan) {
        return plan.steps().stream().map(PlanReplyMapper::toPlannedStep).toList();
    }

    /** SHA-256 over what the plan does, in hexadecimal: the audit log of polkit names it. */
    static String planHash(SwitchPlan plan) {
        String text = toPlannedSteps(plan).stream()
                .map(s -> String.join("\t", s.kind, s.subject, s.before, s.after, s.shellCommand))
                .collect(Collectors.joining("\n"));
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java has SHA-256", impossible);
        }
    }

    private static PlannedRefusal toPlannedRefusal(Refusal refusal) {
        return new PlannedRefusal(refusal.code(), refusal.details());
    }

    private static PlannedStep toPlannedStep(Step step) {
        return switch (step) {
            case Step.FallbackStep(ReleaseStage rung, Step bare) -> {
                PlannedStep plain = toPlannedStep(bare);
                yield new PlannedStep(
                        plain.kind,
                        plain.subject,
                        plain.before,
                        plain.after,
                        KebabCase.of(step.undoPolicy()),
                        plain.shellCommand,
                        plain.undoCommand,
                        rung.method().wireName(),
                        rung.role() == ReleaseStage.StepRole.RELEASE ? rung.reason().wireName() : "");
            }
            case Step.LoadDriver(PciAddress function) -> newPlannedStep("summon", function.toString(), "", "", step);
            case Step.UnbindAny(PciAddress function) -> newPlannedStep("withdraw", function.toString(), "", "", step);
            case Step.RunCheck(Step.CheckKind question, List<PciAddress> functions) -> {
                String subject = functions.stream().map(PciAddress::toString).collect(Collectors.joining(","));
                yield newPlannedStep("check-" + KebabCase.of(question), subject, "", "", step);
            }
            case Step.ChangeSetting change ->
                newPlannedStep(settingKind(change.setting()), settingSubject(change.setting()), change.before(), change.after(), step);
            case Step.ProbeAny(PciAddress function) -> newPlannedStep("offer", function.toString(), "", "", step);
            case Step.FramebufferEviction(PciAddress function, int bar, String region, AddressRange range) ->
                newPlannedStep("eviction", function.toString(), bar + " " + region + " " + range, "", step);
        };
    }

    private static PlannedStep newPlannedStep(String kind, String subject, String before, String after, Step step) {
        return new PlannedStep(
                kind,
                subject,
                before,
                after,
                KebabCase.of(step.undoPolicy()),
                step.kernelWrite().map(KernelWrite::shellCommand).orElse(""),
                step.undoWrite().map(KernelWrite::shellCommand).orElse(""),
                step instanceof Step.FramebufferEviction ? "vfio-pci" : "",
                step instanceof Step.FramebufferEviction ? "vga" : "");
    }

    private static String settingKind(Setting setting) {
        return switch (setting) {
            case Setting.Driver(PciAddress function) -> "driver";
            case Setting.DriverOverride(PciAddress function) -> "override";
            case Setting.PowerControl(PciAddress function) -> "power";
            case Setting.FramebufferDriver(String device) -> "framebuffer";
            case Setting.KernelModule(String name) -> "module";
            case Setting.FramebufferRegion region -> "region";
        };
    }

    private static String settingSubject(Setting setting) {
        return switch (setting) {
            case Setting.Driver(PciAddress function) -> function.toString();
            case Setting.DriverOverride(PciAddress function) -> function.toString();
            case Setting.PowerControl(PciAddress function) -> function.toString();
            case Setting.FramebufferDriver(String device) -> device;
            case Setting.KernelModule(String name) -> name;
            case Setting.FramebufferRegion(PciAddress function, AddressRange range) -> function + " " + range;
        };
    }
}
