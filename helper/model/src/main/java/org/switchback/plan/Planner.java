package org.switchback.plan;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.BootFramebuffer;
import org.switchback.hardware.BootfbModule;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.KernelReference;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MissingGroupReason;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;

/**
 * Plans the steps of a switch. Their order makes the switch a transaction: overrides are set before anything is
 * unbound, so that udev cannot bind another driver in between; companions are unbound before the graphics function;
 * every write is a step of its own, so that a crash always falls between two steps.
 */
public final class Planner {
    private final Machine machine;
    private final SwitchRequest request;
    private final Optional<HostSettings> savedSettings;
    private final List<Refusal> refusals = new ArrayList<>();
    private final List<Step> steps = new ArrayList<>();

    private Planner(Machine machine, SwitchRequest request, Optional<HostSettings> savedSettings) {
        this.machine = machine;
        this.request = request;
        this.savedSettings = savedSettings;
    }

    /** Result of planning: a plan, or the only reason why there is nothing to plan. */
    public sealed interface PlanningResult {
        /** @param plan steps of the switch and all refusals */
        record PlanCreated(SwitchPlan plan) implements PlanningResult {}

        /** @param refusal why the request does not name a GPU */
        record InvalidRequest(Refusal refusal) implements PlanningResult {}
    }

    /**
     * Plans a request.
     *
     * @param savedSettings settings of the GPU before it was last switched to VM mode; empty if none are saved
     */
    public static PlanningResult plan(Machine machine, SwitchRequest request, Optional<HostSettings> savedSettings) {
        Optional<Gpu> gpu = machine.gpu(request.gpu());
        if (gpu.isPresent()) {
            Planner planner = new Planner(machine, request, savedSettings);
            return new PlanningResult.PlanCreated(
                    request.target() == Target.VM ? planner.planToVm(gpu.get()) : planner.planToHost(gpu.get()));
        }
        return new PlanningResult.InvalidRequest(machine.device(request.gpu())
                .<Refusal>map(device -> new Refusal.NotAGpu(
                        device.address(), device.name(), device.pciClass().toString()))
                .orElse(new Refusal.NoSuchDevice(request.gpu())));
    }

    private SwitchPlan planToVm(Gpu gpu) {
        List<PciDevice> functions = withExtras(gpu, request.extraFunctions());
        if (refuseNotResponding(functions)) {
            return createPlan(
                    gpu,
                    functions,
                    currentHostSettings(functions, Optional.empty()),
                    requiredPermission(gpu, functions));
        }
        if (gpu.mode() == Gpu.GpuMode.VM && gpu.conflicts().isEmpty()) {
            refusals.add(new Refusal.AlreadyInMode(gpu.address(), Target.VM));
            refuseAfterOops();
            refuseUnusable(functions);
            return createPlan(
                    gpu,
                    functions,
                    currentHostSettings(functions, Optional.empty()),
                    requiredPermission(gpu, functions));
        }
        refuseAfterOops();
        refuseUnusable(functions);
        refuseWithoutVfio(gpu);
        refuseSharedGroups(functions);
        functions.forEach(this::refuseWithVirtualFunctions);
        refuseInUse(functions);
        refuseKernelReferences(functions);
        addCheck(Step.CheckKind.UNUSED, functions);
        if (machine.vfioDriverState() == Machine.VfioDriverState.LOADABLE) {
            steps.add(new Step.ChangeSetting(
                    new Setting.KernelModule(PciDevice.VFIO_PCI),
                    "",
                    Setting.KernelModule.LOADED,
                    Step.UndoPolicy.KEPT));
        }
        // A suspended function returns all ones from config space. vfio-pci manages the power of functions bound to it.
        for (PciDevice function : functions) {
            if (function.power().control().equals("auto") && !function.isBoundToVfio()) {
                addChange(new Setting.PowerControl(function.address()), "auto", "on");
            }
        }
        List<ReleaseStrategy> strategies = releaseStrategies(gpu);
        boolean moduleLoaded = machine.bootfbModule().state() == BootfbModule.BootfbModuleState.LOADED;
        strategies.forEach(strategy -> steps.addAll(strategy.initialSteps(moduleLoaded)));
        for (PciDevice function : functions) {
            addOverrideChanges(function, PciDevice.VFIO_PCI);
        }
        // The GPU comes last: its companions depend on it, and it takes the longest.
        for (PciDevice function : functions.reversed()) {
            if (!function.isBoundToVfio()) {
                addChange(new Setting.Driver(function.address()), driverOf(function), "");
            }
        }
        // Done while no driver is bound to the GPU: neither the module nor a native driver works while another is
        // bound.
        strategies.forEach(strategy -> steps.addAll(strategy.releaseSteps(moduleLoaded, PciDevice.VFIO_PCI)));
        for (PciDevice function : functions) {
            if (!function.isBoundToVfio()) {
                addChange(new Setting.Driver(function.address()), "", PciDevice.VFIO_PCI);
                addEvictions(gpu, function);
            }
        }
        addCheck(Step.CheckKind.VFIO_USABLE, functions);
        Optional<BootFramebuffer> unbound = strategies.stream()
                .flatMap(strategy -> strategy.unboundFramebuffer().stream())
                .findFirst();
        return createPlan(gpu, functions, currentHostSettings(functions, unbound), requiredPermission(gpu, functions));
    }

