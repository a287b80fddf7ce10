package org.switchback.plan;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.switchback.hardware.BootfbModule;
import org.switchback.hardware.FirmwareFramebuffer;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.Machine;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;

/**
 * Decides what a switch takes. The order of the steps is that of a transaction: overrides before anything is unbound, so
 * that udev cannot race for the function; companions before graphics; every write one step, so that a crash is always
 * between two of them.
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

    /** What a request comes to: a plan, or the one reason why there is nothing to plan for. */
    public sealed interface PlanningResult {
        /** @param plan with its steps and whatever speaks against them */
        record PlanCreated(SwitchPlan plan) implements PlanningResult {}

        /** @param refusal the request names nothing that could be planned for */
        record InvalidRequest(Refusal refusal) implements PlanningResult {}
    }

    /**
     * @param remembered how the GPU stood before it was last switched to VM mode; empty when nobody remembers
     */
    public static PlanningResult plan(Machine machine, SwitchRequest request, Optional<HostSettings> remembered) {
        Optional<Gpu> gpu = machine.gpu(request.gpu());
        if (gpu.isPresent()) {
            Planner planner = new Planner(machine, request, remembered);
            return new PlanningResult.PlanCreated(
                    request.target() == Target.VM ? planner.planToVm(gpu.get()) : planner.planToHost(gpu.get()));
        }
        return new PlanningResult.InvalidRequest(machine.device(request.gpu())
                .<Refusal>map(device ->
                        new Refusal.NotAGpu(device.address(), device.name(), device.pciClass().toString()))
                .orElse(new Refusal.NoSuchDevice(request.gpu())));
    }

    private SwitchPlan planToVm(Gpu gpu) {
        List<PciDevice> functions = withExtras(gpu, request.extraFunctions());
        if (gpu.mode() == Gpu.GpuMode.VM && gpu.conflicts().isEmpty()) {
            refusals.add(new Refusal.AlreadyInMode(gpu.address(), Target.VM));
            return new SwitchPlan(
                    request, gpu, functions, steps, refusals, currentHostSettings(functions, Optional.empty()), requiredPermission(functions));
        }
        refuseAfterOops();
        refuseWithoutVfio(gpu);
        refuseSharedGroups(functions);
        refuseInUse(functions);
        addCheck(Step.CheckKind.UNUSED, functions);
        if (machine.vfioDriverState() == Machine.VfioDriverState.LOADABLE) {
            steps.add(new Step.ChangeSetting(
                    new Setting.KernelModule(PciDevice.VFIO_PCI), "", Setting.KernelModule.LOADED, Step.UndoPolicy.KEPT));
        }
        // A sleeping function answers its config space with ones; vfio-pci manages the power of its own by itself.
        for (PciDevice function : functions) {
            if (function.power().control().equals("auto") && !function.isBoundToVfio()) {
                addChange(new Setting.PowerControl(function.address()), "auto", "on");
            }
        }
        List<ReleaseStrategy> ladders = releaseStrategies(gpu);
        boolean loaded = machine.bootfbModule().state() == BootfbModule.BootfbModuleState.LOADED;
        ladders.forEach(ladder -> steps.addAll(ladder.initialSteps(loaded)));
        for (PciDevice function : functions) {
            addOverrideChanges(function, PciDevice.VFIO_PCI);
        }
        // The GPU last: its companions depend on it, and it takes the longest.
        for (PciDevice function : functions.reversed()) {
            if (!function.isBoundToVfio()) {
                addChange(new Setting.Driver(function.address()), driverOf(function), "");
            }
        }
        // While no driver has the GPU: neither the module nor a native driver could work under another one.
        ladders.forEach(ladder -> steps.addAll(ladder.releaseSteps(loaded, PciDevice.VFIO_PCI)));
        for (PciDevice function : functions) {
            if (!function.isBoundToVfio()) {
                addChange(new Setting.Driver(function.address()), "", PciDevice.VFIO_PCI);
                addEvictions(gpu, function);
            }
        }
        addCheck(Step.CheckKind.VFIO_USABLE, functions);
        Optional<FirmwareFramebuffer> unbound =
                ladders.stream().flatMap(ladder -> ladder.unboundFramebuffer().stream()).findFirst();
        return new SwitchPlan(request, gpu, functions, steps, refusals, currentHostSettings(functions, unbound), requiredPermission(functions));
    }

    private List<ReleaseStrategy> releaseStrategies(Gpu gpu) {
        List<ReleaseStrategy> ladders = gpu.conflicts().stream()
                .map(overlap -> ReleaseStrategy.of(machine, gpu.graphics(), overlap, request.nativeDriverAllowed()))
                .toList();
        ladders.forEach(ladder -> ladder.refusal().ifPresent(refusals::add));
        return ladders;
    }

    private void addEvictions(Gpu gpu, PciDevice function) {
        gpu.overlaps().stream()
                .filter(o -> o.resolution() == Overlap.OverlapResolution.EVICTED_BY_VFIO && o.gpuAddress().equals(function.address()))
                .forEach(o -> steps.add(new Step.FramebufferEviction(
                        o.gpuAddress(), o.bar().index(), o.outermostRegion().name(), o.outermostRegion().range())));
    }

    private SwitchPlan planToHost(Gpu gpu) {
        Set<PciAddress> extras = new LinkedHashSet<>(request.extraFunctions());
        savedSettings.ifPresent(settings -> settings.functions().keySet().stream()
                .filter(address -> machine.device(address).filter(PciDevice::isBoundToVfio).isPresent())
                .forEach(extras::add));
        List<PciDevice> functions = withExtras(gpu, List.copyOf(extras));
        HostSettings settings = savedSettings.orElse(new HostSettings(Map.of(), Optional.empty()));
        boolean anyThere = functions.stream()
                .anyMatch(f -> f.isBoundToVfio() || overrideOf(f).equals(PciDevice.VFIO_PCI));
        if (!anyThere) {
            refusals.add(new Refusal.AlreadyInMode(gpu.address(), Target.HOST));
            return new SwitchPlan(request, gpu, functions, steps, refusals, settings, SwitchPlan.RequiredPermission.RESTORE);
        }
        refuseAfterOops();
        refuseInUse(functions);
        addCheck(Step.CheckKind.UNUSED, functions);
        Map<PciAddress, String> later = new TreeMap<>();
        for (PciDevice function : functions) {
            Optional<HostSettings.FunctionSettings> before = savedFunctionSettings(settings, function);
            String override = before.map(HostSettings.FunctionSettings::driverOverride).orElse("");
            if (isWithoutHostDriver(function) && before.filter(f -> isBlockedByOverride(f.driverOverride(), f.driver())).isPresent()) {
                later.put(function.address(), override);
                override = "";
            }
            addOverrideChanges(function, override);
        }
        for (PciDevice function : functions.reversed()) {
            if (function.isBoundToVfio()) {
                addChange(new Setting.Driver(function.address()), PciDevice.VFIO_PCI, "");
            }
        }
        // Only now: a framebuffer bound back while vfio-pci has the GPU would block the next virtual machine.
        settings.framebuffer().ifPresent(this::addFramebufferBind);
        for (PciDevice function : functions) {
            if (isWithoutHostDriver(function)) {
                addHostDriverBind(function, savedFunctionSettings(settings, function));
            }
        }
        later.forEach((function, override) -> addChange(new Setting.DriverOverride(function), "", override));
        for (PciDevice function : functions) {
            savedFunctionSettings(settings, function)
                    .map(HostSettings.FunctionSettings::powerControl)
                    .ifPresent(control -> addPowerControlChange(function, control));
        }
        addCheck(Step.CheckKind.HOST_DRIVERS_BOUND, functions);
        return new SwitchPlan(request, gpu, functions, steps, refusals, settings, SwitchPlan.RequiredPermission.RESTORE);
    }

    /**
     * Sets the override. What is there now may be younger than the driver and not let it in again: then it takes a step
     * more, so that there is a moment to undo to in which the driver can come back. vfio-pci comes back by its name alone,
     * for otherwise the kernel may choose another.
     */
    private void addOverrideChanges(PciDevice function, String to) {
        Setting override = new Setting.DriverOverride(function.address());
        String now = overrideOf(function);
        String between = function.isBoundToVfio() ? PciDevice.VFIO_PCI : isBlockedByOverride(now, driverOf(function)) ? "" : now;
        addChange(override, now, between);
        addChange(override, between, to);
    }

    /** vfio-pci changes the power control when it comes and when it goes, so what it is now says nothing. */
    private void addPowerControlChange(PciDevice function, String wanted) {
        switch (wanted) {
            case "auto" -> addChange(new Setting.PowerControl(function.address()), "on", "auto");
            case "on" -> addChange(new Setting.PowerControl(function.address()), "auto", "on");
            default -> {}
        }
    }

    private void addHostDriverBind(PciDevice function, Optional<HostSettings.FunctionSettings> before) {
        if (before.isEmpty()) {
            steps.add(new Step.ProbeAny(function.address()));
        } else {
            addChange(new Setting.Driver(function.address()), "", before.get().driver());
        }
    }

    private void addFramebufferBind(FirmwareFramebuffer before) {
        machine.firmwareFramebuffers().stream()
                .filter(now -> now.platformDevice().equals(before.platformDevice()) && now.driver().isEmpty())
                .findFirst()
                .ifPresent(now -> addChange(
                        new Setting.FramebufferDriver(now.platformDevice()), "", before.driver().orElse("")));
    }

    private static Optional<HostSettings.FunctionSettings> savedFunctionSettings(HostSettings settings, PciDevice function) {
        return Optional.ofNullable(settings.functions().get(function.address()));
    }

    private void addChange(Setting setting, String from, String to) {
        if (!from.equals(to)) {
            steps.add(new Step.ChangeSetting(setting, from, to, Step.UndoPolicy.REVERSIBLE));
        }
    }

    private void addCheck(Step.CheckKind question, List<PciDevice> functions) {
        steps.add(new Step.RunCheck(
                question, functions.stream().map(PciDevice::address).toList()));
    }

    /** Whether the host has to be given a function, since none of its drivers has it. */
    private static boolean isWithoutHostDriver(PciDevice function) {
        return function.isBoundToVfio() || function.driver().isEmpty();
    }

    /**
     * Whether an override would keep a driver from being bound again. It does where it was written after the driver was
     * bound, by hand or by tools that do not probe.
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
        Optional<Refusal.NotMovable.NotMovableKind> kind = device.isBridge()
                ? Optional.of(Refusal.NotMovable.NotMovableKind.BRIDGE)
                : device.pciClass().isStorage()
                        ? Optional.of(Refusal.NotMovable.NotMovableKind.STORAGE)
                        : device.pciClass().isNetwork() ? Optional.of(Refusal.NotMovable.NotMovableKind.NETWORK) : Optional.empty();
        kind.ifPresent(k -> refusals.add(new Refusal.NotMovable(device.address(), device.name(), k)));
    }

    private void refuseAfterOops() {
        if (machine.taint().hasOops()) {
            refusals.add(new Refusal.KernelOops());
        }
    }

    private void refuseWithoutVfio(Gpu gpu) {
        if (gpu.graphics().iommuGroup().isEmpty()) {
            refusals.add(new Refusal.IommuOff(gpu.address(), machine.iommuEnableOption(), machine.iommuDisableOption()));
        }
        if (machine.vfioDriverState() == Machine.VfioDriverState.MISSING) {
            refusals.add(new Refusal.VfioMissing(machine.kernelVersion().release()));
        }
    }

    /** A group is viable when nobody else in it is on a driver of the host; bridges' own drivers do not count. */
    private void refuseSharedGroups(List<PciDevice> functions) {
        for (PciDevice member : machine.iommuNeighboursOf(functions)) {
            if (member.driver().isPresent() && !member.isBoundToVfio()) {
                int group = member.iommuGroup().orElseThrow();
                functions.stream()
                        .filter(function -> function.iommuGroup().equals(member.iommuGroup()))
                        .findFirst()
                        .ifPresent(function -> refusals.add(new Refusal.GroupShared(
                                function.address(), group, member.address(), member.name(), driverOf(member))));
            }
        }
    }

    private void refuseInUse(List<PciDevice> functions) {
        for (PciDevice function : functions) {
            machine.deviceUsersOf(function).stream()
                    .filter(DeviceUser::isBlockingUnbind)
                    .forEach(holder -> refusals.add(new Refusal.InUse(function.address(), holder)));
        }
    }

    /** How the functions stand in host mode; of one that is on vfio-pci already, what was remembered, if anything. */
    private HostSettings currentHostSettings(List<PciDevice> functions, Optional<FirmwareFramebuffer> unbound) {
        Map<PciAddress, HostSettings.FunctionSettings> standing = new TreeMap<>();
        for (PciDevice f : functions) {
            if (f.isBoundToVfio()) {
                savedSettings.flatMap(settings -> savedFunctionSettings(settings, f)).ifPresent(w -> standing.put(f.address(), w));
            } else {
                standing.put(
                        f.address(),
                        new HostSettings.FunctionSettings(
                                driverOf(f), overrideOf(f), f.power().control()));
            }
        }
        return new HostSettings(standing, unbound.or(() -> savedSettings.flatMap(HostSettings::framebuffer)));
    }

    /** That of the riskiest of all GPUs that move, also of one that was only given along. */
    private SwitchPlan.RequiredPermission requiredPermission(List<PciDevice> functions) {
        boolean anyDisplay = functions.stream()
                .flatMap(function -> machine.gpu(function.address()).stream())
                .anyMatch(Gpu::hasActiveDisplay);
        return anyDisplay ? SwitchPlan.RequiredPermission.SWITCH_DISPLAY : SwitchPlan.RequiredPermission.SWITCH;
    }
}
