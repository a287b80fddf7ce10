package org.switchback.service;

/** Identifies the callers on a connection. */
interface CallerResolver {
    /** For a private connection: its only caller stays until the connection is closed. */
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

    /** A watch started by {@link #onDisconnect}. */
    interface DisconnectWatch {
        /** Stops the watch. Its action is not run afterwards. */
        void cancel();
    }

    /**
     * Returns the sender of the call that this thread is handling.
     *
     * @throws org.switchback.Helper1.Error.NotAuthorized if the bus does not identify the sender
     */
    Caller current();

    /** Whether the caller with that unique name is still connected to the bus. */
    boolean isConnected(String sender);

    /** Runs the action once when the caller disconnects, or immediately if it already has. */
    DisconnectWatch onDisconnect(Caller caller, Runnable action);
}
