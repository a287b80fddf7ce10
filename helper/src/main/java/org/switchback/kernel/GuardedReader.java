package org.switchback.kernel;

import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.switchback.hardware.Capture.Entry;
import org.switchback.hardware.Capture.Text;
import org.switchback.hardware.Capture.Unreadable;

/**
 * Reads files that may never answer, in a child process: {@code driver_override} takes the lock of the device
 * (drivers/pci/pci-sysfs.c), which a stuck unbind holds, and the files of the NVIDIA driver take locks of its own.
 *
 * <p>Safe for several threads.
 */
final class GuardedReader implements AutoCloseable {
    /** What stands in a capture for a file that did not answer. */
    static final Unreadable NO_ANSWER = new Unreadable("no answer");

    /** As many orders as surely fit into the pipe, so that sending never waits. */
    private static final int AT_ONCE = 64;

    /** After so many silent files the others count as silent too. */
    private static final int MOST_SILENT = 3;

    private final KernelFiles files;
    private final Duration patience;
    private final AtomicReference<@Nullable Shell> idle = new AtomicReference<>();

    /** @param patience how long to wait for one file at the most */
    GuardedReader(KernelFiles files, Duration patience) {
        this.files = files;
        this.patience = patience;
    }

    /** Starts the child ahead of the first question. Returns at once. */
    void prepare() {
        give(take());
    }

    /** Asks for files and returns at once. */
    Question ask(List<String> paths) {
        return new Question(paths);
    }

    @Override
    public void close() {
        Shell shell = idle.getAndSet(null);
        if (shell != null) {
            shell.close();
        }
    }

    /** @return null when there is no bash */
    private @Nullable Shell take() {
        Shell shell = idle.getAndSet(null);
        if (shell != null && !shell.isGone()) {
            return shell;
        }
        try {
            return Shell.start();
        } catch (IOException noBash) {
            return null;
        }
    }

    private void give(@Nullable Shell shell) {
        if (shell == null) {
            return;
        }
        Shell spare = idle.getAndSet(shell);
        if (spare != null) {
            spare.close();
        }
    }

    /** Files asked for whose answers are still to come. For one thread. */
    final class Question {
        private final List<String> paths;
        private @Nullable Shell shell;
        private int sent;
        private int answered;

        private Question(List<String> paths) {
            this.paths = paths;
            if (!paths.isEmpty()) {
                shell = take();
                send();
            }
        }

        private void send() {
            while (shell != null && sent < paths.size() && sent - answered < AT_ONCE) {
                // One that is gone says so by its answer.
                shell.send(Shell.Verb.READ, files.real(paths.get(sent++)), "");
            }
        }

        /** What each file holds; one that is not there is left out. Waits. */
        Map<String, Entry> answers() {
            Map<String, Entry> answers = new LinkedHashMap<>();
            int silent = 0;
            while (answered < paths.size()) {
                Optional<Entry> answer = answer();
                answer.ifPresent(entry -> answers.put(paths.get(answered), entry));
                answered++;
                if (shell != null && answer.filter(entry -> entry == NO_ANSWER).isPresent()) {
                    shell.close();
                    shell = ++silent < MOST_SILENT ? take() : null;
                    sent = answered;
                }
                send();
            }
            give(shell);
            shell = null;
            return answers;
        }

        private Optional<Entry> answer() {
            Optional<Shell.Reply> reply = shell == null ? Optional.empty() : shell.reply(patience);
            if (reply.isEmpty()) {
                return Optional.of(NO_ANSWER);
            }
            if (reply.get().succeeded()) {
                return Optional.of(new Text(reply.get().text()));
            }
            return switch (reply.get().errno()) {
                case "ENOENT", "ENODEV" -> Optional.empty();
                // The child has ended.
                case "?" -> Optional.of(NO_ANSWER);
                default -> Optional.of(new Unreadable(reply.get().errno()));
            };
        }
    }
}
