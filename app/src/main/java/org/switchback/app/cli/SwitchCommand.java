package org.switchback.app.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.switchback.app.helper.HelperConnection;
import org.switchback.app.helper.HelperConnection.RunningSwitch;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.Source;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.Spelling;
import org.switchback.protocol.JobEntry;
import org.switchback.protocol.PlannedRefusal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code switch}: shows the plan, asks, and carries it out. */
@Command(name = "switch", sortOptions = false)
final class SwitchCommand extends Wish {
    /** How long another switch is waited for, and between two looks whether it is over. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final Duration PAUSE = Duration.ofMillis(250);

    @Option(names = {"-y", "--yes"})
    boolean yes;

    @Option(names = "--wait")
    boolean wait;

    SwitchCommand(Surroundings surroundings, RootCommand root) {
        super(surroundings, root);
    }

    @Override
    public Integer call() throws CommandFailure, InterruptedException {
        try (Sight sight = root().look(false)) {
            HelperConnection connection = sight.connection();
            if (connection.source() instanceof Source.LookOnly(HelperProblem.Kind why)) {
                boolean refused = why == HelperProblem.Kind.REFUSED;
                throw surroundings().failure(refused ? ExitCode.BLOCKED : ExitCode.FAILED, "cli.switch.look-only");
            }
            Answer answer = answer(sight);
            JsonObject object = new Json(words()).plan(answer.gpu(), answer.target(), answer.plan(), answer.machine());
            object.add("source", Json.source(connection.source()));
            if (!json) {
                new PlanText(terminal(), words(), answer).print(commands);
                terminal().out().println();
            }
            if (answer.thereAlready()) {
                object.addProperty("result", "nothing-to-do");
                finish(object, words().text("cli.switch.unchanged"));
                return ExitCode.OK;
            }
            if (!answer.plan().refusals.isEmpty()) {
                object.addProperty("result", "refused");
                finish(object, words().text("cli.switch.unchanged"));
                return ExitCode.BLOCKED;
            }
            if (connection.source().real() && !yes && !agreed()) {
                terminal().out().println(words().text("cli.switch.unchanged"));
                return ExitCode.BLOCKED;
            }
            return carryOut(connection, answer, object);
        }
    }

    /** On a sample nothing is at stake, so nobody is asked. */
    private boolean agreed() throws CommandFailure {
        if (!terminal().asks() || json) {
            throw surroundings().failure(ExitCode.USAGE, "cli.switch.add-yes");
        }
        Optional<String> reply = terminal().ask(words().text("cli.switch.question") + " ");
        return reply.map(text -> text.strip().toLowerCase(Locale.ROOT))
                .filter(text -> !text.isEmpty() && words().text("cli.switch.question.yes").contains(" " + text + " "))
                .isPresent();
    }

    private int carryOut(HelperConnection connection, Answer answer, JsonObject object)
            throws CommandFailure, InterruptedException {
        JsonArray events = new JsonArray();
        Progress progress = new Progress(terminal(), words(), answer, events::add);
        RunningSwitch running = start(connection, answer, json ? progress::record : progress::show);
        CountDownLatch ended = new CountDownLatch(1);
        Thread interrupted = new Thread(() -> cancel(running, ended));
        Runtime.getRuntime().addShutdownHook(interrupted);
        try {
            JobEntry end = running.await();
            object.add("events", events);
            return conclude(end, MachineReader.read(connection.inspect(false)), answer, object);
        } catch (HelperProblem blind) {
            throw surroundings().failure(blind);
        } finally {
            ended.countDown();
            try {
                Runtime.getRuntime().removeShutdownHook(interrupted);
            } catch (IllegalStateException shuttingDown) {
                // It runs already.
            }
        }
    }

    private RunningSwitch start(HelperConnection connection, Answer answer, Consumer<JobEntry> listener)
            throws CommandFailure, InterruptedException {
        try {
            return apply(connection, answer.plan().id, listener);
        } catch (HelperProblem problem) {
            if (problem.kind() != HelperProblem.Kind.INCOMPLETE || answer.target().equals("vm")) {
                throw surroundings().failure(problem);
            }
        }
        // Back to the host from a switch that was left half done: what it did is undone.
        try {
            return connection.restore(answer.gpu().address(), listener);
        } catch (HelperProblem problem) {
            throw surroundings().failure(problem);
        }
    }

    /** Where that is asked for, once nobody else is switching: a plan that was not taken is still good. */
    private RunningSwitch apply(HelperConnection connection, String plan, Consumer<JobEntry> listener)
            throws HelperProblem, InterruptedException {
        long began = System.nanoTime();
        while (true) {
            try {
                return connection.apply(plan, listener);
            } catch (HelperProblem problem) {
                boolean late = System.nanoTime() - began >= PATIENCE.toNanos();
                if (!wait || late || problem.kind() != HelperProblem.Kind.BUSY) {
                    throw problem;
                }
            }
            Thread.sleep(PAUSE);
        }
    }

    /** Ctrl+C: the process stays until what was changed is put back and said to be, but not for ever. */
    private void cancel(RunningSwitch running, CountDownLatch ended) {
        running.cancel();
        try {
            if (!ended.await(30, TimeUnit.SECONDS)) {
                terminal().err().println(words().text("cli.switch.left"));
            }
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
        }
        terminal().out().flush();
    }

    private int conclude(JobEntry end, Machine after, Answer answer, JsonObject object) {
        Optional<Gpu> gpu = after.gpu(answer.gpu().address());
        boolean reached = gpu.filter(now -> reached(now, answer.target())).isPresent();
        int exitCode = exitCode(end.detail);
        String sentence = words().finished(end, answer.target(), answer.gpu().graphics().name());
        if (end.detail.equals("put-back") && reached) {
            // Putting back a switch to VM mode is a switch to the host.
            exitCode = ExitCode.OK;
        } else if (exitCode == ExitCode.OK && !reached) {
            // The kernel has the last word, not the helper.
            exitCode = ExitCode.MIXED;
            sentence = words().text(
                    "cli.switch.not-true",
                    answer.gpu().address().brief(),
                    gpu.map(now -> words().driver(now.graphics())).orElse(words().text("driver.none")));
        }
        object.addProperty("result", end.detail);
        object.addProperty("took", end.micros / 1e6);
        gpu.ifPresent(now -> object.addProperty("mode", Spelling.of(now.mode())));
        object.addProperty("text", sentence);
        finish(object, exitCode == ExitCode.OK ? terminal().good(sentence) : terminal().bad(sentence));
        return exitCode;
    }

    private void finish(JsonObject object, String sentence) {
        if (json) {
            print(object);
        } else {
            terminal().out().println(sentence);
        }
    }

    private static boolean reached(Gpu gpu, String target) {
        return switch (gpu.mode()) {
            case VM -> target.equals("vm");
            case HOST, UNBOUND -> target.equals("host");
            case MIXED -> false;
        };
    }

    private static int exitCode(String outcome) {
        return switch (outcome) {
            case "done" -> ExitCode.OK;
            case "put-back", "cancelled" -> ExitCode.PUT_BACK;
            case "mixed", "stuck", "kernel-died" -> ExitCode.MIXED;
            case "denied",
                    "no-agent",
                    "authentication-cancelled",
                    "stale",
                    "busy",
                    "refused",
                    "journal-unwritable" ->
                ExitCode.BLOCKED;
            default -> ExitCode.FAILED;
        };
    }
}
