package org.switchback.protocol;

import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.annotations.Position;

/** One step of a plan. */
public final class PlannedStep extends Struct {
    /**
     * {@code check-unused}, {@code check-proven}, {@code check-back}, {@code driver}, {@code override}, {@code power},
     * {@code framebuffer}, {@code module}, {@code offer} or {@code eviction} (its {@code before} is the BAR's index, the
     * region's name and its range, blanks between them).
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
    public final String undo;

    /** The command a person could type; empty for a check. */
    @Position(5)
    public final String shell;

    /** The command that undoes it; empty when nothing does. */
    @Position(6)
    public final String inverse;

    public PlannedStep(
            String kind, String subject, String before, String after, String undo, String shell, String inverse) {
        this.kind = kind;
        this.subject = subject;
        this.before = before;
        this.after = after;
        this.undo = undo;
        this.shell = shell;
        this.inverse = inverse;
    }
}
