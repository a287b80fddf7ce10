package org.switchback.plan;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.switchback.hardware.Holder;
import org.switchback.hardware.ModuleLoading;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.Spelling;

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
            return List.of(address.brief());
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
            return List.of(address.brief(), name, kind);
        }
    }

    /** Nothing to do. */
    record AlreadyThere(PciAddress address, Target target) implements Refusal {
        @Override
        public String code() {
            return "already-in-" + target.word() + "-mode";
        }

        @Override
        public List<String> details() {
            return List.of(address.brief());
        }
    }

    /**
     * No IOMMU group for the function. The options belong to the maker of the processor, not of the GPU.
     *
     * @param add    the kernel option that would switch the IOMMU on; empty where none is needed
     * @param remove the one that keeps it off; empty when none does
     */
    record IommuOff(PciAddress address, Optional<String> add, Optional<String> remove) implements Refusal {
        @Override
        public String code() {
            return "iommu-off";
        }

        @Override
        public List<String> details() {
            return List.of(address.brief(), add.orElse(""), remove.orElse(""));
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
    record InUse(PciAddress address, Holder holder) implements Refusal {
        @Override
        public String code() {
            return "in-use";
        }

        @Override
        public List<String> details() {
            return List.of(
                    address.brief(),
                    holder.program(),
                    Integer.toString(holder.pid()),
                    holder.owner(),
                    "/dev/" + holder.node());
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
            return List.of(address.brief(), Integer.toString(group), member.brief(), name, driver);
        }
    }

    /** Bridges, storage and network are never moved, whoever asks. */
    record NeverMoves(PciAddress address, String name, Kind kind) implements Refusal {
        /** What it is that never moves. */
        public enum Kind {
            BRIDGE,
            STORAGE,
            NETWORK
        }

        @Override
        public String code() {
            return "never-moves-" + Spelling.of(kind);
        }

        @Override
        public List<String> details() {
            return List.of(address.brief(), name);
        }
    }

    /** Nothing is known that would free the region: no driver has it, and it is not called BOOTFB. */
    record FramebufferStays(Rung.Claim claim) implements Refusal {
        @Override
        public String code() {
            return "framebuffer-stays";
        }

        @Override
        public List<String> details() {
            return of(claim);
        }
    }

    /**
     * A native driver has taken the framebuffer away and left its region and its driver where they were: whatever unbinds
     * or unregisters it now frees it twice.
     */
    record FramebufferSpent(Rung.Claim claim) implements Refusal {
        @Override
        public String code() {
            return "framebuffer-spent";
        }

        @Override
        public List<String> details() {
            return of(claim);
        }
    }

    /**
     * Only the module could free the region, and it is not installed for the running kernel.
     *
     * @param nativeWouldDo the GPU's own driver would, if it were allowed
     */
    record ModuleMissing(Rung.Claim claim, String release, boolean nativeWouldDo) implements Refusal {
        @Override
        public String code() {
            return "module-missing";
        }

        @Override
        public List<String> details() {
            return of(claim, release, nativeDriver(nativeWouldDo));
        }
    }

    /**
     * Only the module could free the region, and the kernel does not load it without a signature that it trusts.
     *
     * @param loading       what the kernel asks for
     * @param distribution  whose tools sign it
     * @param nativeWouldDo the GPU's own driver would, if it were allowed
     */
    record ModuleUnsigned(
            Rung.Claim claim, ModuleLoading loading, List<String> distribution, boolean nativeWouldDo)
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
            return of(
                    claim,
                    loading == ModuleLoading.LOCKED_DOWN ? "lockdown" : "signatures",
                    nativeDriver(nativeWouldDo),
                    String.join(" ", distribution));
        }
    }

    /** Something nobody here knows has claimed part of a BAR. */
    record UnknownClaim(Rung.Claim claim) implements Refusal {
        @Override
        public String code() {
            return "unknown-claim";
        }

        @Override
        public List<String> details() {
            return of(claim);
        }
    }

    private static List<String> of(Rung.Claim claim, String... more) {
        return Stream.concat(
                        Stream.of(
                                claim.function().brief(),
                                Integer.toString(claim.bar()),
                                claim.region(),
                                claim.range().toString()),
                        Stream.of(more))
                .toList();
    }

    private static String nativeDriver(boolean wouldDo) {
        return wouldDo ? "native-driver" : "";
    }

    /** The kernel has had an oops since it was started. */
    record KernelDied() implements Refusal {
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
