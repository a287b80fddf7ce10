package org.switchback.app.readiness;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.Source;
import org.switchback.app.readiness.Finding.Result;
import org.switchback.hardware.Bar;
import org.switchback.hardware.FirmwareIommu;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Holder;
import org.switchback.hardware.IommuGroup;
import org.switchback.hardware.Lockdown;
import org.switchback.hardware.Machine;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.protocol.PlannedRefusal;

/**
 * Whether a GPU could go to a virtual machine, check by check. Judged from facts alone.
 *
 * @param gpu      which GPU
 * @param findings one for each {@link Check}, in their order
 */
public record Readiness(Gpu gpu, List<Finding> findings) {
    public Readiness {
        findings = List.copyOf(findings);
    }

    /**
     * @param source   where the facts are from, and with it whether there is a helper
     * @param refusals what the planner has against a switch to VM mode
     */
    public static Readiness of(Machine machine, Gpu gpu, Source source, List<PlannedRefusal> refusals) {
        return new Readiness(gpu, new Judge(machine, gpu, source, refusals).findings());
    }

    /** Number of checks with that result. */
    public long count(Result result) {
        return findings.stream().filter(finding -> finding.result() == result).count();
    }

    /** Whether the GPU cannot be switched as things are. */
    public boolean blocked() {
        return count(Result.BLOCKS) > 0;
    }

    private static final class Judge {
        /** Has a check of its own, which tells what to do about it. */
        private static final String UNSIGNED = "module-unsigned";

        private static final Set<String> OF_OTHER_CHECKS =
                Set.of("iommu-off", "in-use", "already-in-vm-mode", "vfio-missing", "group-shared");

        private final Machine machine;
        private final Gpu gpu;
        private final PciDevice graphics;
        private final Source source;
        private final List<PlannedRefusal> refusals;
        private final List<Finding> findings = new ArrayList<>();

        Judge(Machine machine, Gpu gpu, Source source, List<PlannedRefusal> refusals) {
            this.machine = machine;
            this.gpu = gpu;
            this.graphics = gpu.graphics();
            this.source = source;
            this.refusals = refusals;
        }

        List<Finding> findings() {
            for (Check check : Check.values()) {
                findings.add(
                        switch (check) {
                            case IOMMU_FIRMWARE -> iommuInFirmware();
                            case IOMMU_KERNEL -> iommuInKernel();
                            case VFIO -> vfio();
                            case MODULES -> modules();
                            case GROUP -> group();
                            case FUNCTIONS -> functions();
                            case DESKTOP -> desktop();
                            case USERS -> users();
                            case FRAMEBUFFER -> framebuffer();
                            case LOCKDOWN -> lockdown();
                            case KERNEL -> kernel();
                            case HELPER -> helper();
                            case RESET -> reset();
                            case RESIZABLE_BAR -> resizableBar();
                            case POWER -> power();
                        });
            }
            return findings;
        }

        // The IOMMU.

        private Finding iommuInFirmware() {
            if (graphics.group().isPresent()) {
                return ready(Check.IOMMU_FIRMWARE, "in-use");
            }
            return switch (machine.iommu()) {
                case INTEL, AMD -> ready(Check.IOMMU_FIRMWARE, "offered");
                case NONE -> blocks(Check.IOMMU_FIRMWARE, "off" + maker());
                case UNKNOWN -> unknown(Check.IOMMU_FIRMWARE, "unknown");
            };
        }

        /** What the setup of the firmware calls the IOMMU depends on who made the processor. */
        private String maker() {
            return switch (machine.processor()) {
                case "GenuineIntel" -> ".intel";
                case "AuthenticAMD" -> ".amd";
                default -> "";
            };
        }

