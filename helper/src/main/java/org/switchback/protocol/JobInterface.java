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

    /** Everything that has happened so far, with the names that signals leave out; the last entry may be the end. */
    List<JobEntry> Log();

    /** Stops between two steps and puts back what was done. Does nothing once the job has ended. */
    void Cancel();

    /** Something happened. Every program on the bus hears it. */
    final class Happened extends DBusSignal {
        private final int index;
        private final List<JobEntry> entries;

        /**
         * @param path    the job
         * @param index   where the first entry stands in the job's log, counted from 0
         * @param entries what has been added to it since the last signal, {@linkplain JobEntry#overheard as everybody may
         *                hear it}
         */
        public Happened(String path, int index, List<JobEntry> entries) throws DBusException {
            super(path, index, entries);
            this.index = index;
            this.entries = entries;
        }

        public int index() {
            return index;
        }

        public List<JobEntry> entries() {
            return entries;
        }
    }
}
