package org.switchback.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.switchback.hardware.BootfbModule;
import org.switchback.hardware.FirmwareRegion;
import org.switchback.hardware.FirmwareFramebuffer;
import org.switchback.hardware.Machine;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;

/**
 * How a claim that vfio-pci could not live with is got out of a BAR: every way that can work on this kernel, the gentlest
 * first, or why there is none. What vfio-pci evicts itself does not get here.
 *
 * @param stages   in the order they are tried
 * @param refusal why there is none; empty when there is one
 */
record ReleaseStrategy(Overlap overlap, List<ReleaseStage.ReleaseMethod> stages, Optional<Refusal> refusal) {
    ReleaseStrategy {
        stages = List.copyOf(stages);
    }

    static ReleaseStrategy of(Machine machine, PciDevice graphics, Overlap overlap, boolean nativeDriverAllowed) {
        ReleaseStage.BarRegion claim = barRegion(overlap);
        Optional<FirmwareRegion> firmware = FirmwareRegion.fromRegionName(claim.name());
        if (firmware.isEmpty()) {
            return refused(overlap, new Refusal.UnknownRegion(claim));
        }
        boolean spent = overlap.framebuffer().filter(FirmwareFramebuffer::isTakenOver).isPresent();
        boolean nativeWouldDo = graphics.driver().isEmpty()
                && machine.kernelVersion()
                        .nativeDriverEvictsFramebuffer(
                                boundFramebuffer(overlap).isPresent(), graphics.pciClass().isVga());
        List<ReleaseStage.ReleaseMethod> rungs = new ArrayList<>();
        if (boundFramebuffer(overlap).isPresent() && !firmware.get().isOwnedByPlatformDevice()) {
            rungs.add(ReleaseStage.ReleaseMethod.UNBIND);
        }
        if (nativeDriverAllowed && nativeWouldDo) {
            rungs.add(ReleaseStage.ReleaseMethod.NATIVE_DRIVER);
        }
        // The module refuses whatever is not called so.
        if (firmware.get() == FirmwareRegion.BOOTFB && !spent) {
            Optional<Refusal> unusable = moduleRefusal(machine, claim, nativeWouldDo && !nativeDriverAllowed);
            if (unusable.isEmpty()) {
                rungs.add(ReleaseStage.ReleaseMethod.MODULE);
            } else if (rungs.isEmpty()) {
                return refused(overlap, unusable.get());
            }
        }
        if (rungs.isEmpty()) {
            return refused(
                    overlap, spent ? new Refusal.FramebufferTakenOver(claim) : new Refusal.FramebufferNotRemovable(claim));
        }
        return new ReleaseStrategy(overlap, rungs, Optional.empty());
    }

    private static ReleaseStrategy refused(Overlap overlap, Refusal why) {
        return new ReleaseStrategy(overlap, List.of(), Optional.of(why));
    }

    private static Optional<Refusal> moduleRefusal(Machine machine, ReleaseStage.BarRegion claim, boolean nativeWouldDo) {
        BootfbModule module = machine.bootfbModule();
        return switch (module.state()) {
            case LOADED -> Optional.empty();
            case INSTALLED ->
                machine.moduleSignaturePolicy().rejects(module.signature())
                        ? Optional.of(new Refusal.ModuleUnsigned(
                                claim, machine.moduleSignaturePolicy(), machine.distributionIds(), nativeWouldDo))
                        : Optional.empty();
            case MISSING ->
                Optional.of(new Refusal.ModuleMissing(claim, machine.kernelVersion().release(), nativeWouldDo));
        };
    }

    private static ReleaseStage.BarRegion barRegion(Overlap overlap) {
        return new ReleaseStage.BarRegion(
                overlap.gpuAddress(),
                overlap.bar().index(),
                overlap.outermostRegion().name(),
                overlap.outermostRegion().range());
    }

    /** The driver that could be unbound; never one that has lost its framebuffer. */
    private static Optional<FirmwareFramebuffer> boundFramebuffer(Overlap overlap) {
        return overlap.framebuffer().filter(fb -> fb.driver().isPresent() && fb.registered());
    }

    /** The framebuffer that the way back gives its driver again; empty when none is taken from it. */
    Optional<FirmwareFramebuffer> unboundFramebuffer() {
        return stages.contains(ReleaseStage.ReleaseMethod.UNBIND) ? boundFramebuffer(overlap) : Optional.empty();
    }

