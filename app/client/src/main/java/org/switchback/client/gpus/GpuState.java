package org.switchback.client.gpus;

import java.util.List;
import java.util.Optional;
import org.switchback.client.MachineSource;
import org.switchback.client.activity.SwitchRecord;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.KebabCase;
import org.switchback.hardware.KernelReference;
import org.switchback.hardware.Machine;
import org.switchback.job.RefusalSummary;
import org.switchback.plan.RefusalCode;

/**
 * The state of a GPU. Each state has its own message. When several apply, the one that matters most for a switch is
 * used.
 */
public enum GpuState {
    /** Reading its config space returns only ones. */
    NOT_RESPONDING,
    /** The kernel has found no address for its memory. */
    MEMORY_UNASSIGNED,
    /** Only some functions are in VM mode, or the GPU is unbound with its driver override set to vfio-pci. */
    PARTIALLY_SWITCHED,
    /** A virtual machine uses the GPU. */
    VM_IN_USE,
    /** In VM mode, but a conflicting region covers a BAR, so a virtual machine cannot use that BAR. */
    VM_BLOCKED,
    VM,
    /** It displays the desktop. */
    DESKTOP,
    /** A region covers a BAR, but its addresses are hidden from this user. */
    ADDRESSES_HIDDEN,
    IOMMU_OFF,
    /** Another device is in its IOMMU group. */
    GROUP_SHARED,
    /** A firmware region in its memory cannot be released. */
    FIRMWARE_REGION_NOT_RELEASABLE,
    /** The planner refuses a switch for another reason. */
    BLOCKED,
    /** The last switch failed because the kernel could not reserve a BAR; no other cause is known. */
    RESERVATION_FAILED,
    IN_USE,
    /** A driver uses the firmware region in its memory: simpledrm. */
    FIRMWARE_REGION_IN_USE,
    /** A firmware region covers a BAR, and a switch releases it. */
    FIRMWARE_REGION_RELEASABLE,
    /** It may be in use although no program shows it: through nodes that several GPUs share, or inside the kernel. */
    POSSIBLY_IN_USE,
    /** It is bound to no driver. */
    UNBOUND,
    HOST;

    /**
     * Determines the state of a GPU.
     *
     * @param refusals refusals of the planner for a switch to VM mode
     * @param unreserved the BAR that the kernel could not reserve in the last switch
     */
    public static GpuState of(
            Gpu gpu,
            MachineSource source,
            List<RefusalSummary> refusals,
            Optional<SwitchRecord.UnreservedBar> unreserved) {
        if (!gpu.isResponding()) {
            return NOT_RESPONDING;
        }
        if (gpu.graphics().hasUnassignedMemory()) {
            return MEMORY_UNASSIGNED;
        }
        switch (gpu.mode()) {
            case PARTIALLY_SWITCHED -> {
                return PARTIALLY_SWITCHED;
            }
            case VM -> {
                return gpu.virtualMachineProcess().isPresent()
                        ? VM_IN_USE
                        : gpu.conflicts().isEmpty() ? VM : VM_BLOCKED;
            }
            case HOST, UNBOUND -> {
                // Depends on the conditions below.
            }
        }
        if (gpu.isDesktopGpu()) {
            return DESKTOP;
        }
        if (source instanceof MachineSource.ReadOnlyMachine
                && gpu.overlaps().stream().anyMatch(overlap -> !overlap.hasAddress())) {
            return ADDRESSES_HIDDEN;
        }
        if (gpu.graphics().iommuGroup().isEmpty()) {
            return IOMMU_OFF;
        }
        if (refusals.stream().anyMatch(refusal -> refusal.code().isAboutSharedGroup())) {
            return GROUP_SHARED;
        }
        if (refusals.stream().anyMatch(refusal -> refusal.code().isAboutFirmwareRegion())) {
            return FIRMWARE_REGION_NOT_RELEASABLE;
        }
        if (refusals.stream().anyMatch(refusal -> refusal.code() != RefusalCode.IN_USE)) {
            return BLOCKED;
        }
        if (unreserved.isPresent()) {
            return RESERVATION_FAILED;
        }
        if (!gpu.blockingUsers().isEmpty()) {
            return IN_USE;
        }
        if (gpu.firmwareOverlaps().stream()
                .anyMatch(overlap -> overlap.regions().size() > 1)) {
            return FIRMWARE_REGION_IN_USE;
        }
        if (!gpu.firmwareOverlaps().isEmpty()) {
            return FIRMWARE_REGION_RELEASABLE;
        }
        if (gpu.possibleUsers().stream().anyMatch(possible -> !possible.usesAnotherGpu())
                || gpu.kernelReferences().stream()
                        .anyMatch(reference -> reference.kind() != KernelReference.ReferenceKind.TEXT_CONSOLE)) {
            return POSSIBLY_IN_USE;
        }
        return gpu.mode() == Gpu.GpuMode.UNBOUND ? UNBOUND : HOST;
    }

