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
import org.switchback.hardware.Spelling;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Refusal;
import org.switchback.plan.Rung;
import org.switchback.plan.Setting;
import org.switchback.plan.Step;
import org.switchback.plan.SwitchPlan;
import org.switchback.protocol.PlanReply;
import org.switchback.protocol.PlannedRefusal;
import org.switchback.protocol.PlannedStep;

/** Plans as texts for the bus. */
public final class PlanReplies {
    private PlanReplies() {}

    /** @param id empty for a plan that can't be applied */
    public static PlanReply reply(String id, SwitchPlan plan) {
        return new PlanReply(
                id,
                Action.of(plan.risk()).word(),
                plan.functions().stream()
                        .map(PciDevice::address)
                        .map(PciAddress::toString)
                        .toList(),
                steps(plan),
                plan.refusals().stream().map(PlanReplies::refusal).toList(),
                plan.inverse().stream().map(KernelWrite::shell).toList());
    }

    /** The answer to a request that names nothing that could be planned for. */
    public static PlanReply noPlan(Refusal reason) {
        return new PlanReply("", "", List.of(), List.of(), List.of(refusal(reason)), List.of());
    }

    static List<PlannedStep> steps(SwitchPlan plan) {
        return plan.steps().stream().map(PlanReplies::step).toList();
    }

    /** SHA-256 over what the plan does, in hexadecimal: the audit log of polkit names it. */
    static String hash(SwitchPlan plan) {
        String text = steps(plan).stream()
                .map(s -> String.join("\t", s.kind, s.subject, s.before, s.after, s.shell))
                .collect(Collectors.joining("\n"));
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java has SHA-256", impossible);
        }
    }

    private static PlannedRefusal refusal(Refusal refusal) {
        return new PlannedRefusal(refusal.code(), refusal.details());
    }

    private static PlannedStep step(Step step) {
        return switch (step) {
            case Step.OnRung(Rung rung, Step bare) -> {
                PlannedStep plain = step(bare);
                yield new PlannedStep(
                        plain.kind,
                        plain.subject,
                        plain.before,
                        plain.after,
                        Spelling.of(step.undo()),
                        plain.shell,
                        plain.inverse,
                        rung.way().word(),
                        rung.part() == Rung.Part.RELEASES ? rung.reason().word() : "");
            }
            case Step.Summon(PciAddress function) -> planned("summon", function.toString(), "", "", step);
            case Step.Withdraw(PciAddress function) -> planned("withdraw", function.toString(), "", "", step);
            case Step.Check(Step.Question question, List<PciAddress> functions) -> {
                String subject = functions.stream().map(PciAddress::toString).collect(Collectors.joining(","));
                yield planned("check-" + Spelling.of(question), subject, "", "", step);
            }
            case Step.Change change ->
                planned(kind(change.setting()), subject(change.setting()), change.before(), change.after(), step);
            case Step.Offer(PciAddress function) -> planned("offer", function.toString(), "", "", step);
            case Step.Eviction(PciAddress function, int bar, String region, AddressRange range) ->
                planned("eviction", function.toString(), bar + " " + region + " " + range, "", step);
        };
    }

    private static PlannedStep planned(String kind, String subject, String before, String after, Step step) {
        return new PlannedStep(
                kind,
                subject,
                before,
                after,
                Spelling.of(step.undo()),
                step.write().map(KernelWrite::shell).orElse(""),
                step.inverse().map(KernelWrite::shell).orElse(""),
                step instanceof Step.Eviction ? "vfio-pci" : "",
                step instanceof Step.Eviction ? "vga" : "");
    }

    private static String kind(Setting setting) {
        return switch (setting) {
            case Setting.Driver(PciAddress function) -> "driver";
            case Setting.Override(PciAddress function) -> "override";
            case Setting.PowerControl(PciAddress function) -> "power";
            case Setting.FramebufferDriver(String device) -> "framebuffer";
            case Setting.Module(String name) -> "module";
            case Setting.FirmwareRegion region -> "region";
        };
    }

    private static String subject(Setting setting) {
        return switch (setting) {
            case Setting.Driver(PciAddress function) -> function.toString();
            case Setting.Override(PciAddress function) -> function.toString();
            case Setting.PowerControl(PciAddress function) -> function.toString();
            case Setting.FramebufferDriver(String device) -> device;
            case Setting.Module(String name) -> name;
            case Setting.FirmwareRegion(PciAddress function, AddressRange range) -> function + " " + range;
        };
    }
}
