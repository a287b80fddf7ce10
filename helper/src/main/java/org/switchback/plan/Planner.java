package org.switchback.plan;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.switchback.hardware.BootfbModule;
import org.switchback.hardware.FirmwareFramebuffer;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Holder;
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
    private final Request request;
    private final Optional<HostSettings> remembered;
    private final List<Refusal> refusals = new ArrayList<>();
    private final List<Step> steps = new ArrayList<>();

    private Planner(Machine machine, Request request, Optional<HostSettings> remembered) {
        this.machine = machine;
        this.request = request;
        this.remembered = remembered;
    }

    /** What a request comes to: a plan, or the one reason why there is nothing to plan for. */
    public sealed interface Answer {
        /** @param plan with its steps and whatever speaks against them */
        record Planned(SwitchPlan plan) implements Answer {}

        /** @param reason the request names nothing that could be planned for */
        record NoPlan(Refusal reason) implements Answer {}
    }

    /**
     * @param remembered how the GPU stood before it was last switched to VM mode; empty when nobody remembers
     */
    public static Answer plan(Machine machine, Request request, Optional<HostSettings> remembered) {
        Optional<Gpu> gpu = machine.gpu(request.gpu());
        if (gpu.isPresent()) {
            Planner planner = new Planner(machine, request, remembered);
            return new Answer.Planned(
                    request.target() == Target.VM ? planner.toVm(gpu.get()) : planner.toHost(gpu.get()));
        }
        return new Answer.NoPlan(machine.device(request.gpu())
                .<Refusal>map(device ->
                        new Refusal.NotAGpu(device.address(), device.name(), device.kind().toString()))
                .orElse(new Refusal.NoSuchDevice(request.gpu())));
    }

    private SwitchPlan toVm(Gpu gpu) {
        List<PciDevice> functions = withExtras(gpu, request.with());
        if (gpu.mode() == Gpu.Mode.VM && gpu.conflicts().isEmpty()) {
            refusals.add(new Refusal.AlreadyThere(gpu.address(), Target.VM));
            return new SwitchPlan(
                    request, gpu, functions, steps, refusals, standing(functions, Optional.empty()), risk(functions));
        }
        refuseDeadKernel();
        refuseWithoutVfio(gpu);
        refuseSharedGroups(functions);
        refuseHeld(functions);
        step(Step.Question.UNUSED, functions);
        if (machine.vfio() == Machine.VfioDriver.LOADABLE) {
            steps.add(new Step.Change(
                    new Setting.Module(PciDevice.VFIO_PCI), "", Setting.Module.LOADED, Step.Undo.STAYS));
        }
        // A sleeping function answers its config space with ones; vfio-pci manages the power of its own by itself.
        for (PciDevice function : functions) {
            if (function.power().control().equals("auto") && !function.onVfio()) {
                change(new Setting.PowerControl(function.address()), "auto", "on");
            }
        }
        List<Ladder> ladders = ladders(gpu);
        boolean loaded = machine.bootfb().state() == BootfbModule.State.LOADED;
        ladders.forEach(ladder -> steps.addAll(ladder.ahead(loaded)));
        for (PciDevice function : functions) {
            setOverride(function, PciDevice.VFIO_PCI);
        }
        // The GPU last: its companions depend on it, and it takes the longest.
        for (PciDevice function : functions.reversed()) {
            if (!function.onVfio()) {
                change(new Setting.Driver(function.address()), driver(function), "");
            }
        }
        // While no driver has the GPU: neither the module nor a native driver could work under another one.
        ladders.forEach(ladder -> steps.addAll(ladder.steps(loaded, PciDevice.VFIO_PCI)));
        for (PciDevice function : functions) {
            if (!function.onVfio()) {
                change(new Setting.Driver(function.address()), "", PciDevice.VFIO_PCI);
                sayEvicted(gpu, function);
            }
        }
        step(Step.Question.PROVEN, functions);
        Optional<FirmwareFramebuffer> unbound =
                ladders.stream().flatMap(ladder -> ladder.unbound().stream()).findFirst();
        return new SwitchPlan(request, gpu, functions, steps, refusals, standing(functions, unbound), risk(functions));
    }

    private List<Ladder> ladders(Gpu gpu) {
        List<Ladder> ladders = gpu.conflicts().stream()
                .map(overlap -> Ladder.of(machine, gpu.graphics(), overlap, request.nativeDriver()))
                .toList();
        ladders.forEach(ladder -> ladder.refusal().ifPresent(refusals::add));
        return ladders;
    }

    private void sayEvicted(Gpu gpu, PciDevice function) {
        gpu.overlaps().stream()
                .filter(o -> o.verdict() == Overlap.Verdict.EVICTED && o.gpu().equals(function.address()))
                .forEach(o -> steps.add(new Step.Eviction(
                        o.gpu(), o.bar().index(), o.region().name(), o.region().range())));
    }

    private SwitchPlan toHost(Gpu gpu) {
        Set<PciAddress> extras = new LinkedHashSet<>(request.with());
        remembered.ifPresent(settings -> settings.functions().keySet().stream()
                .filter(address -> machine.device(address).filter(PciDevice::onVfio).isPresent())
                .forEach(extras::add));
        List<PciDevice> functions = withExtras(gpu, List.copyOf(extras));
        HostSettings settings = remembered.orElse(new HostSettings(Map.of(), Optional.empty()));
        boolean anyThere = functions.stream()
                .anyMatch(f -> f.onVfio() || override(f).equals(PciDevice.VFIO_PCI));
        if (!anyThere) {
            refusals.add(new Refusal.AlreadyThere(gpu.address(), Target.HOST));
            return new SwitchPlan(request, gpu, functions, steps, refusals, settings, SwitchPlan.Risk.RESTORE);
        }
        refuseDeadKernel();
        refuseHeld(functions);
        step(Step.Question.UNUSED, functions);
        Map<PciAddress, String> later = new TreeMap<>();
        for (PciDevice function : functions) {
            Optional<HostSettings.Function> before = wanted(settings, function);
            String override = before.map(HostSettings.Function::override).orElse("");
            if (isFree(function) && before.filter(f -> keepsOut(f.override(), f.driver())).isPresent()) {
                later.put(function.address(), override);
                override = "";
            }
            setOverride(function, override);
        }
        for (PciDevice function : functions.reversed()) {
            if (function.onVfio()) {
                change(new Setting.Driver(function.address()), PciDevice.VFIO_PCI, "");
            }
        }
        // Only now: a framebuffer bound back while vfio-pci has the GPU would block the next virtual machine.
        settings.framebuffer().ifPresent(this::restoreFramebuffer);
        for (PciDevice function : functions) {
            if (isFree(function)) {
                bindBack(function, wanted(settings, function));
            }
        }
        later.forEach((function, override) -> change(new Setting.Override(function), "", override));
        for (PciDevice function : functions) {
            wanted(settings, function)
                    .map(HostSettings.Function::powerControl)
                    .ifPresent(control -> restorePower(function, control));
        }
        step(Step.Question.BACK, functions);
        return new SwitchPlan(request, gpu, functions, steps, refusals, settings, SwitchPlan.Risk.RESTORE);
    }

    /**
     * Sets the override. What is there now may be younger than the driver and not let it in again: then it takes a step
     * more, so that there is a moment to undo to in which the driver can come back. vfio-pci comes back by its name alone,
     * for otherwise the kernel may choose another.
     */
    private void setOverride(PciDevice function, String to) {
        Setting override = new Setting.Override(function.address());
        String now = override(function);
        String between = function.onVfio() ? PciDevice.VFIO_PCI : keepsOut(now, driver(function)) ? "" : now;
        change(override, now, between);
        change(override, between, to);
    }

    /** vfio-pci changes the power control when it comes and when it goes, so what it is now says nothing. */
    private void restorePower(PciDevice function, String wanted) {
        switch (wanted) {
            case "auto" -> change(new Setting.PowerControl(function.address()), "on", "auto");
            case "on" -> change(new Setting.PowerControl(function.address()), "auto", "on");
            default -> {}
        }
    }

    private void bindBack(PciDevice function, Optional<HostSettings.Function> before) {
        if (before.isEmpty()) {
            steps.add(new Step.Offer(function.address()));
        } else {
            change(new Setting.Driver(function.address()), "", before.get().driver());
        }
    }

    private void restoreFramebuffer(FirmwareFramebuffer before) {
        machine.framebuffers().stream()
                .filter(now -> now.device().equals(before.device()) && now.driver().isEmpty())
                .findFirst()
                .ifPresent(now -> change(
                        new Setting.FramebufferDriver(now.device()), "", before.driver().orElse("")));
    }

    private static Optional<HostSettings.Function> wanted(HostSettings settings, PciDevice function) {
        return Optional.ofNullable(settings.functions().get(function.address()));
    }

    private void change(Setting setting, String from, String to) {
        if (!from.equals(to)) {
            steps.add(new Step.Change(setting, from, to, Step.Undo.REVERSIBLE));
        }
    }

    private void step(Step.Question question, List<PciDevice> functions) {
        steps.add(new Step.Check(
                question, functions.stream().map(PciDevice::address).toList()));
    }

    /** Whether the host has to be given a function, since none of its drivers has it. */
    private static boolean isFree(PciDevice function) {
        return function.onVfio() || function.driver().isEmpty();
    }

    /**
     * Whether an override would keep a driver from being bound again. It does where it was written after the driver was
     * bound, by hand or by tools that do not probe.
     */
    private static boolean keepsOut(String override, String driver) {
        return !override.isEmpty() && !driver.isEmpty() && !override.equals(driver);
    }

    private static String driver(PciDevice device) {
        return device.driver().orElse("");
    }

    private static String override(PciDevice device) {
        return device.driverOverride().orElse("");
    }

    private List<PciDevice> withExtras(Gpu gpu, List<PciAddress> extras) {
        List<PciDevice> functions = new ArrayList<>(gpu.functions());
        for (PciAddress address : extras) {
            Optional<PciDevice> extra = machine.device(address);
            if (extra.isEmpty()) {
                refusals.add(new Refusal.NoSuchDevice(address));
            } else if (!functions.contains(extra.get())) {
                refuseImmovable(extra.get());
                functions.add(extra.get());
            }
        }
        return functions;
    }

    private void refuseImmovable(PciDevice device) {
        Optional<Refusal.NeverMoves.Kind> kind = device.isBridge()
                ? Optional.of(Refusal.NeverMoves.Kind.BRIDGE)
                : device.kind().isStorage()
                        ? Optional.of(Refusal.NeverMoves.Kind.STORAGE)
                        : device.kind().isNetwork() ? Optional.of(Refusal.NeverMoves.Kind.NETWORK) : Optional.empty();
        kind.ifPresent(k -> refusals.add(new Refusal.NeverMoves(device.address(), device.name(), k)));
    }

    private void refuseDeadKernel() {
        if (machine.taint().oops()) {
            refusals.add(new Refusal.KernelDied());
        }
    }

    private void refuseWithoutVfio(Gpu gpu) {
        if (gpu.graphics().group().isEmpty()) {
            refusals.add(new Refusal.IommuOff(gpu.address(), machine.iommuOption(), machine.iommuKeptOffBy()));
        }
        if (machine.vfio() == Machine.VfioDriver.MISSING) {
            refusals.add(new Refusal.VfioMissing(machine.kernel().release()));
        }
    }

    /** A group is viable when nobody else in it is on a driver of the host; bridges' own drivers do not count. */
    private void refuseSharedGroups(List<PciDevice> functions) {
        Set<PciAddress> seen = new HashSet<>();
        functions.forEach(function -> seen.add(function.address()));
        for (PciDevice function : functions) {
            machine.groupOf(function).ifPresent(group -> group.members().stream()
                    .filter(member -> member.driver().isPresent() && !member.onVfio() && !member.isBridge())
                    .filter(member -> seen.add(member.address()))
                    .forEach(member -> refusals.add(new Refusal.GroupShared(
                            function.address(), group.number(), member.address(), member.name(), driver(member)))));
        }
    }

    private void refuseHeld(List<PciDevice> functions) {
        for (PciDevice function : functions) {
            machine.holdersOf(function).stream()
                    .filter(Holder::blocks)
                    .forEach(holder -> refusals.add(new Refusal.InUse(function.address(), holder)));
        }
    }

    /** How the functions stand in host mode; of one that is on vfio-pci already, what was remembered, if anything. */
    private HostSettings standing(List<PciDevice> functions, Optional<FirmwareFramebuffer> unbound) {
        Map<PciAddress, HostSettings.Function> standing = new TreeMap<>();
        for (PciDevice f : functions) {
            if (f.onVfio()) {
                remembered.flatMap(settings -> wanted(settings, f)).ifPresent(w -> standing.put(f.address(), w));
            } else {
                standing.put(
                        f.address(),
                        new HostSettings.Function(
                                driver(f), override(f), f.power().control()));
            }
        }
        return new HostSettings(standing, unbound.or(() -> remembered.flatMap(HostSettings::framebuffer)));
    }

    /** That of the riskiest of all GPUs that move, also of one that was only given along. */
    private SwitchPlan.Risk risk(List<PciDevice> functions) {
        boolean anyDisplay = functions.stream()
                .flatMap(function -> machine.gpu(function.address()).stream())
                .anyMatch(Gpu::drivesDisplay);
        return anyDisplay ? SwitchPlan.Risk.SWITCH_DISPLAY : SwitchPlan.Risk.SWITCH;
    }
}
