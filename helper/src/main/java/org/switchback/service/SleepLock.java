package org.switchback.service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Keeps the computer from sleeping and shutting down while a GPU changes hands. */
@FunctionalInterface
interface SleepLock {
    /** For a computer that is not really there. */
    SleepLock NONE = () -> () -> {};

    /** Takes the lock without waiting for it. */
    Held take();

    /** A lock that was taken, or that could not be. */
    @FunctionalInterface
    interface Held extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * The lock of logind, by way of its own program: logind hands the lock out as a file descriptor, which our connection
     * to the bus can't receive. Without logind there is nobody who would send the computer to sleep, and no lock.
     *
     * @param program {@code systemd-inhibit}
     */
    static SleepLock ofLogind(Path program) {
        return () -> {
            if (!Files.isExecutable(program)) {
                return () -> {};
            }
            try {
                // The lock lasts as long as the program that is run under it, and cat as long as our end of its pipe.
                Process holder = new ProcessBuilder(
                                program.toString(),
                                "--what=sleep:shutdown",
                                "--mode=block",
                                "--who=Switchback",
                                "--why=A GPU changes hands",
                                "cat")
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
                return () -> release(holder);
            } catch (IOException notStarted) {
                return () -> {};
            }
        };
    }

    private static void release(Process holder) {
        try {
            holder.getOutputStream().close();
        } catch (IOException ended) {
            // Then it holds nothing.
        }
    }
}
