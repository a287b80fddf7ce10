package org.switchback.app.cli;

import com.google.gson.JsonObject;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.switchback.app.words.Words;
import org.switchback.protocol.JobEntry;
import org.switchback.protocol.PlannedStep;

/** A switch under way: a line a step, finished when the step is. */
final class Progress {
    /** A quick step needs no word about waiting, seconds. */
    private static final long SLOW = 5;

    /** How often the word is said again, seconds. */
    private static final long AGAIN = 30;

    private static final int TITLE = 56;

    private final Terminal terminal;
    private final Words words;
    private final Wish.Answer answer;
    private final Consumer<JsonObject> events;
    private final Map<Integer, Long> began = new HashMap<>();
    private boolean lineOpen;

    /** @param events told every entry as JSON by {@link #record} */
    Progress(Terminal terminal, Words words, Wish.Answer answer, Consumer<JsonObject> events) {
        this.terminal = terminal;
        this.words = words;
        this.answer = answer;
        this.events = events;
    }

    /** For programs. */
    void record(JobEntry entry) {
        events.accept(Json.event(entry, seconds(entry)));
    }

    /** For people. */
    void show(JobEntry entry) {
        Optional<Double> seconds = seconds(entry);
        switch (entry.what) {
            case "authorizing" -> {
                if (answer.real()) {
                    line(words.text("job.authorizing"));
                }
            }
            case "authorized", "finished" -> closeLine();
            case "started" -> open(
                    Columns.right(Integer.toString(entry.step + 1), 2) + "  " + title(entry));
            case "waiting" -> waiting(entry);
            case "done" -> close(terminal.good(terminal.sign("\u2714", "done")), seconds);
            case "skipped" -> line(Columns.right(Integer.toString(entry.step + 1), 2) + "  "
                    + Columns.left(title(entry), TITLE) + "  " + terminal.faint(words.text("cli.step.skipped")));
            case "failed" -> {
                if (lineOpen) {
                    close(terminal.bad(terminal.sign("\u2718", "failed")), seconds);
                }
                line("      " + Columns.hanging(words.failure(entry), 8));
            }
            case "undoing" -> open(terminal.sign("\u21a9", "<-") + "   " + words.text("job.undoing", title(entry)));
            case "undone" -> close(terminal.good(terminal.sign("\u2714", "done")), seconds);
            case "undo-failed" -> {
                if (lineOpen) {
                    close(terminal.bad(terminal.sign("\u2718", "failed")), seconds);
                }
                line("      " + Columns.hanging(words.text("job.undo-failed", title(entry), words.failure(entry)), 8));
            }
            case "stuck" -> {
                closeLine();
                line(words.text("job.stuck", title(entry)));
            }
            default -> line(entry.what);
        }
        terminal.out().flush();
    }

    private String title(JobEntry entry) {
        if (entry.step < 0 || entry.step >= answer.plan().steps.size()) {
            return words.text("cli.step", Integer.toString(entry.step + 1));
        }
        PlannedStep step = answer.plan().steps.get(entry.step);
        return words.step(step, answer.machine());
    }

    private void waiting(JobEntry entry) {
        long seconds = entry.values.isEmpty() ? 0 : Long.parseLong(entry.values.getFirst());
        if (seconds == SLOW || (seconds > 0 && seconds % AGAIN == 0)) {
            line("      " + Columns.hanging(words.text("job.waiting", title(entry), Long.toString(seconds)), 8));
        }
    }

    /** Time since the step began, when this entry ends it. */
    private Optional<Double> seconds(JobEntry entry) {
        switch (entry.what) {
            case "started", "undoing" -> began.put(entry.step, entry.micros);
            case "done", "failed", "undone", "undo-failed", "stuck" -> {
                return Optional.ofNullable(began.get(entry.step)).map(start -> (entry.micros - start) / 1e6);
            }
            default -> {
                // Nothing begins or ends.
            }
        }
        return Optional.empty();
    }

    private void open(String text) {
        closeLine();
        terminal.out().print("  " + Columns.left(text, TITLE));
        lineOpen = true;
    }

    private void close(String sign, Optional<Double> seconds) {
        terminal.out().println("  " + sign + seconds.map(s -> "  " + duration(s)).orElse(""));
        lineOpen = false;
    }

    private void closeLine() {
        if (lineOpen) {
            terminal.out().println();
            lineOpen = false;
        }
    }

    private void line(String text) {
        closeLine();
        terminal.out().println("  " + text);
    }

    private String duration(double seconds) {
        return seconds < 0.001
                ? words.text("cli.time.short")
                : seconds < 1
                        ? words.text("cli.time.ms", Long.toString(Math.round(seconds * 1000)))
                        : words.text("cli.time.s", String.format(words.locale(), "%.1f", seconds));
    }
}