        private Finding iommuInKernel() {
            if (graphics.group().isPresent()) {
                return ready(
                        Check.IOMMU_KERNEL,
                        "in-use",
                        List.of(Integer.toString(graphics.group().get())));
            }
            if (machine.iommuKeptOffBy().isPresent()) {
                return blocks(Check.IOMMU_KERNEL, "kept-off", machine.iommuKeptOffBy().stream().toList());
            }
            List<String> option = machine.iommuOption()
                    .filter(wanted -> !machine.onCommandLine(wanted))
                    .stream()
                    .toList();
            if (!option.isEmpty()) {
                return blocks(Check.IOMMU_KERNEL, "option-missing", option);
            }
            boolean offered = machine.iommu() == FirmwareIommu.INTEL || machine.iommu() == FirmwareIommu.AMD;
            return blocks(Check.IOMMU_KERNEL, offered ? "no-group" : "firmware-first");
        }

        private Finding vfio() {
            return switch (machine.vfio()) {
                case LOADED -> ready(Check.VFIO, "loaded");
                case LOADABLE -> ready(Check.VFIO, "loadable");
                case MISSING ->
                    refused(
                            Check.VFIO,
                            List.of(new PlannedRefusal(
                                    "vfio-missing", List.of(machine.kernel().release()))));
            };
        }

        // What goes along.

        private Finding group() {
            if (graphics.group().isEmpty()) {
                return unknown(Check.GROUP, "none");
            }
            List<PlannedRefusal> shared = refusals("group-shared");
            if (!shared.isEmpty()) {
                return refused(Check.GROUP, shared);
            }
            List<String> others = gpu.functions().stream()
                    .flatMap(function -> machine.groupOf(function).stream())
                    .map(IommuGroup::members)
                    .flatMap(List::stream)
                    .filter(member -> !member.isBridge() && !gpu.functions().contains(member))
                    .map(member -> member.address().brief())
                    .distinct()
                    .toList();
            return others.isEmpty()
                    ? ready(Check.GROUP, "own", List.of(Integer.toString(graphics.group().get())))
                    : ready(Check.GROUP, "idle", others);
        }

        private Finding functions() {
            List<String> along = brief(gpu.functions());
            if (gpu.mode() == Gpu.Mode.MIXED) {
                List<String> there = brief(gpu.functions().stream().filter(PciDevice::onVfio).toList());
                if (there.isEmpty()) {
                    return toDo(
                            Check.FUNCTIONS,
                            "reserved",
                            brief(gpu.functions().stream().filter(PciDevice::reserved).toList()));
                }
                return toDo(
                        Check.FUNCTIONS,
                        "mixed",
                        there,
                        brief(gpu.functions().stream().filter(f -> !f.onVfio()).toList()));
            }
            List<String> staying = brief(machine.devices().values().stream()
                    .filter(d -> d.address().sameSlot(gpu.address()) && !gpu.functions().contains(d))
                    .toList());
            if (!staying.isEmpty()) {
                return ready(Check.FUNCTIONS, "some-stay", along, staying);
            }
            return along.size() == 1 ? ready(Check.FUNCTIONS, "one") : ready(Check.FUNCTIONS, "together", along);
        }

        private static List<String> brief(List<PciDevice> devices) {
            return devices.stream().map(device -> device.address().brief()).toList();
        }

        // Who needs it.

        private Finding desktop() {
            boolean only = machine.gpus().size() == 1;
            if (!graphics.displays().isEmpty()) {
                // Without a helper nobody sees who draws.
                boolean drawn = source instanceof Source.LookOnly || gpu.holders().stream().anyMatch(Holder::blocks);
                return drawn
                        ? blocks(Check.DESKTOP, only ? "sole" : "this", graphics.displays())
                        : toDo(Check.DESKTOP, "idle", graphics.displays());
            }
            for (Gpu other : machine.gpus()) {
                if (!other.graphics().displays().isEmpty()) {
                    return ready(
                            Check.DESKTOP,
                            "other",
                            List.of(other.graphics().name()),
                            other.graphics().displays());
                }
            }
            if (only) {
                return toDo(Check.DESKTOP, "only");
            }
            // Without a driver for its screens a GPU does not say whether one is on.
            boolean silent = machine.gpus().stream()
                    .map(Gpu::graphics)
                    .anyMatch(g -> !g.onVfio() && !g.tellsDisplays());
            return silent ? unknown(Check.DESKTOP, "unknown") : ready(Check.DESKTOP, "no-screen");
        }

