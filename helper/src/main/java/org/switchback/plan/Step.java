package org.switchback.plan;

import java.util.List;
import java.util.Optional;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.PciAddress;

/** One step of a plan. */
public sealed interface Step {
    /** What becomes of a step when a later one fails. */
    enum Undo {
        /** Nothing was changed. */
        NOT_NEEDED,
        /** Put back by its inverse. */
        REVERSIBLE,
        /** Left as it is, since it does no harm. */
        STAYS,
        /** Cannot be put back before the machine is restarted. */
        UNTIL_RESTART
    }

    /** Looks at the kernel and stops the switch when it does not like what it sees. */
    record Check(Question question, List<PciAddress> functions) implements Step {
        public Check {
            functions = List.copyOf(functions);
        }

        @Override
        public Undo undo() {
            return Undo.NOT_NEEDED;
        }

        @Override
        public Optional<KernelWrite> write() {
            return Optional.empty();
        }
    }

    /** What a {@link Check} asks. */
    enum Question {
        /** Does no program use the functions? */
        UNUSED,
        /** Is the group viable, does config space answer, and does a VFIO client get and read every BAR? */
        PROVEN,
        /** Has the host's driver every function that it had? */
        BACK
    }

    /**
     * Gives a setting another value.
     *
     * @param before the value it must have, or the step is not taken
     * @param after  the value it must have afterwards, whatever the write answered
     * @param undo   whether and how it is undone
     */
    record Change(Setting setting, String before, String after, Undo undo) implements Step {
        @Override
        public Optional<KernelWrite> write() {
            return Optional.of(KernelWrite.of(setting, before, after));
        }

        @Override
        public Optional<KernelWrite> inverse() {
            return undo == Undo.REVERSIBLE ? Optional.of(KernelWrite.of(setting, after, before)) : Optional.empty();
        }
    }

    /**
     * A step on a rung of the ladder: left out when the region it is about has gone already.
     *
     * @param step anything but another of these
     */
    record OnRung(Rung rung, Step step) implements Step {
        @Override
        public Step bare() {
            return step;
        }

        @Override
        public Undo undo() {
            return rung.part() == Rung.Part.RELEASES && rung.way() == Rung.Way.NATIVE_DRIVER
                    ? Undo.UNTIL_RESTART
                    : step.undo();
        }

        @Override
        public Optional<KernelWrite> write() {
            return step.write();
        }

        @Override
        public Optional<KernelWrite> inverse() {
            return step.inverse();
        }
    }

    /** Loads the drivers that the kernel's modules name for a function; there may be none, or it may be there already. */
    record Summon(PciAddress function) implements Step {
        @Override
        public Undo undo() {
            return Undo.STAYS;
        }

        @Override
        public Optional<KernelWrite> write() {
            return Optional.of(new KernelWrite.LoadDriver(function));
        }
    }

    /** Unbinds whatever driver an {@link Offer} found for a function. */
    record Withdraw(PciAddress function) implements Step {
        @Override
        public Undo undo() {
            return Undo.NOT_NEEDED;
        }

        @Override
        public Optional<KernelWrite> write() {
            return Optional.of(KernelWrite.withdraw(function));
        }
    }

    /** Lets the kernel find a driver of its own for a function of which nobody knows what driver it had. */
    record Offer(PciAddress function) implements Step {
        /** By unbinding whatever driver took it. */
        @Override
        public Undo undo() {
            return Undo.REVERSIBLE;
        }

        @Override
        public Optional<KernelWrite> write() {
            return Optional.of(KernelWrite.offer(function));
        }

        @Override
        public Optional<KernelWrite> inverse() {
            return Optional.of(KernelWrite.withdraw(function));
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
    record Eviction(PciAddress function, int bar, String region, AddressRange range) implements Step {
        @Override
        public Undo undo() {
            return Undo.UNTIL_RESTART;
        }

        @Override
        public Optional<KernelWrite> write() {
            return Optional.empty();
        }
    }

    Undo undo();

    /** The step itself, without what its place in the ladder adds. */
    default Step bare() {
        return this;
    }

    /** What is written to the kernel; empty for a step that only looks. */
    Optional<KernelWrite> write();

    /** The write that undoes the step; empty when it is not undone. */
    default Optional<KernelWrite> inverse() {
        return Optional.empty();
    }
}
