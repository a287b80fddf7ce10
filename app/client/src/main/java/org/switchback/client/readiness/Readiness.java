package org.switchback.client.readiness;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.readiness.CheckResult.CheckStatus;
import org.switchback.hardware.Bar;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.FirmwareIommuVendor;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.IommuGroup;
import org.switchback.hardware.KebabCase;
import org.switchback.hardware.KernelReference;
import org.switchback.hardware.Lockdown;
import org.switchback.hardware.Machine;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.PossibleUser;
import org.switchback.job.RefusalSummary;
import org.switchback.plan.RefusalCode;

/**
 * Whether a GPU can be switched to VM mode, check by check. Evaluated from facts only, without side effects.
 *
 * @param gpu the GPU
 * @param results one for each {@link ReadinessCheckKind}, in declaration order
 */
public record Readiness(Gpu gpu, List<CheckResult> results) {
    public Readiness {
        results = List.copyOf(results);
    }

    /**
     * Evaluates all checks.
     *
     * @param source where the facts are from; also tells whether a helper is available
     * @param refusals refusals of the planner for a switch to VM mode
     */
    public static Readiness of(Machine machine, Gpu gpu, MachineSource source, List<RefusalSummary> refusals) {
        return new Readiness(gpu, new ReadinessEvaluator(machine, gpu, source, refusals).evaluate());
    }

    /** Number of checks with a status. */
    public long count(CheckStatus status) {
        return results.stream().filter(result -> result.status() == status).count();
    }

    /** Whether at least one check blocks a switch. */
    public boolean isBlocked() {
        return count(CheckStatus.BLOCKED) > 0;
    }

    private static final class ReadinessEvaluator {
        private static final Set<RefusalCode> COVERED_BY_OTHER_CHECKS = EnumSet.of(
                RefusalCode.IOMMU_OFF,
                RefusalCode.IN_USE,
                RefusalCode.KERNEL_REFERENCE,
                RefusalCode.ALREADY_IN_VM_MODE,
                RefusalCode.VFIO_MISSING,
                RefusalCode.GROUP_SHARED,
                RefusalCode.GROUP_SHARED_NOT_MOVABLE,
                RefusalCode.NOT_RESPONDING,
                RefusalCode.MEMORY_UNASSIGNED,
                RefusalCode.DIRECT_MAPPING);

        /** PCI vendor ID. The drivers of Intel's graphics cards expect the whole memory of the card in the BAR. */
        private static final int INTEL = 0x8086;

        /** Size in bytes that BARs of graphics cards have without Resizable BAR. */
        private static final long UNRESIZED_BAR = 256L << 20;

        private final Machine machine;
        private final Gpu gpu;
        private final PciDevice graphics;
        private final MachineSource source;
        private final List<RefusalSummary> refusals;

        ReadinessEvaluator(Machine machine, Gpu gpu, MachineSource source, List<RefusalSummary> refusals) {
            this.machine = machine;
            this.gpu = gpu;
            this.graphics = gpu.graphics();
            this.source = source;
            this.refusals = refusals;
        }

        /** What a check found; the parameters are those of {@link CheckResult}. */
        private record Finding(
                CheckStatus status, String code, List<List<String>> arguments, List<RefusalSummary> refusals) {}

        List<CheckResult> evaluate() {
            List<CheckResult> results = new ArrayList<>();
            for (ReadinessCheckKind check : ReadinessCheckKind.values()) {
                Finding finding =
                        switch (check) {
                            case IOMMU_FIRMWARE -> checkFirmwareIommu();
                            case IOMMU_KERNEL -> checkKernelIommu();
                            case VFIO -> checkVfio();
                            case MODULES -> checkModules();
                            case RESPONSE -> checkResponse();
                            case MEMORY -> checkMemory();
                            case GROUP -> checkGroup();
                            case DIRECT_MAPPINGS -> checkDirectMappings();
                            case FUNCTIONS -> checkFunctions();
                            case DESKTOP -> checkDesktop();
                            case USERS -> checkUsers();
                            case REFERENCES -> checkReferences();
                            case FRAMEBUFFER -> checkFramebuffer();
                            case LOCKDOWN -> checkLockdown();
                            case KERNEL -> checkKernel();
                            case KERNEL_OPTIONS -> checkKernelOptions();
                            case HELPER -> checkHelper();
                            case RESET -> checkReset();
                            case RESIZABLE_BAR -> checkResizableBar();
                            case POWER -> checkPower();
                        };
                results.add(new CheckResult(
                        check, finding.status(), finding.code(), finding.arguments(), finding.refusals()));
            }
            return results;
        }