        private Finding users() {
            List<Holder> users = gpu.holders().stream().filter(Holder::blocks).toList();
            if (users.isEmpty()) {
                if (source instanceof Source.LookOnly) {
                    return unknown(Check.USERS, "unseen");
                }
                List<String> listening = gpu.holders().stream().map(Holder::program).distinct().toList();
                return listening.isEmpty() ? ready(Check.USERS, "nobody") : ready(Check.USERS, "let-go", listening);
            }
            boolean daemon = users.stream().allMatch(user -> user.program().startsWith("nvidia-persiste"));
            return new Finding(
                    Check.USERS,
                    Result.BLOCKS,
                    daemon ? "persistence" : "used",
                    List.of(),
                    users.stream().map(this::inUse).toList());
        }

        private PlannedRefusal inUse(Holder holder) {
            PciAddress used = gpu.functions().stream()
                    .filter(function -> function.nodes().contains(holder.node()))
                    .findFirst()
                    .map(PciDevice::address)
                    .orElse(gpu.address());
            return new PlannedRefusal(
                    "in-use",
                    List.of(
                            used.brief(),
                            holder.program(),
                            Integer.toString(holder.pid()),
                            holder.owner(),
                            "/dev/" + holder.node()));
        }

        // What is in the way in the GPU's memory, and what the kernel lets us do about it.

        private Finding framebuffer() {
            if (machine.memory().isEmpty()) {
                return unknown(Check.FRAMEBUFFER, "unknown");
            }
            List<PlannedRefusal> stays = refusals.stream()
                    .filter(refusal -> refusal.ofClaim() && !refusal.code.equals(UNSIGNED))
                    .toList();
            if (!stays.isEmpty()) {
                return refused(Check.FRAMEBUFFER, stays);
            }
            if (gpu.overlaps().stream().noneMatch(Overlap::fromFirmware)) {
                return ready(Check.FRAMEBUFFER, "free");
            }
            if (gpu.conflicts().isEmpty()) {
                return ready(Check.FRAMEBUFFER, "evicted");
            }
            return gpu.mode() == Gpu.Mode.VM
                    ? toDo(Check.FRAMEBUFFER, "left")
                    : ready(Check.FRAMEBUFFER, "released");
        }

        /** Without securityfs and its parameter the kernel may still ask for signatures, so that is not taken for granted. */
        private Finding lockdown() {
            List<PlannedRefusal> unsigned = refusals(UNSIGNED);
            if (!unsigned.isEmpty()) {
                return refused(Check.LOCKDOWN, unsigned);
            }
            return switch (machine.loading()) {
                case LOCKED_DOWN -> ready(Check.LOCKDOWN, "locked-down");
                case SIGNED_ONLY -> ready(Check.LOCKDOWN, "signed-only");
                case ANY ->
                    machine.lockdown() == Lockdown.UNKNOWN
                            ? unknown(Check.LOCKDOWN, "unknown")
                            : ready(Check.LOCKDOWN, "none");
            };
        }

        private Finding modules() {
            return switch (machine.modules()) {
                case THERE -> ready(Check.MODULES, "there", List.of(machine.kernel().release()));
                case GONE -> toDo(Check.MODULES, "gone", List.of(machine.kernel().release()));
                case UNKNOWN -> unknown(Check.MODULES, "unknown");
            };
        }

        private Finding kernel() {
            // What a later planner has against it belongs somewhere.
            List<PlannedRefusal> others = refusals.stream()
                    .filter(refusal -> !refusal.ofClaim() && !OF_OTHER_CHECKS.contains(refusal.code))
                    .toList();
            if (!others.isEmpty()) {
                return refused(Check.KERNEL, others);
            }
            return machine.taint().oops()
                    ? refused(Check.KERNEL, List.of(new PlannedRefusal("kernel-died", List.of())))
                    : ready(Check.KERNEL, "well", List.of(machine.kernel().release()));
        }

