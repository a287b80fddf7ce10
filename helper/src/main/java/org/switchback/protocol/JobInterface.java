package org.switchback.protocol;

import java.util.List;
import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.messages.DBusSignal;

/** A switch that runs or has run, at {@link Names#JOB_PATH}N. */
@DBusInterfaceName("org.switchback.Helper1.Job")
public interface JobInterface extends DBusInterface {
    /** The steps, as they were planned. */
    List<PlannedStep> Steps();

    /** Everything that has been signalled so far, for whoever comes late; the last entry may be the end. */
    List<JobEntry> Log();

    /** Stops between two steps and puts back what was done. Does nothing once the job has ended. */
    void Cancel();

    /** Something happened. */
    final class Happened extends DBusSignal {
        private final int index;
        private final JobEntry entry;

        /**
         * @param path  the job
         * @param index where the entry stands in the job's log, counted from 0
         * @param entry the same as there
         */
        public Happened(String path, int index, JobEntry entry) throws DBusException {
            super(path, index, entry);
            this.index = index;
            this.entry = entry;
        }

        public int index() {
            return index;
        }

        public JobEntry entry() {
            return entry;
        }
    }
}
