package org.switchback.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.switchback.hardware.BootFramebuffer;
import org.switchback.hardware.BootfbModule;
import org.switchback.hardware.FirmwareRegionKind;
import org.switchback.hardware.Machine;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;

/**
 * How a region that blocks vfio-pci is removed from a BAR: all methods that can work on this kernel, the least invasive
 * first, or the reason why there is none. Regions that vfio-pci evicts itself need no strategy.
 *
 * @param overlap region to remove
 * @param methods methods in the order in which they are tried
 * @param refusal why no method can work; empty if there is a method
 */
record ReleaseStrategy(Overlap overlap, List<ReleaseStage.ReleaseMethod> methods, Optional<Refusal> refusal) {
    ReleaseStrategy {
        methods = List.copyOf(methods);
    }

    static ReleaseStrategy of(Machine machine, PciDevice graphics, Overlap overlap, boolean nativeDriverAllowed) {
        ReleaseStage.BarRegion region = barRegion(overlap);
        Optional<FirmwareRegionKind> firmwareRegion = FirmwareRegionKind.fromRegionName(region.name());
        if (firmwareRegion.isEmpty()) {
            return refused(overlap, new Refusal.UnknownRegion(region));
        }
        boolean takenOver =
                overlap.framebuffer().filter(BootFramebuffer::isTakenOver).isPresent();
        boolean nativeDriverSuffices = graphics.driver().isEmpty()
                && machine.kernelVersion()
                        .nativeDriverEvictsFramebuffer(
                                boundFramebuffer(overlap).isPresent(),
                                graphics.pciClass().isVga());
        List<ReleaseStage.ReleaseMethod> methods = new ArrayList<>();
        if (boundFramebuffer(overlap).isPresent() && !firmwareRegion.get().isOwnedByPlatformDevice()) {
            methods.add(ReleaseStage.ReleaseMethod.UNBIND);
        }
        if (nativeDriverAllowed && nativeDriverSuffices) {
            methods.add(ReleaseStage.ReleaseMethod.NATIVE_DRIVER);
        }
        // The module refuses regions with any other name.
        if (firmwareRegion.get() == FirmwareRegionKind.BOOTFB && !takenOver) {
            Optional<Refusal> moduleRefusal =
                    moduleRefusal(machine, region, nativeDriverSuffices && !nativeDriverAllowed);
            if (moduleRefusal.isEmpty()) {
                methods.add(ReleaseStage.ReleaseMethod.MODULE);
            } else if (methods.isEmpty()) {
                return refused(overlap, moduleRefusal.get());
            }
        }
        if (methods.isEmpty()) {
            return refused(
                    overlap,
                    takenOver ? new Refusal.FramebufferOrphaned(region) : new Refusal.FramebufferNotRemovable(region));
        }
        return new ReleaseStrategy(overlap, methods, Optional.empty());
    }

    private static ReleaseStrategy refused(Overlap overlap, Refusal refusal) {
        return new ReleaseStrategy(overlap, List.of(), Optional.of(refusal));
    }

    private static Optional<Refusal> moduleRefusal(
            Machine machine, ReleaseStage.BarRegion region, boolean nativeDriverSuffices) {
        BootfbModule module = machine.bootfbModule();
        return switch (module.state()) {
            case LOADED -> Optional.empty();
            case INSTALLED ->
                machine.moduleSignaturePolicy().rejects(module.signature())
                        ? Optional.of(new Refusal.ModuleUnsigned(
                                region,
                                machine.moduleSignaturePolicy(),
                                machine.distributionIds(),
                                nativeDriverSuffices))
                        : Optional.empty();
            case MISSING ->
                Optional.of(new Refusal.ModuleMissing(
                        region, machine.kernelVersion().release(), nativeDriverSuffices));
        };
    }

    private static ReleaseStage.BarRegion barRegion(Overlap overlap) {
        return new ReleaseStage.BarRegion(
                overlap.gpuAddress(),
                overlap.bar().index(),
                overlap.outermostRegion().name(),
                overlap.outermostRegion().range());
    }

    /** Returns the framebuffer if its driver can be unbound; never one whose driver has lost it to a native driver. */
    private static Optional<BootFramebuffer> boundFramebuffer(Overlap overlap) {
        return overlap.framebuffer()
                .filter(framebuffer -> framebuffer.driver().isPresent() && framebuffer.registered());
    }

