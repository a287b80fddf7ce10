package org.switchback.plan;

import java.util.List;
import java.util.Optional;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.PciAddress;

/** A step of a plan. */
public sealed interface Step {
    /** What happens to an executed step when a later step fails. */
    enum UndoPolicy {
        /** The step changes nothing. */
        NOT_NEEDED,
        /** Undone by the opposite write. */
        REVERSIBLE,
        /** Kept, because it does no harm. */
        KEPT,
        /** Cannot be undone until the machine is restarted. */
        NEEDS_RESTART
    }

    /** Checks the kernel's state and fails the switch if the check fails. */
    record RunCheck(CheckKind kind, List<PciAddress> functions) implements Step {
        public RunCheck {
            functions = List.copyOf(functions);
        }

        @Override
        public UndoPolicy undoPolicy() {
            return UndoPolicy.NOT_NEEDED;
        }

        @Override
        public Optional<KernelWrite> kernelWrite() {
            return Optional.empty();
        }
    }

    /** What a {@link RunCheck} checks. */
    enum CheckKind {
        /** No process uses the functions. */
        UNUSED,
        /** The IOMMU group is viable, config space responds, and a VFIO client can map and read every BAR. */
        VFIO_USABLE,
        /** Every function is bound to the driver that it had in host mode. */
        HOST_DRIVERS_BOUND
    }

    /**
     * Changes the value of a setting.
     *
     * @param before value that the setting must have, otherwise the step fails
     * @param after value that the setting must have after the write, whatever the write returned
     * @param undoPolicy whether and how the step is undone
     */
    record ChangeSetting(Setting setting, String before, String after, UndoPolicy undoPolicy) implements Step {
        @Override
        public Optional<KernelWrite> kernelWrite() {
            return Optional.of(KernelWrite.of(setting, before, after));
        }

        @Override
        public Optional<KernelWrite> undoWrite() {
            return undoPolicy == UndoPolicy.REVERSIBLE
                    ? Optional.of(KernelWrite.of(setting, after, before))
                    : Optional.empty();
        }
    }

    /**
     * A step of a release strategy. It is skipped if the region of its stage has already been released.
     *
     * @param stage release stage that the step belongs to
     * @param step any step except another {@code FallbackStep}
     */
    record FallbackStep(ReleaseStage stage, Step step) implements Step {
        @Override
        public Step unwrap() {
            return step;
        }

        @Override
        public UndoPolicy undoPolicy() {
            return stage.role() == ReleaseStage.StepRole.RELEASE
                            && stage.method() == ReleaseStage.ReleaseMethod.NATIVE_DRIVER
                    ? UndoPolicy.NEEDS_RESTART
                    : step.undoPolicy();
        }

        @Override
        public Optional<KernelWrite> kernelWrite() {
            return step.kernelWrite();
        }

        @Override
        public Optional<KernelWrite> undoWrite() {
            return step.undoWrite();
        }
    }

    /** Loads the modules that match a function; there may be none, or they may already be loaded. */
    record LoadDriver(PciAddress function) implements Step {
        @Override
        public UndoPolicy undoPolicy() {
            return UndoPolicy.KEPT;
        }

        @Override
        public Optional<KernelWrite> kernelWrite() {
            return Optional.of(new KernelWrite.LoadByModalias(function));
        }
    }

    /** Unbinds a function from the driver that a {@link ProbeAny} bound, if any. */
    record UnbindAny(PciAddress function) implements Step {
        @Override
        public UndoPolicy undoPolicy() {
            return UndoPolicy.NOT_NEEDED;
        }

        @Override
        public Optional<KernelWrite> kernelWrite() {
            return Optional.of(KernelWrite.unbindAny(function));
        }
    }

    /** Makes the kernel choose a driver for a function whose earlier driver is unknown. */
    record ProbeAny(PciAddress function) implements Step {
        /** Undone by unbinding the driver that was bound, if any. */
        @Override
        public UndoPolicy undoPolicy() {
            return UndoPolicy.REVERSIBLE;
        }

        @Override
        public Optional<KernelWrite> kernelWrite() {
            return Optional.of(KernelWrite.probeAny(function));
        }

        @Override
        public Optional<KernelWrite> undoWrite() {
            return Optional.of(KernelWrite.unbindAny(function));
        }
    }

    /**
     * Announces that vfio-pci removes a boot framebuffer when it binds the function: the firmware console does not
     * return until restart.
     *
     * @param function function with the BAR
     * @param bar index of the BAR that contains the framebuffer
     * @param region name of its region in /proc/iomem
     * @param range addresses of the region
     */
    record FramebufferEviction(PciAddress function, int bar, String region, AddressRange range) implements Step {
        @Override
        public UndoPolicy undoPolicy() {
            return UndoPolicy.NEEDS_RESTART;
        }

        @Override
        public Optional<KernelWrite> kernelWrite() {
            return Optional.empty();
        }
    }

    /** What happens to the step when a later step fails. */
    UndoPolicy undoPolicy();

    /** Returns the step without the release stage of a {@link FallbackStep}. */
    default Step unwrap() {
        return this;
    }

    /** Returns the write of the step; empty for a step that only checks or announces. */
    Optional<KernelWrite> kernelWrite();

    /** Returns the write that undoes the step; empty if it is not undone. */
    default Optional<KernelWrite> undoWrite() {
        return Optional.empty();
    }
}
