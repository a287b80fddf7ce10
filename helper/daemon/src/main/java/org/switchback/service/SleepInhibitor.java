package org.switchback.service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Prevents sleep and shutdown while a switch runs. */
@FunctionalInterface
interface SleepInhibitor {
    /** For a simulated computer: does nothing. */
    SleepInhibitor NONE = () -> () -> {};

    /** Log line: the switch continues all the same. */
    String NOT_ACQUIRED = "sleep and shutdown could not be inhibited";

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
     * @param log receives a line if the lock could not be acquired
     */
    static SleepInhibitor ofLogind(Path program, Consumer<String> log) {
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
                if (!awaitLock(inhibitor)) {
                    log.accept(NOT_ACQUIRED);
                }
                return () -> release(inhibitor);
            } catch (IOException ignored) {
                log.accept(NOT_ACQUIRED);
                return () -> {};
            }
        };
    }

    /**
     * Waits for the line written while the lock is held, or for the end of a program that did not get the lock.
     *
     * @return whether the lock is held
     */
    private static boolean awaitLock(Process inhibitor) {
        return CompletableFuture.supplyAsync(
                        () -> {
                            try {
                                return inhibitor.getInputStream().read() >= 0;
                            } catch (IOException ignored) {
                                // The program has ended.
                                return false;
                            }
                        },
                        Thread.ofPlatform().name("sleep-lock-reader").daemon()::start)
                .completeOnTimeout(false, 1, TimeUnit.SECONDS)
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