    /**
     * Returns the framebuffer whose driver is unbound, and bound again when switching to the host; empty if there is
     * none.
     */
    Optional<BootFramebuffer> unboundFramebuffer() {
        return methods.contains(ReleaseStage.ReleaseMethod.UNBIND) ? boundFramebuffer(overlap) : Optional.empty();
    }

    /**
     * Returns the steps to execute before any other change. If the module is the only method, it is loaded here, so
     * that a kernel that rejects it is detected before anything is changed. If a less invasive method may make it
     * unnecessary, it is loaded later.
     *
     * @param moduleLoaded whether the module is already loaded
     */
    List<Step> initialSteps(boolean moduleLoaded) {
        return methods.equals(List.of(ReleaseStage.ReleaseMethod.MODULE)) && !moduleLoaded
                ? List.of(loadModuleStep())
                : List.of();
    }

    /**
     * Returns the steps to execute once the functions are unbound.
     *
     * @param moduleLoaded whether the module is already loaded
     * @param driverOverride driver override of the GPU at that time
     */
    List<Step> releaseSteps(boolean moduleLoaded, String driverOverride) {
        List<Step> steps = new ArrayList<>();
        for (ReleaseStage.ReleaseMethod method : methods) {
            switch (method) {
                case UNBIND ->
                    boundFramebuffer(overlap)
                            .ifPresent(framebuffer -> steps.add(fallbackStep(
                                    method,
                                    ReleaseStage.StepRole.RELEASE,
                                    reversibleChange(
                                            new Setting.FramebufferDriver(framebuffer.platformDevice()),
                                            framebuffer.driver().orElse(""),
                                            ""))));
                case NATIVE_DRIVER -> steps.addAll(nativeDriverSteps(driverOverride));
                case MODULE -> {
                    if (!moduleLoaded && initialSteps(false).isEmpty()) {
                        steps.add(loadModuleStep());
                    }
                    ReleaseStage.BarRegion region = barRegion(overlap);
                    steps.add(fallbackStep(
                            method,
                            ReleaseStage.StepRole.RELEASE,
                            new Step.ChangeSetting(
                                    region.toSetting(), region.name(), "", Step.UndoPolicy.NEEDS_RESTART)));
                    if (!moduleLoaded) {
                        steps.add(fallbackStep(
                                method,
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

    private List<Step> nativeDriverSteps(String driverOverride) {
        PciAddress function = overlap.gpuAddress();
        ReleaseStage.ReleaseMethod method = ReleaseStage.ReleaseMethod.NATIVE_DRIVER;
        Setting.DriverOverride setting = new Setting.DriverOverride(function);
        return List.of(
                fallbackStep(method, ReleaseStage.StepRole.PREPARE, reversibleChange(setting, driverOverride, "")),
                fallbackStep(method, ReleaseStage.StepRole.PREPARE, new Step.LoadDriver(function)),
                fallbackStep(method, ReleaseStage.StepRole.RELEASE, new Step.ProbeAny(function)),
                fallbackStep(method, ReleaseStage.StepRole.CLEAN_UP, new Step.UnbindAny(function)),
                fallbackStep(method, ReleaseStage.StepRole.CLEAN_UP, reversibleChange(setting, "", driverOverride)));
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

    private Step fallbackStep(ReleaseStage.ReleaseMethod method, ReleaseStage.StepRole role, Step step) {
        return new Step.FallbackStep(new ReleaseStage(method, reason(method), barRegion(overlap), role), step);
    }

    private ReleaseStage.ReleaseReason reason(ReleaseStage.ReleaseMethod method) {
        return switch (method) {
            case VFIO_PCI -> ReleaseStage.ReleaseReason.VGA_CLASS;
            case UNBIND -> ReleaseStage.ReleaseReason.OWNED_BY_PLATFORM_DRIVER;
            case NATIVE_DRIVER -> ReleaseStage.ReleaseReason.NATIVE_DRIVER_ALLOWED;
            case MODULE ->
                boundFramebuffer(overlap).isPresent()
                        ? ReleaseStage.ReleaseReason.OWNED_BY_PLATFORM_DEVICE
                        : ReleaseStage.ReleaseReason.NO_DRIVER;
        };
    }
}
