package org.switchback.protocol;

import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.annotations.Position;

/** One step of a plan. */
public final class PlannedStep extends Struct {
    /**
     * {@code check-unused}, {@code check-proven}, {@code check-back}, {@code driver}, {@code override}, {@code power},
     * {@code framebuffer}, {@code region} (a framebuffer's region that goes: its subject is the function's address and the
     * range, its {@code before} the region's name), {@code module}, {@code offer}, {@code summon} (load what the kernel's
     * modules name for a function), {@code withdraw} (unbind what was offered) or {@code eviction} (its {@code before} is
     * the BAR's index, the region's name and its range, blanks between them).
     */
    @Position(0)
    public final String kind;

    /** A PCI address, several with commas between them for a check, a platform device or a module. */
    @Position(1)
    public final String subject;

    /** Value before; empty for none. For an eviction what goes: {@code 0 efifb c0000000-c02fffff}. */
    @Position(2)
    public final String before;

    /** Value after; empty for none. */
    @Position(3)
    public final String after;

    /** {@code not-needed}, {@code reversible}, {@code stays} or {@code until-restart}. */
    @Position(4)
    public final String undoPolicy;

    /** The command a person could type; empty for a check. */
    @Position(5)
    public final String shellCommand;

    /** The command that undoes it; empty when nothing does. */
    @Position(6)
    public final String undoCommand;

    /**
     * The rung of the ladder it belongs to, that is, how a framebuffer's region is made to go: {@code vfio-pci},
     * {@code unbind}, {@code native-driver} or {@code module}; empty for what has nothing to do with that. A rung after
     * another of the same plan is taken only when the region is still there.
     */
    @Position(7)
    public final String releaseMethod;

    /**
     * For the step that has the region go, why it is this rung: {@code vga} (vfio-pci evicts the framebuffer from class
     * 0300), {@code goes-with-driver}, {@code allowed}, {@code no-driver} or {@code outlives-driver}; empty for others.
     */
    @Position(8)
    public final String releaseReason;

    public PlannedStep(
            String kind,
            String subject,
            String before,
            String after,
            String undoPolicy,
            String shellCommand,
            String undoCommand,
            String releaseMethod,
            String releaseReason) {
        this.kind = kind;
        this.subject = subject;
        this.before = before;
        this.after = after;
        this.undoPolicy = undoPolicy;
        this.shellCommand = shellCommand;
        this.undoCommand = undoCommand;
        this.releaseMethod = releaseMethod;
        this.releaseReason = releaseReason;
    }
}
