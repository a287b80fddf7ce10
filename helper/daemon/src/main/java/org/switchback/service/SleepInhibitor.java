package org.switchback.service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Keeps the computer from sleeping and shutting down while a GPU changes hands. */
@FunctionalInterface
interface SleepInhibitor {
    /** For a computer that is not really there. */
    SleepInhibitor NONE = () -> () -> {};

    /** Takes the lock, or tries to for a second. */
    InhibitorLock acquire();

    /** A lock that was taken, or that could not be. */
    @FunctionalInterface
    interface InhibitorLock extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * The lock of logind, by way of its own program: logind hands the lock out as a file descriptor, which our
     * connection to the bus can't receive. Without logind there is nobody who would send the computer to sleep, and no
     * lock.
     *
     * @param program {@code systemd-inhibit}
     */
    static SleepInhibitor ofLogind(Path program) {
        return () -> {
            if (!Files.isExecutable(program)) {
                return () -> {};
            }
            try {
                // The program under it is started when the lock is there, and cat lasts as long as our end of its pipe.
                Process holder = new ProcessBuilder(
                                program.toString(),
                                "--what=sleep:shutdown",
                                "--mode=block",
                                "--who=Switchback",
                                "--why=A GPU changes hands",
                                "/bin/sh",
                                "-c",
                                "echo; exec cat")
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
                awaitLock(holder);
                return () -> release(holder);
            } catch (IOException notStarted) {
                return () -> {};
            }
        };
    }

    /** Waits for the line that is written under the lock, or for the end of a program that did not get it. */
    private static void awaitLock(Process holder) {
        CompletableFuture.runAsync(
                        () -> {
                            try {
                                holder.getInputStream().read();
                            } catch (IOException ended) {
                                // Without the lock, then.
                            }
                        },
                        Thread.ofPlatform().name("sleep-lock").daemon()::start)
                .completeOnTimeout(null, 1, TimeUnit.SECONDS)
                .join();
    }

    private static void release(Process holder) {
        try {
            holder.getOutputStream().close();
        } catch (IOException ended) {
            // Then it holds nothing.
        }
    }
}