        // IOMMU and VFIO.

        private Finding checkFirmwareIommu() {
            if (graphics.iommuGroup().isPresent() || !machine.iommuGroups().isEmpty()) {
                return ready("in-use");
            }
            return switch (machine.firmwareIommuVendor()) {
                case INTEL, AMD -> ready("offered");
                case NONE ->
                    switch (machine.platform()) {
                        case XEN -> unknown("xen");
                        case GUEST, HYPER_V_GUEST -> unknown("guest");
                        case DEVICE_TREE, OTHER -> blockedByFirmware();
                    };
                case UNKNOWN -> unknown("unknown");
            };
        }

        private Finding blockedByFirmware() {
            return blocked("off" + processorVendorSuffix());
        }

        /** Firmware setups name the IOMMU by processor vendor: VT-d or AMD-Vi. */
        private String processorVendorSuffix() {
            return switch (machine.processorVendor()) {
                case "GenuineIntel" -> ".intel";
                case "AuthenticAMD" -> ".amd";
                default -> "";
            };
        }

        private Finding checkKernelIommu() {
            if (graphics.iommuGroup().isPresent()) {
                return ready(
                        "in-use", List.of(Integer.toString(graphics.iommuGroup().get())));
            }
            return switch (machine.missingGroupReason(graphics)) {
                case XEN -> blocked("xen");
                case GRAPHICS_EXCLUDED -> blocked("graphics-excluded");
                case NOT_COVERED -> blocked("not-covered");
                case HYPER_V_GUEST -> blocked("hyper-v-guest");
                case GUEST -> blocked("guest");
                case DEVICE_TREE -> blocked("device-tree");
                case DISABLED ->
                    blocked("kept-off", machine.iommuDisableOption().stream().toList());
                case NOT_ENABLED -> checkNotEnabledIommu();
            };
        }

        private Finding checkNotEnabledIommu() {
            List<String> option = machine.iommuEnableOption().filter(name -> !machine.hasKernelOption(name)).stream()
                    .toList();
            if (!option.isEmpty()) {
                return blocked("option-missing", option);
            }
            boolean offered = machine.firmwareIommuVendor() == FirmwareIommuVendor.INTEL
                    || machine.firmwareIommuVendor() == FirmwareIommuVendor.AMD;
            return blocked(offered ? "no-group" : "firmware-first");
        }

        private Finding checkVfio() {
            return switch (machine.vfioDriverState()) {
                case LOADED -> ready("loaded");
                case LOADABLE -> ready("loadable");
                case MISSING ->
                    refused(List.of(new RefusalSummary(
                            RefusalCode.VFIO_MISSING,
                            List.of(machine.kernelVersion().release()))));
            };
        }

        // The card itself.

        private Finding checkResponse() {
            List<RefusalSummary> notResponding = refusalsWithCode(RefusalCode.NOT_RESPONDING);
            if (!notResponding.isEmpty()) {
                return refused(notResponding);
            }
            if (graphics.headerType().isPresent()) {
                return ready("answers");
            }
            return unknown(isSuspended() ? "asleep" : "unknown");
        }

        private Finding checkMemory() {
            List<RefusalSummary> unassigned = refusalsWithCode(RefusalCode.MEMORY_UNASSIGNED);
            if (!unassigned.isEmpty()) {
                return refused(unassigned);
            }
            return graphics.bars().isEmpty() ? unknown("unknown") : ready("assigned");
        }

        // IOMMU group and functions.

        private Finding checkGroup() {
            if (graphics.iommuGroup().isEmpty()) {
                return unknown("none");
            }
            List<RefusalSummary> shared = refusals.stream()
                    .filter(refusal -> refusal.code().isAboutSharedGroup())
                    .toList();
            if (!shared.isEmpty()) {
                return refused(shared);
            }
            List<String> others = briefAddresses(machine.iommuNeighboursOf(gpu.functions()));
            return others.isEmpty()
                    ? ready(
                            "own",
                            List.of(Integer.toString(graphics.iommuGroup().get())))
                    : ready("idle", others);
        }

        private Finding checkDirectMappings() {
            List<RefusalSummary> required = refusalsWithCode(RefusalCode.DIRECT_MAPPING);
            if (!required.isEmpty()) {
                return refused(required);
            }
            if (graphics.iommuGroup().isEmpty()) {
                return unknown("no-group");
            }
            boolean known = machine.iommuGroupOf(graphics)
                    .flatMap(IommuGroup::directMappings)
                    .isPresent();
            return known ? ready("none") : unknown("unknown");
        }