    private List<ReleaseStrategy> releaseStrategies(Gpu gpu) {
        List<ReleaseStrategy> strategies = gpu.conflicts().stream()
                .map(overlap -> ReleaseStrategy.of(machine, gpu.graphics(), overlap, request.nativeDriverAllowed()))
                .toList();
        strategies.forEach(strategy -> strategy.refusal().ifPresent(refusals::add));
        return strategies;
    }

    private void addEvictions(Gpu gpu, PciDevice function) {
        gpu.overlaps().stream()
                .filter(overlap -> overlap.resolution() == Overlap.OverlapResolution.EVICTED_BY_VFIO
                        && overlap.gpuAddress().equals(function.address()))
                .forEach(overlap -> steps.add(new Step.FramebufferEviction(
                        overlap.gpuAddress(),
                        overlap.bar().index(),
                        overlap.outermostRegion().name(),
                        overlap.outermostRegion().range())));
    }

    private SwitchPlan planToHost(Gpu gpu) {
        Set<PciAddress> extras = new LinkedHashSet<>(request.extraFunctions());
        savedSettings.ifPresent(settings -> settings.functions().keySet().stream()
                .filter(address ->
                        machine.device(address).filter(PciDevice::isBoundToVfio).isPresent())
                .forEach(extras::add));
        List<PciDevice> functions = withExtras(gpu, List.copyOf(extras));
        HostSettings settings = savedSettings.orElse(new HostSettings(Map.of(), Optional.empty()));
        if (refuseNotResponding(functions)) {
            return createPlan(gpu, functions, settings, SwitchPlan.RequiredPermission.RESTORE);
        }
        boolean anyReservedForVm = functions.stream()
                .anyMatch(function ->
                        function.isBoundToVfio() || overrideOf(function).equals(PciDevice.VFIO_PCI));
        if (!anyReservedForVm) {
            refusals.add(new Refusal.AlreadyInMode(gpu.address(), Target.HOST));
            return createPlan(gpu, functions, settings, SwitchPlan.RequiredPermission.RESTORE);
        }
        refuseAfterOops();
        refuseInUse(functions);
        addCheck(Step.CheckKind.UNUSED, functions);
        Map<PciAddress, String> deferredOverrides = new TreeMap<>();
        for (PciDevice function : functions) {
            Optional<HostSettings.FunctionSettings> saved = savedFunctionSettings(settings, function);
            String override =
                    saved.map(HostSettings.FunctionSettings::driverOverride).orElse("");
            if (isWithoutHostDriver(function)
                    && saved.filter(s -> isBlockedByOverride(s.driverOverride(), s.driver()))
                            .isPresent()) {
                deferredOverrides.put(function.address(), override);
                override = "";
            }
            addOverrideChanges(function, override);
        }
        for (PciDevice function : functions.reversed()) {
            if (function.isBoundToVfio()) {
                addChange(new Setting.Driver(function.address()), PciDevice.VFIO_PCI, "");
            }
        }
        // Not earlier: a framebuffer bound while vfio-pci has the GPU would block the next virtual machine.
        settings.framebuffer().ifPresent(this::addFramebufferBind);
        for (PciDevice function : functions) {
            if (isWithoutHostDriver(function)) {
                addHostDriverBind(function, savedFunctionSettings(settings, function));
            }
        }
        deferredOverrides.forEach(
                (function, override) -> addChange(new Setting.DriverOverride(function), "", override));
        for (PciDevice function : functions) {
            savedFunctionSettings(settings, function)
                    .map(HostSettings.FunctionSettings::powerControl)
                    .ifPresent(control -> addPowerControlChange(function, control));
        }
        addCheck(Step.CheckKind.HOST_DRIVERS_BOUND, functions);
        return createPlan(gpu, functions, settings, SwitchPlan.RequiredPermission.RESTORE);
    }

