package org.switchback.service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Prevents sleep and shutdown while a switch runs. */
@FunctionalInterface
interface SleepInhibitor {
    /** For a simulated computer: does nothing. */
    SleepInhibitor NONE = () -> () -> {};

    /** Takes the lock. Waits for it for at most one second. */
    InhibitorLock acquire();

    /** An acquired lock; closing it has no effect if it could not be acquired. */
    @FunctionalInterface
    interface InhibitorLock extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Uses the inhibitor lock of logind through its program: logind passes the lock as a file descriptor, which our
     * D-Bus connection cannot receive. Without logind nothing puts the computer to sleep, so no lock is needed.
     *
     * @param program path of {@code systemd-inhibit}
     */
    static SleepInhibitor ofLogind(Path program) {
        return () -> {
            if (!Files.isExecutable(program)) {
                return () -> {};
            }
            try {
                // systemd-inhibit starts the shell once it has the lock; cat runs until our end of its pipe is closed.
                Process inhibitor = new ProcessBuilder(
                                program.toString(),
                                "--what=sleep:shutdown",
                                "--mode=block",
                                "--who=Switchback",
                                "--why=A GPU is being switched",
                                "/bin/sh",
                                "-c",
                                "echo; exec cat")
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
                awaitLock(inhibitor);
                return () -> release(inhibitor);
            } catch (IOException ignored) {
                // The program could not be started: continue without the lock.
                return () -> {};
            }
        };
    }

    /** Waits for the line written while the lock is held, or for the end of a program that did not get the lock. */
    private static void awaitLock(Process inhibitor) {
        CompletableFuture.runAsync(
                        () -> {
                            try {
                                inhibitor.getInputStream().read();
                            } catch (IOException ignored) {
                                // The program has ended: continue without the lock.
                            }
                        },
                        Thread.ofPlatform().name("sleep-lock").daemon()::start)
                .completeOnTimeout(null, 1, TimeUnit.SECONDS)
                .join();
    }

    private static void release(Process inhibitor) {
        try {
            inhibitor.getOutputStream().close();
        } catch (IOException ignored) {
            // The program has ended, so it holds no lock.
        }
    }
}
