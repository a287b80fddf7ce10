package org.switchback.service;

/** Knows who is at the other end of a connection. */
interface Callers {
    /** On a private connection there is only one, and it goes with the connection. */
    Callers ONE_PEER = new Callers() {
        @Override
        public Caller current() {
            return Caller.PEER;
        }

        @Override
        public boolean isThere(String sender) {
            return true;
        }

        @Override
        public Watch whenGone(Caller caller, Runnable action) {
            return () -> {};
        }
    };

    /** Ends a {@link #whenGone}. */
    interface Watch {
        void end();
    }

    /**
     * Who made the call that this thread is answering.
     *
     * @throws org.switchback.Helper1.Error.NotAuthorized when the bus does not say
     */
    Caller current();

    /** Whether the caller with that name on the bus is still on it. */
    boolean isThere(String sender);

    /** Calls back once when the caller has left the bus, at once when it has left already. */
    Watch whenGone(Caller caller, Runnable action);
}