    private SwitchPlan createPlan(
            Gpu gpu,
            List<PciDevice> functions,
            HostSettings settings,
            SwitchPlan.RequiredPermission requiredPermission) {
        return new SwitchPlan(request, gpu, functions, steps, refusals, settings, requiredPermission);
    }

    /**
     * Adds the steps that set the override. If the current override was written after the driver was bound, it may not
     * allow that driver to be bound again. In that case an intermediate step sets an override under which the driver
     * can be rebound, so that a rollback can do so. For vfio-pci that override is its own name; otherwise the kernel
     * might choose another driver.
     */
    private void addOverrideChanges(PciDevice function, String to) {
        Setting override = new Setting.DriverOverride(function.address());
        String current = overrideOf(function);
        String intermediate = function.isBoundToVfio()
                ? PciDevice.VFIO_PCI
                : isBlockedByOverride(current, driverOf(function)) ? "" : current;
        addChange(override, current, intermediate);
        addChange(override, intermediate, to);
    }

    /**
     * Adds the step that restores the power control. vfio-pci changes it when it is bound and unbound, so the current
     * value does not matter.
     */
    private void addPowerControlChange(PciDevice function, String control) {
        switch (control) {
            case "auto" -> addChange(new Setting.PowerControl(function.address()), "on", "auto");
            case "on" -> addChange(new Setting.PowerControl(function.address()), "auto", "on");
            default -> {}
        }
    }

    private void addHostDriverBind(PciDevice function, Optional<HostSettings.FunctionSettings> saved) {
        if (saved.isEmpty()) {
            steps.add(new Step.ProbeAny(function.address()));
        } else {
            addChange(new Setting.Driver(function.address()), "", saved.get().driver());
        }
    }

    private void addFramebufferBind(BootFramebuffer saved) {
        machine.bootFramebuffers().stream()
                .filter(current -> current.platformDevice().equals(saved.platformDevice())
                        && current.driver().isEmpty())
                .findFirst()
                .ifPresent(current -> addChange(
                        new Setting.FramebufferDriver(current.platformDevice()),
                        "",
                        saved.driver().orElse("")));
    }

    private static Optional<HostSettings.FunctionSettings> savedFunctionSettings(
            HostSettings settings, PciDevice function) {
        return Optional.ofNullable(settings.functions().get(function.address()));
    }

    private void addChange(Setting setting, String from, String to) {
        if (!from.equals(to)) {
            steps.add(new Step.ChangeSetting(setting, from, to, Step.UndoPolicy.REVERSIBLE));
        }
    }

    private void addCheck(Step.CheckKind kind, List<PciDevice> functions) {
        steps.add(new Step.RunCheck(
                kind, functions.stream().map(PciDevice::address).toList()));
    }

    /** Whether no driver of the host is bound to the function. */
    private static boolean isWithoutHostDriver(PciDevice function) {
        return function.isBoundToVfio() || function.driver().isEmpty();
    }

    /**
     * Whether an override prevents a driver from being bound again. That is possible if the override was written after
     * the driver was bound, by hand or by a tool that does not probe.
     */
    private static boolean isBlockedByOverride(String override, String driver) {
        return !override.isEmpty() && !driver.isEmpty() && !override.equals(driver);
    }

    private static String driverOf(PciDevice device) {
        return device.driver().orElse("");
    }