        private Finding helper() {
            return switch (source) {
                case Source.ThisMachine() -> ready(Check.HELPER, "there");
                case Source.Sample sample -> ready(Check.HELPER, "simulated");
                case Source.SavedReport report -> ready(Check.HELPER, "simulated");
                case Source.LookOnly(HelperProblem.Kind why) ->
                    blocks(
                            Check.HELPER,
                            switch (why) {
                                case MISSING -> "missing";
                                case STOPPED, NO_ANSWER, FAILED -> "stopped";
                                case REFUSED -> "refused";
                                case UNDECIDED -> "undecided";
                                case WRONG_VERSION -> "wrong-version";
                                case LOST -> "lost";
                                default -> "other";
                            });
            };
        }

        // What is good to know.

        private Finding reset() {
            if (!graphics.resetMethods().isEmpty()) {
                return ready(Check.RESET, "methods", graphics.resetMethods());
            }
            return machine.kernel().atLeast(5, 15)
                    ? toDo(Check.RESET, "none")
                    : unknown(Check.RESET, "old-kernel");
        }

        private Finding resizableBar() {
            // The file is there since 6.1; where it was left unread the function was asleep.
            if (graphics.resizable().isEmpty()) {
                if (!machine.kernel().atLeast(6, 1)) {
                    return unknown(Check.RESIZABLE_BAR, "old-kernel");
                }
                return asleep() ? unknown(Check.RESIZABLE_BAR, "asleep") : ready(Check.RESIZABLE_BAR, "fixed");
            }
            return graphics.bars().stream()
                    .filter(bar -> graphics.resizable().containsKey(bar.index()))
                    .max(Comparator.comparing(Bar::length, Long::compareUnsigned))
                    .map(this::resizable)
                    .orElseGet(() -> ready(Check.RESIZABLE_BAR, "fixed"));
        }

        private Finding resizable(Bar bar) {
            long largest = graphics.largest(bar.index()).orElse(bar.length());
            List<String> index = List.of(Integer.toString(bar.index()));
            List<String> now = List.of(Long.toString(bar.length()));
            return Long.compareUnsigned(largest, bar.length()) > 0
                    ? ready(Check.RESIZABLE_BAR, "could-grow", index, now, List.of(Long.toString(largest)))
                    : ready(Check.RESIZABLE_BAR, "largest", index, now);
        }

        private boolean asleep() {
            return graphics.power().runtimeStatus().startsWith("suspend");
        }

        private Finding power() {
            String state = graphics.power().state();
            return switch (graphics.power().runtimeStatus()) {
                case "" -> unknown(Check.POWER, "unknown");
                case "error" -> toDo(Check.POWER, "error");
                case "suspended", "suspending" ->
                    ready(Check.POWER, "asleep", List.of(state.isEmpty() ? "D3" : state));
                default -> ready(Check.POWER, "awake");
            };
        }

        // Findings.

        private List<PlannedRefusal> refusals(String code) {
            return refusals.stream().filter(refusal -> refusal.code.equals(code)).toList();
        }

        @SafeVarargs
        private static Finding ready(Check check, String code, List<String>... values) {
            return new Finding(check, Result.READY, code, List.of(values), List.of());
        }

        @SafeVarargs
        private static Finding toDo(Check check, String code, List<String>... values) {
            return new Finding(check, Result.TO_DO, code, List.of(values), List.of());
        }

        @SafeVarargs
        private static Finding blocks(Check check, String code, List<String>... values) {
            return new Finding(check, Result.BLOCKS, code, List.of(values), List.of());
        }

        private static Finding unknown(Check check, String code) {
            return new Finding(check, Result.UNKNOWN, code, List.of(), List.of());
        }

        private static Finding refused(Check check, List<PlannedRefusal> refusals) {
            return new Finding(check, Result.BLOCKS, "refused", List.of(), refusals);
        }
    }
}
