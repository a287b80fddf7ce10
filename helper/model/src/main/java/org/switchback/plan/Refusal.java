package org.switchback.plan;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.KebabCase;
import org.switchback.hardware.KernelReference;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MissingGroupReason;
import org.switchback.hardware.ModuleSignaturePolicy;
import org.switchback.hardware.PciAddress;

/** A reason why a request cannot be executed now. */
public sealed interface Refusal {
    /** Code of the refusal on the bus and in the message catalogs. */
    RefusalCode code();

    /** Arguments of the message, in the order its text expects. */
    List<String> details();

    /** The machine has no such function. */
    record NoSuchDevice(PciAddress address) implements Refusal {
        @Override
        public RefusalCode code() {
            return RefusalCode.NO_SUCH_DEVICE;
        }

        @Override
        public List<String> details() {
            return List.of(address.toShortString());
        }
    }

    /**
     * The function is not a graphics function.
     *
     * @param classCode base class and subclass, four hexadecimal digits
     */
    record NotAGpu(PciAddress address, String name, String classCode) implements Refusal {
        @Override
        public RefusalCode code() {
            return RefusalCode.NOT_A_GPU;
        }

        @Override
        public List<String> details() {
            return List.of(address.toShortString(), name, classCode);
        }
    }

    /** The GPU is already in the requested mode. */
    record AlreadyInMode(PciAddress address, Target target) implements Refusal {
        @Override
        public RefusalCode code() {
            return target == Target.VM ? RefusalCode.ALREADY_IN_VM_MODE : RefusalCode.ALREADY_IN_HOST_MODE;
        }

        @Override
        public List<String> details() {
            return List.of(address.toShortString());
        }
    }

    /**
     * The function has no IOMMU group. The options depend on the vendor of the CPU, not of the GPU.
     *
     * @param reason why it has none
     * @param optionToAdd kernel option that would enable the IOMMU; empty if none is needed
     * @param optionToRemove kernel option that disables the IOMMU; empty if there is none
     */
    record IommuOff(
            PciAddress address,
            MissingGroupReason reason,
            Optional<String> optionToAdd,
            Optional<String> optionToRemove)
            implements Refusal {
        @Override
        public RefusalCode code() {
            return RefusalCode.IOMMU_OFF;
        }

        @Override
        public List<String> details() {
            return List.of(
                    address.toShortString(), optionToAdd.orElse(""), optionToRemove.orElse(""), KebabCase.of(reason));
        }
    }

    /** The running kernel has no vfio-pci. */
    record VfioMissing(String release) implements Refusal {
        @Override
        public RefusalCode code() {
            return RefusalCode.VFIO_MISSING;
        }

        @Override
        public List<String> details() {
            return List.of(release);
        }
    }

    /** A process has a node of one of the functions open, or a disk below one of them is mounted. */
    record InUse(PciAddress address, DeviceUser user) implements Refusal {
        @Override
        public RefusalCode code() {
            return RefusalCode.IN_USE;
        }

        @Override
        public List<String> details() {
            return List.of(
                    address.toShortString(),
                    user.program(),
                    Integer.toString(user.pid()),
                    user.owner(),
                    "/dev/" + user.deviceNode());
        }
    }

    /** The kernel itself holds a reference to the GPU, and unbinding its driver would never return. */
    record KernelReferenced(KernelReference reference) implements Refusal {
        @Override
        public RefusalCode code() {
            return RefusalCode.KERNEL_REFERENCE;
        }

        @Override
        public List<String> details() {
            return List.of(reference.gpu().toShortString(), KebabCase.of(reference.kind()));
        }
    }

    /**
     * A function of another device shares the IOMMU group and is bound to a driver of the host.
     *
     * @param movable whether it may be moved along
     */
    record GroupShared(PciAddress address, int group, PciAddress member, String name, String driver, boolean movable)
            implements Refusal {
        @Override
        public RefusalCode code() {
            return movable ? RefusalCode.GROUP_SHARED : RefusalCode.GROUP_SHARED_NOT_MOVABLE;
        }

        @Override
        public List<String> details() {
            return List.of(address.toShortString(), Integer.toString(group), member.toShortString(), name, driver);
        }
    }

    /**
     * The GPU provides virtual functions (SR-IOV). Its driver removes them when it is unbound, also from virtual
     * machines that use them.
     *
     * @param virtualFunctions their number
     * @param users virtual functions in use and who uses them: {@code 00:02.1 (101)}; empty if there are none
     */
    record HasVirtualFunctions(PciAddress address, int virtualFunctions, List<String> users) implements Refusal {
        public HasVirtualFunctions {
            users = List.copyOf(users);
        }

        @Override
        public RefusalCode code() {
            return RefusalCode.HAS_VIRTUAL_FUNCTIONS;
        }

        @Override
        public List<String> details() {
            return List.of(address.toShortString(), Integer.toString(virtualFunctions), String.join(", ", users));
        }
    }

    /** Devices that the host needs are never switched. */
    record NotMovable(PciAddress address, String name, NotMovableKind kind) implements Refusal {
        /** Kind of a device that is never switched. */
        public enum NotMovableKind {
            BRIDGE,
            STORAGE,
            NETWORK,
            /** Any other device that is not of a class that may be moved, such as the SMBus. */
            SYSTEM
        }

        @Override
        public RefusalCode code() {
            return switch (kind) {
                case BRIDGE -> RefusalCode.BRIDGE_NOT_MOVABLE;
                case STORAGE -> RefusalCode.STORAGE_NOT_MOVABLE;
                case NETWORK -> RefusalCode.NETWORK_NOT_MOVABLE;
                case SYSTEM -> RefusalCode.SYSTEM_DEVICE_NOT_MOVABLE;
            };
        }