    private static String overrideOf(PciDevice device) {
        return device.driverOverride().orElse("");
    }

    private List<PciDevice> withExtras(Gpu gpu, List<PciAddress> extras) {
        List<PciDevice> functions = new ArrayList<>(gpu.functions());
        for (PciAddress address : extras) {
            Optional<PciDevice> extra = machine.device(address);
            if (extra.isEmpty()) {
                refusals.add(new Refusal.NoSuchDevice(address));
            } else if (!functions.contains(extra.get())) {
                refuseNotMovable(extra.get());
                functions.add(extra.get());
            }
        }
        return functions;
    }

    private void refuseNotMovable(PciDevice device) {
        notMovableKind(device)
                .ifPresent(kind -> refusals.add(new Refusal.NotMovable(device.address(), device.name(), kind)));
    }

    /** Why a device may not be moved together with a GPU; empty if it may. */
    private static Optional<Refusal.NotMovable.NotMovableKind> notMovableKind(PciDevice device) {
        if (device.isBridge()) {
            return Optional.of(Refusal.NotMovable.NotMovableKind.BRIDGE);
        } else if (device.pciClass().isStorage()) {
            return Optional.of(Refusal.NotMovable.NotMovableKind.STORAGE);
        } else if (device.pciClass().isNetwork()) {
            return Optional.of(Refusal.NotMovable.NotMovableKind.NETWORK);
        }
        return device.pciClass().isMovable() ? Optional.empty() : Optional.of(Refusal.NotMovable.NotMovableKind.SYSTEM);
    }

    private void refuseWithVirtualFunctions(PciDevice function) {
        List<PciDevice> virtualFunctions = machine.virtualFunctionsOf(function);
        if (!virtualFunctions.isEmpty()) {
            List<String> users = virtualFunctions.stream()
                    .flatMap(virtual -> machine.deviceUsersOf(virtual).stream()
                            .map(user -> virtual.address().toShortString() + " ("
                                    + (user.virtualMachine().isEmpty() ? user.program() : user.virtualMachine())
                                    + ")"))
                    .distinct()
                    .toList();
            refusals.add(new Refusal.HasVirtualFunctions(function.address(), virtualFunctions.size(), users));
        }
    }

    private void refuseAfterOops() {
        if (machine.taint().hasOops()) {
            refusals.add(new Refusal.KernelOops());
        }
    }

    /** Refuses functions that no virtual machine could use. */
    private void refuseUnusable(List<PciDevice> functions) {
        for (PciDevice function : functions) {
            if (function.hasUnassignedMemory()) {
                refusals.add(new Refusal.MemoryUnassigned(
                        function.address(),
                        function.name(),
                        function.parentBridges().stream().findFirst()));
            }
        }
        refuseDirectMappings(functions);
    }

    /** Refuses every group of the functions once if the firmware requires 1:1 mappings for it. */
    private void refuseDirectMappings(List<PciDevice> functions) {
        Set<Integer> groups = new LinkedHashSet<>();
        for (PciDevice function : functions) {
            machine.iommuGroupOf(function)
                    .filter(group -> groups.add(group.number()))
                    .ifPresent(group -> {
                        List<AddressRange> mappings = group.directMappings().orElse(List.of());
                        if (!mappings.isEmpty()) {
                            refusals.add(new Refusal.DirectMapping(
                                    function.address(), group.number(), mappings, machine.rmrrRelaxation()));
                        }
                    });
        }
    }

    /**
     * Refuses a card that does not answer. That is the only reason then: no other fact about the card can be trusted.
     * All functions of a card that has lost its power or its link stop answering, so one is named.
     *
     * @return whether the card was refused
     */
    private boolean refuseNotResponding(List<PciDevice> functions) {
        Optional<PciDevice> silent =
                functions.stream().filter(function -> !function.isResponding()).findFirst();
        silent.ifPresent(function -> refusals.add(new Refusal.NotResponding(function.address(), function.name())));
        return silent.isPresent();
    }