    /**
     * Describes a GPU in this state in one sentence.
     *
     * @param unreserved as in {@link #of}
     */
    public String describe(
            Gpu gpu, Machine machine, Optional<SwitchRecord.UnreservedBar> unreserved, Messages messages) {
        String key = "state." + KebabCase.of(this);
        return switch (this) {
            case PARTIALLY_SWITCHED -> messages.text(key, messages.formatFunctionModes(gpu));
            case VM_IN_USE ->
                gpu.virtualMachineProcess()
                        .map(user -> user.virtualMachine().isEmpty()
                                ? messages.text(key + ".program", user.program(), user.pid())
                                : messages.text(key, user.virtualMachine()))
                        .orElseGet(() -> messages.text("state.vm"));
            case VM_BLOCKED, ADDRESSES_HIDDEN, FIRMWARE_REGION_NOT_RELEASABLE, FIRMWARE_REGION_RELEASABLE ->
                messages.text(
                        key,
                        messages.formatList(gpu.firmwareOverlaps().stream()
                                .map(overlap -> overlap.outermostRegion().name())
                                .distinct()
                                .toList()));
            case FIRMWARE_REGION_IN_USE ->
                messages.text(
                        key,
                        messages.formatList(gpu.firmwareOverlaps().stream()
                                .filter(overlap -> overlap.regions().size() > 1)
                                .map(overlap -> overlap.regions().getLast().name())
                                .distinct()
                                .toList()));
            case DESKTOP ->
                messages.text(key, messages.formatList(gpu.graphics().activeConnectors()));
            case GROUP_SHARED ->
                messages.text(
                        key,
                        messages.formatList(machine.iommuNeighboursOf(gpu.functions()).stream()
                                .map(other -> other.address().toShortString())
                                .toList()));
            case RESERVATION_FAILED ->
                unreserved
                        .map(bar -> messages.text(key, bar.bar(), bar.range()))
                        .orElseThrow();
            case IN_USE -> {
                long programs = gpu.blockingProcesses().stream()
                        .filter(user -> !user.isMount())
                        .count();
                yield programs == 0 ? messages.text(key + ".mount") : messages.formatCount(key, (int) programs);
            }
            case VM -> messages.text(key + vmVariant(gpu, machine));
            case IOMMU_OFF ->
                messages.text(
                        switch (machine.missingGroupReason(gpu.graphics())) {
                            case XEN -> key + ".xen";
                            case GRAPHICS_EXCLUDED, NOT_COVERED -> key + ".not-covered";
                            default -> key;
                        });
            case NOT_RESPONDING, MEMORY_UNASSIGNED, BLOCKED, POSSIBLY_IN_USE, UNBOUND, HOST -> messages.text(key);
        };
    }

    /** What keeps a GPU in VM mode from being ready for a virtual machine; empty if nothing does. */
    private static String vmVariant(Gpu gpu, Machine machine) {
        if (machine.taint().hasOops()) {
            return ".oops";
        }
        boolean needsDirectMapping = gpu.functions().stream()
                .flatMap(function -> machine.iommuGroupOf(function).stream())
                .anyMatch(group -> !group.directMappings().orElse(List.of()).isEmpty());
        if (needsDirectMapping) {
            return ".direct-mapping";
        }
        return gpu.functions().stream().anyMatch(function -> function.power().isInD3cold()) ? ".d3cold" : "";
    }
}
