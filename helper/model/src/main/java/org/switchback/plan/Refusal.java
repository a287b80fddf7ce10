package org.switchback.plan;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.ModuleSignaturePolicy;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.KebabCase;

/** Why a request cannot be met as things are. */
public sealed interface Refusal {
    /** Fixed name on the bus and in the catalogue of sentences. */
    String code();

    /** What the sentence is about, in the order its text expects. */
    List<String> details();

    /** There is no such function. */
    record NoSuchDevice(PciAddress address) implements Refusal {
        @Override
        public String code() {
            return "no-such-device";
        }

        @Override
        public List<String> details() {
            return List.of(address.toShortString());
        }
    }

    /** Not a graphics function; {@code kind} is the four digits of its class. */
    record NotAGpu(PciAddress address, String name, String kind) implements Refusal {
        @Override
        public String code() {
            return "not-a-gpu";
        }

        @Override
        public List<String> details() {
            return List.of(address.toShortString(), name, kind);
        }
    }

    /** Nothing to do. */
    record AlreadyInMode(PciAddress address, Target target) implements Refusal {
        @Override
        public String code() {
            return "already-in-" + target.wireName() + "-mode";
        }

        @Override
        public List<String> details() {
            return List.of(address.toShortString());
        }
    }

    /**
     * No IOMMU group for the function. The options belong to the maker of the processor, not of the GPU.
     *
     * @param optionToAdd    the kernel option that would switch the IOMMU on; empty where none is needed
     * @param optionToRemove the one that keeps it off; empty when none does
     */
    record IommuOff(PciAddress address, Optional<String> optionToAdd, Optional<String> optionToRemove) implements Refusal {
        @Override
        public String code() {
            return "iommu-off";
        }

        @Override
        public List<String> details() {
            return List.of(address.toShortString(), optionToAdd.orElse(""), optionToRemove.orElse(""));
        }
    }

    /** The running kernel has no vfio-pci. */
    record VfioMissing(String release) implements Refusal {
        @Override
        public String code() {
            return "vfio-missing";
        }

        @Override
        public List<String> details() {
            return List.of(release);
        }
    }

    /** A program has a node of one of the functions open. */
    record InUse(PciAddress address, DeviceUser user) implements Refusal {
        @Override
        public String code() {
            return "in-use";
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

    /** A function of another device is in the same group and on a driver of the host. */
    record GroupShared(PciAddress address, int group, PciAddress member, String name, String driver)
            implements Refusal {
        @Override
        public String code() {
            return "group-shared";
        }

        @Override
        public List<String> details() {
            return List.of(address.toShortString(), Integer.toString(group), member.toShortString(), name, driver);
        }
    }

    /** Bridges, storage and network are never moved, whoever asks. */
    record NotMovable(PciAddress address, String name, NotMovableKind kind) implements Refusal {
        /** What it is that never moves. */
        public enum NotMovableKind {
            BRIDGE,
            STORAGE,
            NETWORK
        }

        @Override
        public String code() {
            return "never-moves-" + KebabCase.of(kind);
        }

        @Override
        public List<String> details() {
            return List.of(address.toShortString(), name);
        }
    }

    /** Nothing is known that would free the region: no driver has it, and it is not called BOOTFB. */
    record FramebufferNotRemovable(ReleaseStage.BarRegion region) implements Refusal {
        @Override
        public String code() {
            return "framebuffer-stays";
        }

        @Override
        public List<String> details() {
            return regionDetails(region);
        }
    }

    /**
     * A native driver has taken the framebuffer away and left its region and its driver where they were: whatever unbinds
     * or unregisters it now frees it twice.
     */
    record FramebufferTakenOver(ReleaseStage.BarRegion region) implements Refusal {
        @Override
        public String code() {
            return "framebuffer-spent";
        }

        @Override
        public List<String> details() {
            return regionDetails(region);
        }
    }

    /**
     * Only the module could free the region, and it is not installed for the running kernel.
     *
     * @param nativeDriverSuffices the GPU's own driver would, if it were allowed
     */
    record ModuleMissing(ReleaseStage.BarRegion region, String release, boolean nativeDriverSuffices) implements Refusal {
        @Override
        public String code() {
            return "module-missing";
        }

        @Override
        public List<String> details() {
            return regionDetails(region, release, nativeDriverDetail(nativeDriverSuffices));
        }
    }

    /**
     * Only the module could free the region, and the kernel does not load it without a signature that it trusts.
     *
     * @param loading       what the kernel asks for
     * @param distribution  whose tools sign it
     * @param nativeDriverSuffices the GPU's own driver would, if it were allowed
     */
    record ModuleUnsigned(
            ReleaseStage.BarRegion region, ModuleSignaturePolicy loading, List<String> distribution, boolean nativeDriverSuffices)
            implements Refusal {
        public ModuleUnsigned {
            distribution = List.copyOf(distribution);
        }

        @Override
        public String code() {
            return "module-unsigned";
        }

        @Override
        public List<String> details() {
            return regionDetails(
                    region,
                    loading == ModuleSignaturePolicy.REQUIRED_BY_LOCKDOWN ? "lockdown" : "signatures",
                    nativeDriverDetail(nativeDriverSuffices),
                    String.join(" ", distribution));
        }
    }

    /** Something nobody here knows has claimed part of a BAR. */
    record UnknownRegion(ReleaseStage.BarRegion region) implements Refusal {
        @Override
        public String code() {
            return "unknown-claim";
        }

        @Override
        public List<String> details() {
            return regionDetails(region);
        }
    }

    private static List<String> regionDetails(ReleaseStage.BarRegion claim, String... more) {
        return Stream.concat(
                        Stream.of(
                                claim.function().toShortString(),
                                Integer.toString(claim.bar()),
                                claim.name(),
                                claim.range().toString()),
                        Stream.of(more))
                .toList();
    }

    private static String nativeDriverDetail(boolean wouldDo) {
        return wouldDo ? "native-driver" : "";
    }

    /** The kernel has had an oops since it was started. */
    record KernelOops() implements Refusal {
        @Override
        public String code() {
            return "kernel-died";
        }

        @Override
        public List<String> details() {
            return List.of();
        }
    }
}