    private void refuseWithoutVfio(Gpu gpu) {
        if (gpu.graphics().iommuGroup().isEmpty()) {
            MissingGroupReason reason = machine.missingGroupReason(gpu.graphics());
            refusals.add(new Refusal.IommuOff(
                    gpu.address(),
                    reason,
                    machine.iommuEnableOption()
                            .filter(option ->
                                    reason == MissingGroupReason.NOT_ENABLED && !machine.hasKernelOption(option)),
                    reason == MissingGroupReason.GRAPHICS_EXCLUDED
                            ? Optional.of("igfx_off")
                            : machine.iommuDisableOption()));
        }
        if (machine.vfioDriverState() == Machine.VfioDriverState.MISSING) {
            refusals.add(new Refusal.VfioMissing(machine.kernelVersion().release()));
        }
    }

    /**
     * An IOMMU group is viable if no other function in it is bound to a driver of the host; the drivers of bridges do
     * not count.
     */
    private void refuseSharedGroups(List<PciDevice> functions) {
        for (PciDevice member : machine.iommuNeighboursOf(functions)) {
            if (member.driver().isPresent() && !member.isBoundToVfio()) {
                int group = member.iommuGroup().orElseThrow();
                functions.stream()
                        .filter(function -> function.iommuGroup().equals(member.iommuGroup()))
                        .findFirst()
                        .ifPresent(function -> refusals.add(new Refusal.GroupShared(
                                function.address(),
                                group,
                                member.address(),
                                member.name(),
                                driverOf(member),
                                notMovableKind(member).isEmpty())));
            }
        }
    }

    private void refuseInUse(List<PciDevice> functions) {
        for (PciDevice function : functions) {
            machine.deviceUsersOf(function).stream()
                    .filter(DeviceUser::isBlockingUnbind)
                    .forEach(user -> refusals.add(new Refusal.InUse(function.address(), user)));
        }
        // Who may use one of several GPUs certainly uses one of them if all are switched.
        if (functions.containsAll(machine.boundToNvidia())) {
            functions.stream()
                    .flatMap(function -> machine.gpu(function.address()).stream())
                    .forEach(gpu -> gpu.possibleUsers()
                            .forEach(possible -> refusals.add(new Refusal.InUse(gpu.address(), possible.user()))));
        }
    }

    private void refuseKernelReferences(List<PciDevice> functions) {
        functions.stream()
                .flatMap(function -> machine.gpu(function.address()).stream())
                .flatMap(gpu -> gpu.kernelReferences().stream())
                .filter(KernelReference::isBlockingUnbind)
                .forEach(reference -> refusals.add(new Refusal.KernelReferenced(reference)));
    }

    /**
     * Settings of the functions in host mode: the current ones, or for functions already on vfio-pci the saved ones, if
     * any.
     */
    private HostSettings currentHostSettings(List<PciDevice> functions, Optional<BootFramebuffer> unbound) {
        Map<PciAddress, HostSettings.FunctionSettings> current = new TreeMap<>();
        for (PciDevice function : functions) {
            if (function.isBoundToVfio()) {
                savedSettings
                        .flatMap(settings -> savedFunctionSettings(settings, function))
                        .ifPresent(saved -> current.put(function.address(), saved));
            } else {
                current.put(
                        function.address(),
                        new HostSettings.FunctionSettings(
                                driverOf(function),
                                overrideOf(function),
                                function.power().control()));
            }
        }
        return new HostSettings(current, unbound.or(() -> savedSettings.flatMap(HostSettings::framebuffer)));
    }

    /** The strictest permission that any of the functions requires. */
    private SwitchPlan.RequiredPermission requiredPermission(Gpu gpu, List<PciDevice> functions) {
        boolean anyDisplay = functions.stream()
                .flatMap(function -> machine.gpu(function.address()).stream())
                .anyMatch(Gpu::hasActiveDisplay);
        if (functions.size() > gpu.functions().size()) {
            return anyDisplay
                    ? SwitchPlan.RequiredPermission.SWITCH_DISPLAY_WITH_OTHERS
                    : SwitchPlan.RequiredPermission.SWITCH_WITH_OTHERS;
        }
        return anyDisplay ? SwitchPlan.RequiredPermission.SWITCH_DISPLAY : SwitchPlan.RequiredPermission.SWITCH;
    }
}
