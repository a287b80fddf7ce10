package org.switchback.protocol;

import java.util.List;
import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.messages.DBusSignal;

/** A running or ended switch, at {@link DBusNames#JOB_PATH_PREFIX}N. */
@DBusInterfaceName("org.switchback.Helper1.Job")
public interface JobInterface extends DBusInterface {
    /** Returns the planned steps in order. */
    List<PlannedStepStruct> Steps();

    /**
     * Returns all events so far, including the names of programs and users that signals omit. The last event of an
     * ended job is {@code finished}.
     */
    List<JobEventStruct> Log();

    /** Stops the switch between two steps and rolls the executed ones back. Does nothing if the job has ended. */
    void Cancel();

    /** Reports new events. Every program on the bus receives this signal. */
    final class Progress extends DBusSignal {
        private final int firstIndex;
        private final List<JobEventStruct> events;

        /**
         * @param path object path of the job
         * @param firstIndex index of the first event in the job's log, counted from 0
         * @param events events since the last signal, {@linkplain JobEventStruct#redacted redacted}
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
