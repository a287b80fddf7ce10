package org.switchback.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.switchback.hardware.BootfbModule;
import org.switchback.hardware.FirmwareClaim;
import org.switchback.hardware.FirmwareFramebuffer;
import org.switchback.hardware.Machine;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;

/**
 * How a claim that vfio-pci could not live with is got out of a BAR: every way that can work on this kernel, the gentlest
 * first, or why there is none. What vfio-pci evicts itself does not get here.
 *
 * @param rungs   in the order they are tried
 * @param refusal why there is none; empty when there is one
 */
record Ladder(Overlap overlap, List<Rung.Way> rungs, Optional<Refusal> refusal) {
    Ladder {
        rungs = List.copyOf(rungs);
    }

    static Ladder of(Machine machine, PciDevice graphics, Overlap overlap, boolean nativeDriverAllowed) {
        Rung.Claim claim = claim(overlap);
        Optional<FirmwareClaim> firmware = FirmwareClaim.ofRegion(claim.region());
        if (firmware.isEmpty()) {
            return refused(overlap, new Refusal.UnknownClaim(claim));
        }
        boolean spent = overlap.framebuffer().filter(FirmwareFramebuffer::spent).isPresent();
        boolean nativeWouldDo = graphics.driver().isEmpty()
                && machine.kernel()
                        .nativeDriverEvicts(
                                bound(overlap).isPresent(), graphics.kind().isVga());
        List<Rung.Way> rungs = new ArrayList<>();
        if (bound(overlap).isPresent() && !firmware.get().outlivesDriver()) {
            rungs.add(Rung.Way.UNBIND);
        }
        if (nativeDriverAllowed && nativeWouldDo) {
            rungs.add(Rung.Way.NATIVE_DRIVER);
        }
        // The module refuses whatever is not called so.
        if (firmware.get() == FirmwareClaim.BOOTFB && !spent) {
            Optional<Refusal> unusable = unusable(machine, claim, nativeWouldDo && !nativeDriverAllowed);
            if (unusable.isEmpty()) {
                rungs.add(Rung.Way.MODULE);
            } else if (rungs.isEmpty()) {
                return refused(overlap, unusable.get());
            }
        }
        if (rungs.isEmpty()) {
            return refused(
                    overlap, spent ? new Refusal.FramebufferSpent(claim) : new Refusal.FramebufferStays(claim));
        }
        return new Ladder(overlap, rungs, Optional.empty());
    }

    private static Ladder refused(Overlap overlap, Refusal why) {
        return new Ladder(overlap, List.of(), Optional.of(why));
    }

    private static Optional<Refusal> unusable(Machine machine, Rung.Claim claim, boolean nativeWouldDo) {
        BootfbModule module = machine.bootfb();
        return switch (module.state()) {
            case LOADED -> Optional.empty();
            case INSTALLED ->
                machine.loading().refuses(module.signature())
                        ? Optional.of(new Refusal.ModuleUnsigned(
                                claim, machine.loading(), machine.distribution(), nativeWouldDo))
                        : Optional.empty();
            case MISSING ->
                Optional.of(new Refusal.ModuleMissing(claim, machine.kernel().release(), nativeWouldDo));
        };
    }

    private static Rung.Claim claim(Overlap overlap) {
        return new Rung.Claim(
                overlap.gpu(),
                overlap.bar().index(),
                overlap.region().name(),
                overlap.region().range());
    }

    /** The driver that could be unbound; never one that has lost its framebuffer. */
    private static Optional<FirmwareFramebuffer> bound(Overlap overlap) {
        return overlap.framebuffer().filter(fb -> fb.driver().isPresent() && fb.drawing());
    }

    /** The framebuffer that the way back gives its driver again; empty when none is taken from it. */
    Optional<FirmwareFramebuffer> unbound() {
        return rungs.contains(Rung.Way.UNBIND) ? bound(overlap) : Optional.empty();
    }

    /**
     * What is done before anything else. A module that the kernel does not take is known then, before anything is changed;
     * where a gentler rung may spare it, it is not loaded ahead.
     *
     * @param loaded whether the module is loaded already
     */
    List<Step> ahead(boolean loaded) {
        return rungs.equals(List.of(Rung.Way.MODULE)) && !loaded ? List.of(loading()) : List.of();
    }

    /**
     * What is done once the functions are unbound.
     *
     * @param loaded   whether the module is loaded already
     * @param override what the GPU's override is by then
     */
    List<Step> steps(boolean loaded, String override) {
        List<Step> steps = new ArrayList<>();
        for (Rung.Way way : rungs) {
            switch (way) {
                case UNBIND -> bound(overlap).ifPresent(fb -> steps.add(step(
                        way,
                        Rung.Part.RELEASES,
                        reversible(new Setting.FramebufferDriver(fb.device()), fb.driver().orElse(""), ""))));
                case NATIVE_DRIVER -> borrow(override, steps);
                case MODULE -> {
                    if (!loaded && ahead(false).isEmpty()) {
                        steps.add(loading());
                    }
                    Rung.Claim claim = claim(overlap);
                    steps.add(step(
                            way,
                            Rung.Part.RELEASES,
                            new Step.Change(claim.setting(), claim.region(), "", Step.Undo.UNTIL_RESTART)));
                    if (!loaded) {
                        steps.add(step(
                                way,
                                Rung.Part.CLEANS_UP,
                                new Step.Change(
                                        new Setting.Module(BootfbModule.NAME),
                                        Setting.Module.LOADED,
                                        "",
                                        Step.Undo.STAYS)));
                    }
                }
            }
        }
        return steps;
    }

    private void borrow(String override, List<Step> steps) {
        PciAddress gpu = overlap.gpu();
        Rung.Way way = Rung.Way.NATIVE_DRIVER;
        Setting.Override setting = new Setting.Override(gpu);
        steps.add(step(way, Rung.Part.PREPARES, reversible(setting, override, "")));
        steps.add(step(way, Rung.Part.PREPARES, new Step.Summon(gpu)));
        steps.add(step(way, Rung.Part.RELEASES, new Step.Offer(gpu)));
        steps.add(step(way, Rung.Part.CLEANS_UP, new Step.Withdraw(gpu)));
        steps.add(step(way, Rung.Part.CLEANS_UP, reversible(setting, "", override)));
    }

    private Step loading() {
        return step(
                Rung.Way.MODULE,
                Rung.Part.PREPARES,
                reversible(new Setting.Module(BootfbModule.NAME), "", Setting.Module.LOADED));
    }

    private static Step.Change reversible(Setting setting, String from, String to) {
        return new Step.Change(setting, from, to, Step.Undo.REVERSIBLE);
    }

    private Step step(Rung.Way way, Rung.Part part, Step step) {
        return new Step.OnRung(new Rung(way, reason(way), claim(overlap), part), step);
    }

    private Rung.Reason reason(Rung.Way way) {
        return switch (way) {
            case UNBIND -> Rung.Reason.GOES_WITH_DRIVER;
            case NATIVE_DRIVER -> Rung.Reason.ALLOWED;
            case MODULE -> bound(overlap).isPresent() ? Rung.Reason.OUTLIVES_DRIVER : Rung.Reason.NO_DRIVER;
        };
    }
}
