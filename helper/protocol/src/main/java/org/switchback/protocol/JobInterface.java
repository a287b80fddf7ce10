package org.switchback.protocol;

import java.util.List;
import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.messages.DBusSignal;

/** A switch that runs or has run, at {@link DBusNames#JOB_PATH_PREFIX}N. */
@DBusInterfaceName("org.switchback.Helper1.Job")
public interface JobInterface extends DBusInterface {
    /** The steps, as they were planned. */
    List<PlannedStepStruct> Steps();

    /** Everything that has happened so far, with the names that signals leave out; the last entry may be the end. */
    List<JobEventStruct> Log();

    /** Stops between two steps and puts back what was done. Does nothing once the job has ended. */
    void Cancel();

    /** Something happened. Every program on the bus hears it. */
    final class Progress extends DBusSignal {
        private final int firstIndex;
        private final List<JobEventStruct> events;

        /**
         * @param path the job
         * @param firstIndex where the first entry stands in the job's log, counted from 0
         * @param events what has been added to it since the last signal, {@linkplain JobEventStruct#redacted as
         *     everybody may hear it}
         */
        public Progress(String path, int firstIndex, List<JobEventStruct> events) throws DBusException {
            super(path, firstIndex, events);
            this.firstIndex = firstIndex;
            this.events = events;
        }

        public int firstIndex() {
            return firstIndex;
        }

        public List<JobEventStruct> events() {
            return events;
        }
    }
}
