package org.switchback.plan;

import java.util.List;
import java.util.Optional;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.PciAddress;

/** One step of a plan. */
public sealed interface Step {
    /** What becomes of a step when a later one fails. */
    enum UndoPolicy {
        /** Nothing was changed. */
        NOT_NEEDED,
        /** Put back by its inverse. */
        REVERSIBLE,
        /** Left as it is, since it does no harm. */
        KEPT,
        /** Cannot be put back before the machine is restarted. */
        NEEDS_RESTART
    }

    /** Looks at the kernel and stops the switch when it does not like what it sees. */
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

    /** What a {@link RunCheck} asks. */
    enum CheckKind {
        /** Does no program use the functions? */
        UNUSED,
        /** Is the group viable, does config space answer, and does a VFIO client get and read every BAR? */
        VFIO_USABLE,
        /** Has the host's driver every function that it had? */
        HOST_DRIVERS_BOUND
    }

    /**
     * Gives a setting another value.
     *
     * @param before the value it must have, or the step is not taken
     * @param after  the value it must have afterwards, whatever the write answered
     * @param undoPolicy   whether and how it is undone
     */
    record ChangeSetting(Setting setting, String before, String after, UndoPolicy undoPolicy) implements Step {
        @Override
        public Optional<KernelWrite> kernelWrite() {
            return Optional.of(KernelWrite.of(setting, before, after));
        }

        @Override
        public Optional<KernelWrite> undoWrite() {
            return undoPolicy == UndoPolicy.REVERSIBLE ? Optional.of(KernelWrite.of(setting, after, before)) : Optional.empty();
        }
    }

    /**
     * A step on a rung of the ladder: left out when the region it is about has gone already.
     *
     * @param step anything but another of these
     */
    record FallbackStep(ReleaseStage stage, Step step) implements Step {
        @Override
        public Step unwrap() {
            return step;
        }

        @Override
        public UndoPolicy undoPolicy() {
            return stage.role() == ReleaseStage.StepRole.RELEASE && stage.method() == ReleaseStage.ReleaseMethod.NATIVE_DRIVER
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

    /** Loads the drivers that the kernel's modules name for a function; there may be none, or it may be there already. */
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

    /** Unbinds whatever driver an {@link ProbeAny} found for a function. */
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

    /** Lets the kernel find a driver of its own for a function of which nobody knows what driver it had. */
    record ProbeAny(PciAddress function) implements Step {
        /** By unbinding whatever driver took it. */
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
     * vfio-pci removes a firmware framebuffer while it takes the function: said beforehand, since the host's firmware
     * console does not come back before a restart.
     *
     * @param bar    index of the BAR it lies in
     * @param region its name in /proc/iomem
     * @param range  as listed
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

    UndoPolicy undoPolicy();

    /** The step itself, without what its place in the ladder adds. */
    default Step unwrap() {
        return this;
    }

    /** What is written to the kernel; empty for a step that only looks. */
    Optional<KernelWrite> kernelWrite();

    /** The write that undoes the step; empty when it is not undone. */
    default Optional<KernelWrite> undoWrite() {
        return Optional.empty();
    }
}