    /**
     * What is done before anything else. A module that the kernel does not take is known then, before anything is changed;
     * where a gentler rung may spare it, it is not loaded ahead.
     *
     * @param loaded whether the module is loaded already
     */
    List<Step> initialSteps(boolean loaded) {
        return stages.equals(List.of(ReleaseStage.ReleaseMethod.MODULE)) && !loaded ? List.of(loadModuleStep()) : List.of();
    }

    /**
     * What is done once the functions are unbound.
     *
     * @param loaded   whether the module is loaded already
     * @param override what the GPU's override is by then
     */
    List<Step> releaseSteps(boolean loaded, String override) {
        List<Step> steps = new ArrayList<>();
        for (ReleaseStage.ReleaseMethod way : stages) {
            switch (way) {
                case UNBIND -> boundFramebuffer(overlap).ifPresent(fb -> steps.add(fallbackStep(
                        way,
                        ReleaseStage.StepRole.RELEASE,
                        reversibleChange(new Setting.FramebufferDriver(fb.platformDevice()), fb.driver().orElse(""), ""))));
                case NATIVE_DRIVER -> addNativeDriverSteps(override, steps);
                case MODULE -> {
                    if (!loaded && initialSteps(false).isEmpty()) {
                        steps.add(loadModuleStep());
                    }
                    ReleaseStage.BarRegion claim = barRegion(overlap);
                    steps.add(fallbackStep(
                            way,
                            ReleaseStage.StepRole.RELEASE,
                            new Step.ChangeSetting(claim.toSetting(), claim.name(), "", Step.UndoPolicy.NEEDS_RESTART)));
                    if (!loaded) {
                        steps.add(fallbackStep(
                                way,
                                ReleaseStage.StepRole.CLEAN_UP,
                                new Step.ChangeSetting(
                                        new Setting.KernelModule(BootfbModule.NAME),
                                        Setting.KernelModule.LOADED,
                                        "",
                                        Step.UndoPolicy.KEPT)));
                    }
                }
            }
        }
        return steps;
    }

    private void addNativeDriverSteps(String override, List<Step> steps) {
        PciAddress gpu = overlap.gpuAddress();
        ReleaseStage.ReleaseMethod way = ReleaseStage.ReleaseMethod.NATIVE_DRIVER;
        Setting.DriverOverride setting = new Setting.DriverOverride(gpu);
        steps.add(fallbackStep(way, ReleaseStage.StepRole.PREPARE, reversibleChange(setting, override, "")));
        steps.add(fallbackStep(way, ReleaseStage.StepRole.PREPARE, new Step.LoadDriver(gpu)));
        steps.add(fallbackStep(way, ReleaseStage.StepRole.RELEASE, new Step.ProbeAny(gpu)));
        steps.add(fallbackStep(way, ReleaseStage.StepRole.CLEAN_UP, new Step.UnbindAny(gpu)));
        steps.add(fallbackStep(way, ReleaseStage.StepRole.CLEAN_UP, reversibleChange(setting, "", override)));
    }

    private Step loadModuleStep() {
        return fallbackStep(
                ReleaseStage.ReleaseMethod.MODULE,
                ReleaseStage.StepRole.PREPARE,
                reversibleChange(new Setting.KernelModule(BootfbModule.NAME), "", Setting.KernelModule.LOADED));
    }

    private static Step.ChangeSetting reversibleChange(Setting setting, String from, String to) {
        return new Step.ChangeSetting(setting, from, to, Step.UndoPolicy.REVERSIBLE);
    }

    private Step fallbackStep(ReleaseStage.ReleaseMethod way, ReleaseStage.StepRole part, Step step) {
        return new Step.FallbackStep(new ReleaseStage(way, reason(way), barRegion(overlap), part), step);
    }

    private ReleaseStage.ReleaseReason reason(ReleaseStage.ReleaseMethod way) {
        return switch (way) {
            case UNBIND -> ReleaseStage.ReleaseReason.OWNED_BY_PLATFORM_DRIVER;
            case NATIVE_DRIVER -> ReleaseStage.ReleaseReason.NATIVE_DRIVER_ALLOWED;
            case MODULE -> boundFramebuffer(overlap).isPresent() ? ReleaseStage.ReleaseReason.OWNED_BY_PLATFORM_DEVICE : ReleaseStage.ReleaseReason.NO_DRIVER;
        };
    }
}
