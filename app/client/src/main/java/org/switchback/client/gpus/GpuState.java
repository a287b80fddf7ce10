package org.switchback.client.gpus;

import java.util.List;
import java.util.Optional;
import org.switchback.client.MachineSource;
import org.switchback.client.activity.SwitchRecord;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.KebabCase;
import org.switchback.hardware.Machine;
import org.switchback.hardware.Overlap;
import org.switchback.job.PlannedRefusal;
import org.switchback.plan.RefusalCode;

/**
 * How a GPU stands, in one word; each has its own sentence in the catalogue. Where several are true the one that
 * matters most to whoever would switch it counts.
 */
public enum GpuState {
    /** Some functions are in VM mode and some are not, or no driver has it and it is reserved for vfio-pci. */
    PARTIALLY_SWITCHED,
    /** A virtual machine has it. */
    VM_IN_USE,
    /** In VM mode, but something lies in a BAR that the virtual machine would not get. */
    VM_BLOCKED,
    VM,
    /** People look at its picture. */
    DESKTOP,
    /** Something lies in a BAR, and nobody may see where. */
    ADDRESSES_HIDDEN,
    IOMMU_OFF,
    /** A device that is not its own is in its IOMMU group. */
    GROUP_SHARED,
    /** What the firmware left stays in its memory. */
    FIRMWARE_REGION_NOT_RELEASABLE,
    /** It cannot be switched for another reason. */
    BLOCKED,
    /** The last switch failed since the kernel could not reserve a BAR, for all that is known of it. */
    RESERVATION_FAILED,
    IN_USE,
    /** A driver draws into what the firmware left: simpledrm. */
    FIRMWARE_REGION_IN_USE,
    /** What the firmware left lies in a BAR, and the switch releases it. */
    FIRMWARE_REGION_RELEASABLE,
    /** No driver uses it. */
    UNBOUND,
    HOST;

    /**
     * @param refusals what the planner has against a switch to VM mode
     * @param unreserved what the kernel could not reserve when it was last to be switched
     */
    public static GpuState of(
            Gpu gpu,
            MachineSource source,
            List<PlannedRefusal> refusals,
            Optional<SwitchRecord.UnreservedBar> unreserved) {
        boolean conflict = !gpu.conflicts().isEmpty();
        switch (gpu.mode()) {
            case PARTIALLY_SWITCHED -> {
                return PARTIALLY_SWITCHED;
            }
            case VM -> {
                return findVmProcess(gpu).isPresent() ? VM_IN_USE : conflict ? VM_BLOCKED : VM;
            }
            case HOST, UNBOUND -> {
                // The rest depends on what is in the way.
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
        if (hasRefusal(refusals, RefusalCode.GROUP_SHARED)) {
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
        if (gpu.deviceUsers().stream().anyMatch(DeviceUser::isBlockingUnbind)) {
            return IN_USE;
        }
        if (gpu.overlaps().stream()
                .anyMatch(o -> o.isFromFirmware() && o.regions().size() > 1)) {
            return FIRMWARE_REGION_IN_USE;
        }
        if (gpu.overlaps().stream().anyMatch(Overlap::isFromFirmware)) {
            return FIRMWARE_REGION_RELEASABLE;
        }
        return gpu.mode() == Gpu.GpuMode.UNBOUND ? UNBOUND : HOST;
    }

    private static boolean hasRefusal(List<PlannedRefusal> refusals, RefusalCode code) {
        return refusals.stream().anyMatch(refusal -> refusal.code() == code);
    }

    private static Optional<DeviceUser> findVmProcess(Gpu gpu) {
        return gpu.deviceUsers().stream()
                .filter(holder -> holder.deviceNode().startsWith("vfio/"))
                .findFirst();
    }

    /**
     * A sentence about a GPU in this state.
     *
     * @param unreserved as in {@link #of}
     */
    public String describe(Gpu gpu, Machine machine, Optional<SwitchRecord.UnreservedBar> unreserved, Messages words) {
        String key = "state." + KebabCase.of(this);
        return switch (this) {
            case PARTIALLY_SWITCHED -> words.text(key, words.formatFunctionModes(gpu));
            case VM_IN_USE ->
                findVmProcess(gpu)
                        .map(holder -> holder.virtualMachine().isEmpty()
                                ? words.text(key + ".program", holder.program(), Integer.toString(holder.pid()))
                                : words.text(key, holder.virtualMachine()))
                        .orElseGet(() -> words.text("state.vm"));
            case VM_BLOCKED, ADDRESSES_HIDDEN, FIRMWARE_REGION_NOT_RELEASABLE, FIRMWARE_REGION_RELEASABLE ->
                words.text(
                        key,
                        words.formatList(gpu.overlaps().stream()
                                .filter(Overlap::isFromFirmware)
                                .map(overlap -> overlap.outermostRegion().name())
                                .distinct()
                                .toList()));
            case FIRMWARE_REGION_IN_USE ->
                words.text(
                        key,
                        words.formatList(gpu.overlaps().stream()
                                .filter(overlap -> overlap.isFromFirmware()
                                        && overlap.regions().size() > 1)
                                .map(overlap -> overlap.regions().getLast().name())
                                .distinct()
                                .toList()));
            case DESKTOP -> words.text(key, words.formatList(gpu.graphics().activeConnectors()));
            case GROUP_SHARED ->
                words.text(
                        key,
                        words.formatList(machine.iommuNeighboursOf(gpu.functions()).stream()
                                .map(other -> other.address().toShortString())
                                .toList()));
            case RESERVATION_FAILED ->
                unreserved.map(bar -> words.text(key, bar.bar(), bar.range())).orElseThrow();
            case IN_USE -> {
                long programs = gpu.deviceUsers().stream()
                        .filter(DeviceUser::isBlockingUnbind)
                        .map(DeviceUser::pid)
                        .distinct()
                        .count();
                yield words.text(programs == 1 ? key + ".one" : key + ".many", Long.toString(programs));
            }
            case VM, IOMMU_OFF, BLOCKED, UNBOUND, HOST -> words.text(key);
        };
    }
}