        private Finding checkFunctions() {
            List<String> functions = briefAddresses(gpu.functions());
            if (gpu.mode() == Gpu.GpuMode.PARTIALLY_SWITCHED) {
                List<String> inVmMode = briefAddresses(gpu.functions().stream()
                        .filter(PciDevice::isBoundToVfio)
                        .toList());
                if (inVmMode.isEmpty()) {
                    return warning(
                            "reserved",
                            briefAddresses(gpu.functions().stream()
                                    .filter(PciDevice::hasVfioOverride)
                                    .toList()));
                }
                return warning(
                        "mixed",
                        inVmMode,
                        briefAddresses(gpu.functions().stream()
                                .filter(function -> !function.isBoundToVfio())
                                .toList()));
            }
            List<String> notMoving = briefAddresses(machine.devices().values().stream()
                    .filter(device -> device.address().isSameSlot(gpu.address())
                            && !gpu.functions().contains(device))
                    .toList());
            if (!notMoving.isEmpty()) {
                return ready("some-stay", functions, notMoving);
            }
            return functions.size() == 1 ? ready("one") : ready("together", functions);
        }

        private static List<String> briefAddresses(List<PciDevice> devices) {
            return devices.stream()
                    .map(device -> device.address().toShortString())
                    .toList();
        }

        // Users of the GPU.

        private Finding checkDesktop() {
            boolean isOnlyGpu = machine.gpus().size() == 1;
            if (!graphics.activeConnectors().isEmpty()) {
                // Without a helper the programs of other users are not visible, so assume that one uses the display.
                boolean inUse = source instanceof MachineSource.ReadOnlyMachine
                        || !gpu.blockingUsers().isEmpty();
                return inUse
                        ? blocked(isOnlyGpu ? "sole" : "this", graphics.activeConnectors())
                        : warning("idle", graphics.activeConnectors());
            }
            for (Gpu other : machine.gpus()) {
                if (!other.graphics().activeConnectors().isEmpty()) {
                    return ready(
                            "other",
                            List.of(other.graphics().name()),
                            other.graphics().activeConnectors());
                }
            }
            if (isOnlyGpu) {
                return warning("only");
            }
            // A GPU without a DRM driver does not report whether a display is active.
            boolean displaysUnknown = machine.gpus().stream()
                    .map(Gpu::graphics)
                    .anyMatch(device -> !device.isBoundToVfio() && !device.hasDrmCard());
            return displaysUnknown ? unknown("unknown") : ready("no-screen");
        }

        private Finding checkUsers() {
            List<DeviceUser> users = gpu.blockingUsers();
            if (users.isEmpty()) {
                if (source instanceof MachineSource.ReadOnlyMachine) {
                    return unknown("unseen");
                }
                if (!gpu.possibleUsers().isEmpty()) {
                    List<String> programs = programs(
                            gpu.possibleUsers().stream().map(PossibleUser::user).toList());
                    return gpu.possibleUsers().stream().allMatch(PossibleUser::usesAnotherGpu)
                            ? ready("other-gpu", programs)
                            : warning("possible", programs);
                }
                List<DeviceUser> peripheralUsers = gpu.deviceUsers().stream()
                        .filter(DeviceUser::isUsbPeripheral)
                        .toList();
                if (!peripheralUsers.isEmpty()) {
                    return warning("usb", programs(peripheralUsers));
                }
                List<String> nonBlocking = programs(gpu.deviceUsers());
                return nonBlocking.isEmpty() ? ready("none") : ready("let-go", nonBlocking);
            }
            boolean onlyPersistenceDaemon =
                    users.stream().allMatch(user -> user.program().startsWith("nvidia-persiste"));
            return new Finding(
                    CheckStatus.BLOCKED,
                    onlyPersistenceDaemon ? "persistence" : "used",
                    List.of(),
                    users.stream().map(this::inUseRefusal).toList());
        }

        private static List<String> programs(List<DeviceUser> users) {
            return users.stream().map(DeviceUser::program).distinct().toList();
        }

