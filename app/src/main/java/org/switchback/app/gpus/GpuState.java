package org.switchback.app.gpus;

import java.util.List;
import java.util.Optional;
import org.switchback.app.activity.Attempt;
import org.switchback.app.helper.Source;
import org.switchback.app.words.Words;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Holder;
import org.switchback.hardware.Machine;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.Spelling;
import org.switchback.protocol.PlannedRefusal;

/**
 * How a GPU stands, in one word; each has its own sentence in the catalogue. Where several are true the one that matters
 * most to whoever would switch it counts.
 */
public enum GpuState {
    /** Some functions are in VM mode and some are not, or no driver has it and it is reserved for vfio-pci. */
    MIXED,
    /** A virtual machine has it. */
    VM_USED,
    /** In VM mode, but something lies in a BAR that the virtual machine would not get. */
    VM_BLOCKED,
    VM,
    /** People look at its picture. */
    DESKTOP,
    /** Something lies in a BAR, and nobody may see where. */
    HIDDEN,
    IOMMU_OFF,
    /** A device that is not its own is in its IOMMU group. */
    GROUP_SHARED,
    /** What the firmware left stays in its memory. */
    CLAIM_STAYS,
    /** It cannot be switched for another reason. */
    BLOCKED,
    /** The last switch failed since the kernel could not reserve a BAR, for all that is known of it. */
    UNRESERVED,
    IN_USE,
    /** A driver draws into what the firmware left: simpledrm. */
    CLAIM_HELD,
    /** What the firmware left lies in a BAR, and the switch releases it. */
    CLAIMED,
    /** No driver uses it. */
    UNBOUND,
    HOST;

    /**
     * @param refusals   what the planner has against a switch to VM mode
     * @param unreserved what the kernel could not reserve when it was last to be switched
     */
    public static GpuState of(
            Gpu gpu, Source source, List<PlannedRefusal> refusals, Optional<Attempt.Unreserved> unreserved) {
        boolean conflict = !gpu.conflicts().isEmpty();
        switch (gpu.mode()) {
            case MIXED -> {
                return MIXED;
            }
            case VM -> {
                return guestHolder(gpu).isPresent() ? VM_USED : conflict ? VM_BLOCKED : VM;
            }
            case HOST, UNBOUND -> {
                // The rest depends on what is in the way.
            }
        }
        if (Overview.drawsDesktop(gpu)) {
            return DESKTOP;
        }
        if (source instanceof Source.LookOnly && gpu.overlaps().stream().anyMatch(overlap -> !overlap.addressed())) {
            return HIDDEN;
        }
        if (gpu.graphics().group().isEmpty()) {
            return IOMMU_OFF;
        }
        if (refused(refusals, "group-shared")) {
            return GROUP_SHARED;
        }
        if (refusals.stream().anyMatch(PlannedRefusal::ofClaim)) {
            return CLAIM_STAYS;
        }
        if (refusals.stream().anyMatch(refusal -> !refusal.code.equals("in-use"))) {
            return BLOCKED;
        }
        if (unreserved.isPresent()) {
            return UNRESERVED;
        }
        if (gpu.holders().stream().anyMatch(Holder::blocks)) {
            return IN_USE;
        }
        if (gpu.overlaps().stream().anyMatch(o -> o.fromFirmware() && o.regions().size() > 1)) {
            return CLAIM_HELD;
        }
        if (gpu.overlaps().stream().anyMatch(Overlap::fromFirmware)) {
            return CLAIMED;
        }
        return gpu.mode() == Gpu.Mode.UNBOUND ? UNBOUND : HOST;
    }

    private static boolean refused(List<PlannedRefusal> refusals, String code) {
        return refusals.stream().anyMatch(refusal -> refusal.code.equals(code));
    }

    private static Optional<Holder> guestHolder(Gpu gpu) {
        return gpu.holders().stream()
                .filter(holder -> holder.node().startsWith("vfio/"))
                .findFirst();
    }

    /**
     * A sentence about a GPU in this state.
     *
     * @param unreserved as in {@link #of}
     */
    public String sentence(Gpu gpu, Machine machine, Optional<Attempt.Unreserved> unreserved, Words words) {
        String key = "state." + Spelling.of(this);
        return switch (this) {
            case MIXED -> words.text(key, words.halves(gpu));
            case VM_USED ->
                guestHolder(gpu)
                        .map(holder -> holder.guest().isEmpty()
                                ? words.text(key + ".program", holder.program(), Integer.toString(holder.pid()))
                                : words.text(key, holder.guest()))
                        .orElseGet(() -> words.text("state.vm"));
            case VM_BLOCKED, HIDDEN, CLAIM_STAYS, CLAIMED ->
                words.text(key, words.list(gpu.overlaps().stream()
                        .filter(Overlap::fromFirmware)
                        .map(overlap -> overlap.region().name())
                        .distinct()
                        .toList()));
            case CLAIM_HELD ->
                words.text(key, words.list(gpu.overlaps().stream()
                        .filter(overlap -> overlap.fromFirmware() && overlap.regions().size() > 1)
                        .map(overlap -> overlap.regions().getLast().name())
                        .distinct()
                        .toList()));
            case DESKTOP -> words.text(key, words.list(gpu.graphics().displays()));
            case GROUP_SHARED ->
                words.text(key, words.list(CardWriter.neighbours(gpu, machine).stream()
                        .map(other -> other.address().brief())
                        .toList()));
            case UNRESERVED ->
                unreserved.map(bar -> words.text(key, bar.bar(), bar.range())).orElseThrow();
            case IN_USE -> {
                long programs = gpu.holders().stream()
                        .filter(Holder::blocks)
                        .map(Holder::pid)
                        .distinct()
                        .count();
                yield words.text(programs == 1 ? key + ".one" : key + ".many", Long.toString(programs));
            }
            case VM, IOMMU_OFF, BLOCKED, UNBOUND, HOST -> words.text(key);
        };
    }
}
