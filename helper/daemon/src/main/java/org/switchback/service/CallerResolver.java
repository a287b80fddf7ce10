package org.switchback.service;

/** Knows who is at the other end of a connection. */
interface CallerResolver {
    /** On a private connection there is only one, and it goes with the connection. */
    CallerResolver SINGLE_PEER = new CallerResolver() {
        @Override
        public Caller current() {
            return Caller.PEER;
        }

        @Override
        public boolean isConnected(String sender) {
            return true;
        }

        @Override
        public DisconnectWatch onDisconnect(Caller caller, Runnable action) {
            return () -> {};
        }
    };

    /** Ends a {@link #whenGone}. */
    interface DisconnectWatch {
        void cancel();
    }

    /**
     * Who made the call that this thread is answering.
     *
     * @throws org.switchback.Helper1.Error.NotAuthorized when the bus does not say
     */
    Caller current();

    /** Whether the caller with that name on the bus is still on it. */
    boolean isConnected(String sender);

    /** Calls back once when the caller has left the bus, at once when it has left already. */
    DisconnectWatch onDisconnect(Caller caller, Runnable action);
}