        @Override
        public List<String> details() {
            return List.of(address.toShortString(), name);
        }
    }

    /** No known method releases the region: no driver is bound to it, and its name is not BOOTFB. */
    record FramebufferNotRemovable(ReleaseStage.BarRegion region) implements Refusal {
        @Override
        public RefusalCode code() {
            return RefusalCode.FRAMEBUFFER_NOT_REMOVABLE;
        }

        @Override
        public List<String> details() {
            return regionDetails(region);
        }
    }

    /**
     * The framebuffer is orphaned: a native driver has taken it over and left its region and its platform driver in
     * place. Unbinding or unregistering either of them now would free it twice.
     */
    record FramebufferOrphaned(ReleaseStage.BarRegion region) implements Refusal {
        @Override
        public RefusalCode code() {
            return RefusalCode.FRAMEBUFFER_ORPHANED;
        }

        @Override
        public List<String> details() {
            return regionDetails(region);
        }
    }

    /**
     * Only the module could release the region, but it is not installed for the running kernel.
     *
     * @param release release of the running kernel
     * @param nativeDriverSuffices whether the GPU's own driver would release the region if the request allowed it
     */
    record ModuleMissing(ReleaseStage.BarRegion region, String release, boolean nativeDriverSuffices)
            implements Refusal {
        @Override
        public RefusalCode code() {
            return RefusalCode.MODULE_MISSING;
        }

        @Override
        public List<String> details() {
            return regionDetails(region, release, nativeDriverDetail(nativeDriverSuffices));
        }
    }

    /**
     * Only the module could release the region, but the kernel requires a trusted signature to load it.
     *
     * @param signaturePolicy requirement of the kernel
     * @param distributionIds distribution whose tools sign the module, as in {@link org.switchback.hardware.Machine}
     * @param nativeDriverSuffices whether the GPU's own driver would release the region if the request allowed it
     */
    record ModuleUnsigned(
            ReleaseStage.BarRegion region,
            ModuleSignaturePolicy signaturePolicy,
            List<String> distributionIds,
            boolean nativeDriverSuffices)
            implements Refusal {
        public ModuleUnsigned {
            distributionIds = List.copyOf(distributionIds);
        }

        @Override
        public RefusalCode code() {
            return RefusalCode.MODULE_UNSIGNED;
        }

        @Override
        public List<String> details() {
            return regionDetails(
                    region,
                    signaturePolicy == ModuleSignaturePolicy.REQUIRED_BY_LOCKDOWN ? "lockdown" : "signatures",
                    nativeDriverDetail(nativeDriverSuffices),
                    String.join(" ", distributionIds));
        }
    }

    /** An unknown owner has reserved part of a BAR. */
    record UnknownRegion(ReleaseStage.BarRegion region) implements Refusal {
        @Override
        public RefusalCode code() {
            return RefusalCode.UNKNOWN_REGION;
        }

        @Override
        public List<String> details() {
            return regionDetails(region);
        }
    }

    private static List<String> regionDetails(ReleaseStage.BarRegion region, String... otherDetails) {
        return Stream.concat(
                        Stream.of(
                                region.function().toShortString(),
                                Integer.toString(region.bar()),
                                region.name(),
                                region.range().toString()),
                        Stream.of(otherDetails))
                .toList();
    }

    private static String nativeDriverDetail(boolean suffices) {
        return suffices ? "native-driver" : "";
    }

    /** The kernel has had an oops since boot. */
    record KernelOops() implements Refusal {
        @Override
        public RefusalCode code() {
            return RefusalCode.KERNEL_OOPS;
        }

        @Override
        public List<String> details() {
            return List.of();
        }
    }

    /**
     * A function does not answer: reading its config space returns only ones. No driver could work with it, and neither
     * unbinding nor resetting it helps.
     */
    record NotResponding(PciAddress address, String name) implements Refusal {
        @Override
        public RefusalCode code() {
            return RefusalCode.NOT_RESPONDING;
        }

        @Override
        public List<String> details() {
            return List.of(address.toShortString(), name);
        }
    }

    /**
     * The kernel has found no address for a memory BAR of the function, so that no virtual machine can access it.
     *
     * @param port the port of the root complex above it, whose window is too small; empty for a function on a root bus
     */
    record MemoryUnassigned(PciAddress address, String name, Optional<PciAddress> port) implements Refusal {
        @Override
        public RefusalCode code() {
            return RefusalCode.MEMORY_UNASSIGNED;
        }

        @Override
        public List<String> details() {
            return List.of(
                    address.toShortString(),
                    name,
                    port.map(PciAddress::toShortString).orElse(""));
        }
    }

    /**
     * The firmware requires addresses to be mapped 1:1 for the IOMMU group, so the kernel does not give the group to
     * VFIO (device_is_rmrr_locked, drivers/iommu/intel/iommu.c; since 6.6 require_direct, drivers/iommu/iommu.c).
     *
     * @param mappings the addresses, not empty
     * @param relaxation whether a kernel option lifts the mapping
     */
    record DirectMapping(PciAddress address, int group, List<AddressRange> mappings, Machine.RmrrRelaxation relaxation)
            implements Refusal {
        public DirectMapping {
            mappings = List.copyOf(mappings);
        }

        @Override
        public RefusalCode code() {
            return RefusalCode.DIRECT_MAPPING;
        }

        @Override
        public List<String> details() {
            return List.of(
                    address.toShortString(),
                    Integer.toString(group),
                    mappings.stream().map(AddressRange::toString).collect(Collectors.joining(" ")),
                    KebabCase.of(relaxation));
        }
    }
}