        private Finding checkReferences() {
            List<RefusalSummary> blocking = gpu.kernelReferences().stream()
                    .filter(KernelReference::isBlockingUnbind)
                    .map(reference -> new RefusalSummary(
                            RefusalCode.KERNEL_REFERENCE,
                            List.of(reference.gpu().toShortString(), KebabCase.of(reference.kind()))))
                    .toList();
            if (!blocking.isEmpty()) {
                return refused(blocking);
            }
            boolean onlyConsole = gpu.kernelReferences().stream()
                    .allMatch(reference -> reference.kind() == KernelReference.ReferenceKind.TEXT_CONSOLE);
            return gpu.kernelReferences().isEmpty()
                    ? ready("none")
                    : warning(
                            onlyConsole ? "console" : "possible",
                            gpu.kernelReferences().stream()
                                    .map(reference -> KebabCase.of(reference.kind()))
                                    .toList());
        }

        private RefusalSummary inUseRefusal(DeviceUser user) {
            PciAddress used = gpu.functions().stream()
                    .filter(function -> function.deviceNodes().contains(user.deviceNode()))
                    .findFirst()
                    .map(PciDevice::address)
                    .orElse(gpu.address());
            return new RefusalSummary(
                    RefusalCode.IN_USE,
                    List.of(
                            used.toShortString(),
                            user.program(),
                            Integer.toString(user.pid()),
                            user.owner(),
                            "/dev/" + user.deviceNode()));
        }

        // Firmware regions in the GPU's memory, and kernel restrictions on removing them.

        private Finding checkFramebuffer() {
            if (machine.memoryMap().isEmpty()) {
                return unknown("unknown");
            }
            List<RefusalSummary> notReleasable = refusals.stream()
                    .filter(refusal ->
                            refusal.code().isAboutFirmwareRegion() && refusal.code() != RefusalCode.MODULE_UNSIGNED)
                    .toList();
            if (!notReleasable.isEmpty()) {
                return refused(notReleasable);
            }
            if (gpu.firmwareOverlaps().isEmpty()) {
                return ready("free");
            }
            if (gpu.conflicts().isEmpty()) {
                return ready("evicted");
            }
            return gpu.mode() == Gpu.GpuMode.VM ? warning("left") : ready("released");
        }

        /**
         * Without securityfs and the module parameter the kernel may still require signatures, so the result is UNKNOWN
         * then.
         */
        private Finding checkLockdown() {
            List<RefusalSummary> unsigned = refusalsWithCode(RefusalCode.MODULE_UNSIGNED);
            if (!unsigned.isEmpty()) {
                return refused(unsigned);
            }
            return switch (machine.moduleSignaturePolicy()) {
                case REQUIRED_BY_LOCKDOWN -> ready("locked-down");
                case ENFORCED -> ready("signed-only");
                case UNRESTRICTED -> machine.lockdown() == Lockdown.UNKNOWN ? unknown("unknown") : ready("none");
            };
        }

        private Finding checkModules() {
            return switch (machine.modulesOnDisk()) {
                case PRESENT -> ready("there", List.of(machine.kernelVersion().release()));
                case MISSING -> warning("gone", List.of(machine.kernelVersion().release()));
                case UNKNOWN -> unknown("unknown");
            };
        }

        private Finding checkKernel() {
            // Shows refusals that no other check covers, also those of later planners.
            List<RefusalSummary> others = refusals.stream()
                    .filter(refusal -> !refusal.code().isAboutFirmwareRegion()
                            && !COVERED_BY_OTHER_CHECKS.contains(refusal.code()))
                    .toList();
            if (!others.isEmpty()) {
                return refused(others);
            }
            return ready("well", List.of(machine.kernelVersion().release()));
        }

        /** The first argument lists the harmful options; each other one is a code, an option and its arguments. */
        private Finding checkKernelOptions() {
            if (machine.commandLine().isEmpty()) {
                return unknown("unknown");
            }
            List<KernelOptionEffects.OptionEffect> effects = KernelOptionEffects.find(machine, gpu);
            if (effects.isEmpty()) {
                return ready("none");
            }
            List<String> harmful = effects.stream()
                    .filter(KernelOptionEffects.OptionEffect::isHarmful)
                    .map(KernelOptionEffects.OptionEffect::option)
                    .distinct()
                    .toList();
            List<List<String>> values = new ArrayList<>();
            values.add(harmful);
            for (KernelOptionEffects.OptionEffect effect : effects) {
                values.add(Stream.concat(Stream.of(effect.code(), effect.option()), effect.arguments().stream())
                        .toList());
            }
            return new Finding(
                    harmful.isEmpty() ? CheckStatus.READY : CheckStatus.WARNING,
                    harmful.isEmpty() ? "listed" : "harmful",
                    values,
                    List.of());
        }

