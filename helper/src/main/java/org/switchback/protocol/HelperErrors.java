package org.switchback.protocol;

import org.freedesktop.dbus.exceptions.DBusExecutionException;

/** What can go wrong with a call. Names and texts are fixed: nothing of an exception's own text crosses the bus. */
public final class HelperErrors {
    private HelperErrors() {}

    /** The caller may not do this. */
    public static final class NotAuthorized extends DBusExecutionException {
        private static final long serialVersionUID = 1;

        public NotAuthorized() {
            super("Not authorized.");
        }
    }

    /** A switch is running, or too many plans are open. */
    public static final class Busy extends DBusExecutionException {
        private static final long serialVersionUID = 1;

        public Busy() {
            super("Another switch is running.");
        }
    }

    /** Too many calls in too short a time. */
    public static final class LimitReached extends DBusExecutionException {
        private static final long serialVersionUID = 1;

        public LimitReached() {
            super("Too many calls.");
        }
    }

    /** No such plan for this caller: never made, used, expired, or somebody else's. */
    public static final class UnknownPlan extends DBusExecutionException {
        private static final long serialVersionUID = 1;

        public UnknownPlan() {
            super("No such plan for this caller.");
        }
    }

    /** The facts the plan rests on have changed. */
    public static final class Stale extends DBusExecutionException {
        private static final long serialVersionUID = 1;

        public Stale() {
            super("The machine has changed since the plan was made.");
        }
    }

    /** An argument that is no PCI address, no target, or too long. */
    public static final class BadArgument extends DBusExecutionException {
        private static final long serialVersionUID = 1;

        public BadArgument() {
            super("Not an argument this method takes.");
        }
    }

    /** An earlier switch was left half done and has to be put back first. */
    public static final class Incomplete extends DBusExecutionException {
        private static final long serialVersionUID = 1;

        public Incomplete() {
            super("An earlier switch was left half done.");
        }
    }

    /** The helper can only look: it runs without root, on a saved report, or its journal can't be written. */
    public static final class ReadOnly extends DBusExecutionException {
        private static final long serialVersionUID = 1;

        public ReadOnly() {
            super("This helper can't change anything.");
        }
    }
}
