package org.switchback.client.readiness;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.readiness.CheckResult.CheckStatus;
import org.switchback.hardware.Bar;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.FirmwareIommuVendor;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.KebabCase;
import org.switchback.hardware.KernelReference;
import org.switchback.hardware.Lockdown;
import org.switchback.hardware.Machine;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.PossibleUser;
import org.switchback.job.PlannedRefusal;
import org.switchback.plan.RefusalCode;

/**
 * Whether a GPU can be switched to VM mode, check by check. Evaluated from facts only, without side effects.
 *
 * @param gpu the GPU
 * @param results one for each {@link ReadinessCheck}, in declaration order
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
    public static Readiness of(Machine machine, Gpu gpu, MachineSource source, List<PlannedRefusal> refusals) {
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
                RefusalCode.GROUP_SHARED);

        private final Machine machine;
        private final Gpu gpu;
        private final PciDevice graphics;
        private final MachineSource source;
        private final List<PlannedRefusal> refusals;
        private final List<CheckResult> results = new ArrayList<>();

        ReadinessEvaluator(Machine machine, Gpu gpu, MachineSource source, List<PlannedRefusal> refusals) {
            this.machine = machine;
            this.gpu = gpu;
            this.graphics = gpu.graphics();
            this.source = source;
            this.refusals = refusals;
        }

        List<CheckResult> evaluate() {
            for (ReadinessCheck check : ReadinessCheck.values()) {
                results.add(
                        switch (check) {
                            case IOMMU_FIRMWARE -> checkFirmwareIommu();
                            case IOMMU_KERNEL -> checkKernelIommu();
                            case VFIO -> checkVfio();
                            case MODULES -> checkModules();
                            case GROUP -> checkGroup();
                            case FUNCTIONS -> checkFunctions();
                            case DESKTOP -> checkDesktop();
                            case USERS -> checkUsers();
                            case REFERENCES -> checkReferences();
                            case FRAMEBUFFER -> checkFramebuffer();
                            case LOCKDOWN -> checkLockdown();
                            case KERNEL -> checkKernel();
                            case HELPER -> checkHelper();
                            case RESET -> checkReset();
                            case RESIZABLE_BAR -> checkResizableBar();
                            case POWER -> checkPower();
                        });
            }
            return results;
        }

        // IOMMU and VFIO.

        private CheckResult checkFirmwareIommu() {
            if (graphics.iommuGroup().isPresent()) {
                return ready(ReadinessCheck.IOMMU_FIRMWARE, "in-use");
            }
            return switch (machine.firmwareIommuVendor()) {
                case INTEL, AMD -> ready(ReadinessCheck.IOMMU_FIRMWARE, "offered");
                case NONE -> blocked(ReadinessCheck.IOMMU_FIRMWARE, "off" + processorVendorSuffix());
                case UNKNOWN -> unknown(ReadinessCheck.IOMMU_FIRMWARE, "unknown");
            };
        }

        /** Firmware setups name the IOMMU by processor vendor: VT-d or AMD-Vi. */
        private String processorVendorSuffix() {
            return switch (machine.processorVendor()) {
                case "GenuineIntel" -> ".intel";
                case "AuthenticAMD" -> ".amd";
                default -> "";
            };
        }

        private CheckResult checkKernelIommu() {
            if (graphics.iommuGroup().isPresent()) {
                return ready(
                        ReadinessCheck.IOMMU_KERNEL,
                        "in-use",
                        List.of(Integer.toString(graphics.iommuGroup().get())));
            }
            if (machine.iommuDisableOption().isPresent()) {
                return blocked(
                        ReadinessCheck.IOMMU_KERNEL,
                        "kept-off",
                        machine.iommuDisableOption().stream().toList());
            }
            List<String> option = machine.iommuEnableOption().filter(name -> !machine.hasKernelOption(name)).stream()
                    .toList();
            if (!option.isEmpty()) {
                return blocked(ReadinessCheck.IOMMU_KERNEL, "option-missing", option);
            }
            boolean offered = machine.firmwareIommuVendor() == FirmwareIommuVendor.INTEL
                    || machine.firmwareIommuVendor() == FirmwareIommuVendor.AMD;
            return blocked(ReadinessCheck.IOMMU_KERNEL, offered ? "no-group" : "firmware-first");
        }

        private CheckResult checkVfio() {
            return switch (machine.vfioDriverState()) {
                case LOADED -> ready(ReadinessCheck.VFIO, "loaded");
                case LOADABLE -> ready(ReadinessCheck.VFIO, "loadable");
                case MISSING ->
                    refused(
                            ReadinessCheck.VFIO,
                            List.of(new PlannedRefusal(
                                    RefusalCode.VFIO_MISSING,
                                    List.of(machine.kernelVersion().release()))));
            };
        }

        // IOMMU group and functions.

        private CheckResult checkGroup() {
            if (graphics.iommuGroup().isEmpty()) {
                return unknown(ReadinessCheck.GROUP, "none");
            }
            List<PlannedRefusal> shared = refusalsWithCode(RefusalCode.GROUP_SHARED);
            if (!shared.isEmpty()) {
                return refused(ReadinessCheck.GROUP, shared);
            }
            List<String> others = briefAddresses(machine.iommuNeighboursOf(gpu.functions()));
            return others.isEmpty()
                    ? ready(
                            ReadinessCheck.GROUP,
                            "own",
                            List.of(Integer.toString(graphics.iommuGroup().get())))
                    : ready(ReadinessCheck.GROUP, "idle", others);
        }

        private CheckResult checkFunctions() {
            List<String> functions = briefAddresses(gpu.functions());
            if (gpu.mode() == Gpu.GpuMode.PARTIALLY_SWITCHED) {
                List<String> inVmMode = briefAddresses(gpu.functions().stream()
                        .filter(PciDevice::isBoundToVfio)
                        .toList());
                if (inVmMode.isEmpty()) {
                    return warning(
                            ReadinessCheck.FUNCTIONS,
                            "reserved",
                            briefAddresses(gpu.functions().stream()
                                    .filter(PciDevice::hasVfioOverride)
                                    .toList()));
                }
                return warning(
                        ReadinessCheck.FUNCTIONS,
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
                return ready(ReadinessCheck.FUNCTIONS, "some-stay", functions, notMoving);
            }
            return functions.size() == 1
                    ? ready(ReadinessCheck.FUNCTIONS, "one")
                    : ready(ReadinessCheck.FUNCTIONS, "together", functions);
        }

        private static List<String> briefAddresses(List<PciDevice> devices) {
            return devices.stream()
                    .map(device -> device.address().toShortString())
                    .toList();
        }

        // Users of the GPU.

        private CheckResult checkDesktop() {
            boolean isOnlyGpu = machine.gpus().size() == 1;
            if (!graphics.activeConnectors().isEmpty()) {
                // Without a helper the programs of other users are not visible, so assume that one uses the display.
                boolean inUse = source instanceof MachineSource.ReadOnlyMachine
                        || gpu.deviceUsers().stream().anyMatch(DeviceUser::isBlockingUnbind);
                return inUse
                        ? blocked(ReadinessCheck.DESKTOP, isOnlyGpu ? "sole" : "this", graphics.activeConnectors())
                        : warning(ReadinessCheck.DESKTOP, "idle", graphics.activeConnectors());
            }
            for (Gpu other : machine.gpus()) {
                if (!other.graphics().activeConnectors().isEmpty()) {
                    return ready(
                            ReadinessCheck.DESKTOP,
                            "other",
                            List.of(other.graphics().name()),
                            other.graphics().activeConnectors());
                }
            }
            if (isOnlyGpu) {
                return warning(ReadinessCheck.DESKTOP, "only");
            }
            // A GPU without a DRM driver does not report whether a display is active.
            boolean displaysUnknown = machine.gpus().stream()
                    .map(Gpu::graphics)
                    .anyMatch(device -> !device.isBoundToVfio() && !device.hasDrmCard());
            return displaysUnknown
                    ? unknown(ReadinessCheck.DESKTOP, "unknown")
                    : ready(ReadinessCheck.DESKTOP, "no-screen");
        }

        private CheckResult checkUsers() {
            List<DeviceUser> users = gpu.deviceUsers().stream()
                    .filter(DeviceUser::isBlockingUnbind)
                    .toList();
            if (users.isEmpty()) {
                if (source instanceof MachineSource.ReadOnlyMachine) {
                    return unknown(ReadinessCheck.USERS, "unseen");
                }
                if (!gpu.possibleUsers().isEmpty()) {
                    List<String> programs = programs(
                            gpu.possibleUsers().stream().map(PossibleUser::user).toList());
                    return gpu.possibleUsers().stream().allMatch(PossibleUser::usesAnotherGpu)
                            ? ready(ReadinessCheck.USERS, "other-gpu", programs)
                            : warning(ReadinessCheck.USERS, "possible", programs);
                }
                List<DeviceUser> peripheralUsers = gpu.deviceUsers().stream()
                        .filter(DeviceUser::isUsbPeripheral)
                        .toList();
                if (!peripheralUsers.isEmpty()) {
                    return warning(ReadinessCheck.USERS, "usb", programs(peripheralUsers));
                }
                List<String> nonBlocking = programs(gpu.deviceUsers());
                return nonBlocking.isEmpty()
                        ? ready(ReadinessCheck.USERS, "none")
                        : ready(ReadinessCheck.USERS, "let-go", nonBlocking);
            }
            boolean onlyPersistenceDaemon =
                    users.stream().allMatch(user -> user.program().startsWith("nvidia-persiste"));
            return new CheckResult(
                    ReadinessCheck.USERS,
                    CheckStatus.BLOCKED,
                    onlyPersistenceDaemon ? "persistence" : "used",
                    List.of(),
                    users.stream().map(this::inUseRefusal).toList());
        }

        private static List<String> programs(List<DeviceUser> users) {
            return users.stream().map(DeviceUser::program).distinct().toList();
        }

        private CheckResult checkReferences() {
            List<PlannedRefusal> blocking = gpu.kernelReferences().stream()
                    .filter(KernelReference::isBlockingUnbind)
                    .map(reference -> new PlannedRefusal(
                            RefusalCode.KERNEL_REFERENCE,
                            List.of(reference.gpu().toShortString(), KebabCase.of(reference.kind()))))
                    .toList();
            if (!blocking.isEmpty()) {
                return refused(ReadinessCheck.REFERENCES, blocking);
            }
            boolean onlyConsole = gpu.kernelReferences().stream()
                    .allMatch(reference -> reference.kind() == KernelReference.ReferenceKind.TEXT_CONSOLE);
            return gpu.kernelReferences().isEmpty()
                    ? ready(ReadinessCheck.REFERENCES, "none")
                    : warning(
                            ReadinessCheck.REFERENCES,
                            onlyConsole ? "console" : "possible",
                            gpu.kernelReferences().stream()
                                    .map(reference -> KebabCase.of(reference.kind()))
                                    .toList());
        }

        private PlannedRefusal inUseRefusal(DeviceUser user) {
            PciAddress used = gpu.functions().stream()
                    .filter(function -> function.deviceNodes().contains(user.deviceNode()))
                    .findFirst()
                    .map(PciDevice::address)
                    .orElse(gpu.address());
            return new PlannedRefusal(
                    RefusalCode.IN_USE,
                    List.of(
                            used.toShortString(),
                            user.program(),
                            Integer.toString(user.pid()),
                            user.owner(),
                            "/dev/" + user.deviceNode()));
        }

        // Firmware regions in the GPU's memory, and kernel restrictions on removing them.

        private CheckResult checkFramebuffer() {
            if (machine.memoryMap().isEmpty()) {
                return unknown(ReadinessCheck.FRAMEBUFFER, "unknown");
            }
            List<PlannedRefusal> notReleasable = refusals.stream()
                    .filter(refusal ->
                            refusal.code().isAboutFirmwareRegion() && refusal.code() != RefusalCode.MODULE_UNSIGNED)
                    .toList();
            if (!notReleasable.isEmpty()) {
                return refused(ReadinessCheck.FRAMEBUFFER, notReleasable);
            }
            if (gpu.overlaps().stream().noneMatch(Overlap::isFromFirmware)) {
                return ready(ReadinessCheck.FRAMEBUFFER, "free");
            }
            if (gpu.conflicts().isEmpty()) {
                return ready(ReadinessCheck.FRAMEBUFFER, "evicted");
            }
            return gpu.mode() == Gpu.GpuMode.VM
                    ? warning(ReadinessCheck.FRAMEBUFFER, "left")
                    : ready(ReadinessCheck.FRAMEBUFFER, "released");
        }

        /**
         * Without securityfs and the module parameter the kernel may still require signatures, so the result is UNKNOWN
         * then.
         */
        private CheckResult checkLockdown() {
            List<PlannedRefusal> unsigned = refusalsWithCode(RefusalCode.MODULE_UNSIGNED);
            if (!unsigned.isEmpty()) {
                return refused(ReadinessCheck.LOCKDOWN, unsigned);
            }
            return switch (machine.moduleSignaturePolicy()) {
                case REQUIRED_BY_LOCKDOWN -> ready(ReadinessCheck.LOCKDOWN, "locked-down");
                case ENFORCED -> ready(ReadinessCheck.LOCKDOWN, "signed-only");
                case UNRESTRICTED ->
                    machine.lockdown() == Lockdown.UNKNOWN
                            ? unknown(ReadinessCheck.LOCKDOWN, "unknown")
                            : ready(ReadinessCheck.LOCKDOWN, "none");
            };
        }

        private CheckResult checkModules() {
            return switch (machine.modulesOnDisk()) {
                case PRESENT ->
                    ready(
                            ReadinessCheck.MODULES,
                            "there",
                            List.of(machine.kernelVersion().release()));
                case MISSING ->
                    warning(
                            ReadinessCheck.MODULES,
                            "gone",
                            List.of(machine.kernelVersion().release()));
                case UNKNOWN -> unknown(ReadinessCheck.MODULES, "unknown");
            };
        }

        private CheckResult checkKernel() {
            // Shows refusals that no other check covers, also those of later planners.
            List<PlannedRefusal> others = refusals.stream()
                    .filter(refusal -> !refusal.code().isAboutFirmwareRegion()
                            && !COVERED_BY_OTHER_CHECKS.contains(refusal.code()))
                    .toList();
            if (!others.isEmpty()) {
                return refused(ReadinessCheck.KERNEL, others);
            }
            return machine.taint().hasOops()
                    ? refused(ReadinessCheck.KERNEL, List.of(new PlannedRefusal(RefusalCode.KERNEL_OOPS, List.of())))
                    : ready(
                            ReadinessCheck.KERNEL,
                            "well",
                            List.of(machine.kernelVersion().release()));
        }

        private CheckResult checkHelper() {
            return switch (source) {
                case MachineSource.ThisMachine() -> ready(ReadinessCheck.HELPER, "there");
                case MachineSource.SampleMachine sample -> ready(ReadinessCheck.HELPER, "simulated");
                case MachineSource.SavedReport report -> ready(ReadinessCheck.HELPER, "simulated");
                case MachineSource.ReadOnlyMachine(HelperException.FailureKind reason) ->
                    blocked(
                            ReadinessCheck.HELPER,
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

        private CheckResult checkReset() {
            if (!graphics.resetMethods().isEmpty()) {
                return ready(ReadinessCheck.RESET, "methods", graphics.resetMethods());
            }
            return machine.kernelVersion().isAtLeast(5, 15)
                    ? warning(ReadinessCheck.RESET, "none")
                    : unknown(ReadinessCheck.RESET, "old-kernel");
        }

        private CheckResult checkResizableBar() {
            // The sysfs file exists since Linux 6.1. It is not read while the function is suspended.
            if (graphics.resizableBarSizes().isEmpty()) {
                if (!machine.kernelVersion().isAtLeast(6, 1)) {
                    return unknown(ReadinessCheck.RESIZABLE_BAR, "old-kernel");
                }
                return isSuspended()
                        ? unknown(ReadinessCheck.RESIZABLE_BAR, "asleep")
                        : ready(ReadinessCheck.RESIZABLE_BAR, "fixed");
            }
            return graphics.bars().stream()
                    .filter(bar -> graphics.resizableBarSizes().containsKey(bar.index()))
                    .max(Comparator.comparing(Bar::length, Long::compareUnsigned))
                    .map(this::resizableBarResult)
                    .orElseGet(() -> ready(ReadinessCheck.RESIZABLE_BAR, "fixed"));
        }

        private CheckResult resizableBarResult(Bar bar) {
            long largest = graphics.maxBarSize(bar.index()).orElse(bar.length());
            List<String> index = List.of(Integer.toString(bar.index()));
            List<String> size = List.of(Long.toString(bar.length()));
            return Long.compareUnsigned(largest, bar.length()) > 0
                    ? ready(ReadinessCheck.RESIZABLE_BAR, "could-grow", index, size, List.of(Long.toString(largest)))
                    : ready(ReadinessCheck.RESIZABLE_BAR, "largest", index, size);
        }

        private boolean isSuspended() {
            return graphics.power().runtimeStatus().startsWith("suspend");
        }

        private CheckResult checkPower() {
            String state = graphics.power().powerState();
            return switch (graphics.power().runtimeStatus()) {
                case "" -> unknown(ReadinessCheck.POWER, "unknown");
                case "error" -> warning(ReadinessCheck.POWER, "error");
                case "suspended", "suspending" ->
                    ready(ReadinessCheck.POWER, "asleep", List.of(state.isEmpty() ? "D3" : state));
                default -> ready(ReadinessCheck.POWER, "awake");
            };
        }

        // Creating results.

        private List<PlannedRefusal> refusalsWithCode(RefusalCode code) {
            return refusals.stream().filter(refusal -> refusal.code() == code).toList();
        }

        @SafeVarargs
        private static CheckResult ready(ReadinessCheck check, String code, List<String>... values) {
            return new CheckResult(check, CheckStatus.READY, code, List.of(values), List.of());
        }

        @SafeVarargs
        private static CheckResult warning(ReadinessCheck check, String code, List<String>... values) {
            return new CheckResult(check, CheckStatus.WARNING, code, List.of(values), List.of());
        }

        @SafeVarargs
        private static CheckResult blocked(ReadinessCheck check, String code, List<String>... values) {
            return new CheckResult(check, CheckStatus.BLOCKED, code, List.of(values), List.of());
        }

        private static CheckResult unknown(ReadinessCheck check, String code) {
            return new CheckResult(check, CheckStatus.UNKNOWN, code, List.of(), List.of());
        }

        private static CheckResult refused(ReadinessCheck check, List<PlannedRefusal> refusals) {
            return new CheckResult(check, CheckStatus.BLOCKED, "refused", List.of(), refusals);
        }
    }
}