        private Finding checkHelper() {
            return switch (source) {
                case MachineSource.ThisMachine() -> ready("there");
                case MachineSource.SampleMachine sample -> ready("simulated");
                case MachineSource.SavedReport report -> ready("simulated");
                case MachineSource.ReadOnlyMachine(HelperException.FailureKind reason) ->
                    blocked(
                            switch (reason) {
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

        // Facts that do not block.

        private Finding checkReset() {
            if (graphics.resetMethods().equals(List.of("bus"))) {
                // A reset of the bus resets every function on it, so the kernel needs all of them for it.
                List<PciDevice> others = machine.devices().values().stream()
                        .filter(device -> device.address().isSameBus(gpu.address())
                                && !gpu.functions().contains(device))
                        .toList();
                if (!others.isEmpty()) {
                    return warning("bus-shared", briefAddresses(others));
                }
            }
            if (!graphics.resetMethods().isEmpty()) {
                return ready("methods", graphics.resetMethods());
            }
            return machine.kernelVersion().isAtLeast(5, 15) ? warning("none") : unknown("old-kernel");
        }

        private Finding checkResizableBar() {
            // The sysfs file exists since Linux 6.1. It is not read while the function is suspended.
            if (graphics.resizableBarSizes().isEmpty()) {
                if (!machine.kernelVersion().isAtLeast(6, 1)) {
                    return unknown("old-kernel");
                }
                return isSuspended() ? unknown("asleep") : ready("fixed");
            }
            return graphics.bars().stream()
                    .filter(bar -> graphics.resizableBarSizes().containsKey(bar.index()))
                    .max(Comparator.comparing(Bar::length, Long::compareUnsigned))
                    .map(this::resizableBarResult)
                    .orElseGet(() -> ready("fixed"));
        }

        private Finding resizableBarResult(Bar bar) {
            long largest = graphics.maxBarSize(bar.index()).orElse(bar.length());
            List<String> index = List.of(Integer.toString(bar.index()));
            List<String> size = List.of(Long.toString(bar.length()));
            if (Long.compareUnsigned(largest, bar.length()) <= 0) {
                return ready("largest", index, size);
            }
            return graphics.ids().vendor() == INTEL && Long.compareUnsigned(bar.length(), UNRESIZED_BAR) <= 0
                    ? warning("too-small", index, size, List.of(Long.toString(largest)))
                    : ready("could-grow", index, size, List.of(Long.toString(largest)));
        }

        private boolean isSuspended() {
            return graphics.power().runtimeStatus().startsWith("suspend");
        }

        private Finding checkPower() {
            if (gpu.mode() == Gpu.GpuMode.VM) {
                List<PciDevice> withoutPower = gpu.functions().stream()
                        .filter(function -> function.power().isInD3cold())
                        .toList();
                if (!withoutPower.isEmpty()) {
                    return warning(
                            "d3cold",
                            briefAddresses(withoutPower),
                            List.of(graphics.address().toString()));
                }
            }
            String state = graphics.power().powerState();
            return switch (graphics.power().runtimeStatus()) {
                case "" -> unknown("unknown");
                case "error" -> warning("error");
                case "suspended", "suspending" -> ready(sleepCode(), List.of(state.isEmpty() ? "D3" : state));
                default -> ready("awake");
            };
        }

        private String sleepCode() {
            if (gpu.mode() == Gpu.GpuMode.VM) {
                return "asleep-in-vm-mode";
            }
            return refusals.isEmpty() ? "asleep" : "asleep-refused";
        }

        // Creating results.

        private List<RefusalSummary> refusalsWithCode(RefusalCode code) {
            return refusals.stream().filter(refusal -> refusal.code() == code).toList();
        }

        @SafeVarargs
        private static Finding ready(String code, List<String>... values) {
            return new Finding(CheckStatus.READY, code, List.of(values), List.of());
        }

        @SafeVarargs
        private static Finding warning(String code, List<String>... values) {
            return new Finding(CheckStatus.WARNING, code, List.of(values), List.of());
        }

        @SafeVarargs
        private static Finding blocked(String code, List<String>... values) {
            return new Finding(CheckStatus.BLOCKED, code, List.of(values), List.of());
        }

        private static Finding unknown(String code) {
            return new Finding(CheckStatus.UNKNOWN, code, List.of(), List.of());
        }

        private static Finding refused(List<RefusalSummary> refusals) {
            return new Finding(CheckStatus.BLOCKED, "refused", List.of(), refusals);
        }
    }
}
