package org.switchback.protocol;

import java.util.List;
import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.annotations.Position;

/** One thing that happened to a job. */
public final class JobEvent extends Struct {
    /**
     * {@code authorizing}, {@code authorized}, {@code started}, {@code waiting} (a write has lasted over a second; again
     * every second), {@code done}, {@code skipped} (another rung of the ladder has done it), {@code failed} (goes on with
     * the next rung where there is one), {@code undoing}, {@code undone}, {@code undo-failed}, {@code stuck},
     * or at the end {@code finished}.
     */
    @Position(0)
    public final String type;

    /** Step, counted from 0; -1 for what concerns the whole job. */
    @Position(1)
    public final int step;

    /** Since authorisation, microseconds; 0 before it. */
    @Position(2)
    public final long elapsedMicros;

    /**
     * Empty but for {@code failed} (as {@code org.switchback.transaction.Event} has it), and for {@code finished}: {@code done},
     * {@code put-back}, {@code mixed}, {@code stuck}, {@code kernel-died}, {@code denied}, {@code no-agent},
     * {@code authentication-cancelled}, {@code undecided} (polkit did not answer), {@code cancelled}, {@code stale},
     * {@code journal-unwritable}, {@code busy} (while this one was at its prompt another switch began), {@code refused} (the
     * entry before says why), {@code error}.
     */
    @Position(3)
    public final String detail;

    /** Values for a sentence about it: the holder that appeared, the BAR that was refused. */
    @Position(4)
    public final List<String> values;

    public JobEvent(String type, int step, long elapsedMicros, String detail, List<String> values) {
        this.type = type;
        this.step = step;
        this.elapsedMicros = elapsedMicros;
        this.detail = detail;
        this.values = values;
    }

    /** Without the names of programs and users, which only the job's owner may read, in its log. Never this one. */
    public JobEvent redacted() {
        return new JobEvent(type, step, elapsedMicros, detail, canContainNames() ? List.of() : values);
    }

    /** Whether {@link #redacted} may have left something out. */
    public boolean isRedacted() {
        return canContainNames() && values.isEmpty();
    }

    private boolean canContainNames() {
        return !detail.isEmpty() && !type.equals("finished");
    }
}
