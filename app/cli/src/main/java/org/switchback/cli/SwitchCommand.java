package org.switchback.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperConnection.RunningSwitch;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.KebabCase;
import org.switchback.protocol.JobEvent;
import org.switchback.protocol.PlannedRefusal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code switch}: shows the plan, asks, and carries it out. */
@Command(name = "switch", sortOptions = false)
final class SwitchCommand extends PlanningCommand {
    /** How long another switch is waited for, and between two looks whether it is over. */
    private static final Duration BUSY_TIMEOUT = Duration.ofSeconds(60);

    private static final Duration BUSY_POLL_INTERVAL = Duration.ofMillis(250);

    @Option(names = {"-y", "--yes"})
    boolean yes;

    @Option(names = "--wait")
    boolean wait;

    SwitchCommand(CliContext surroundings, RootCommand root) {
        super(surroundings, root);
    }

    @Override
    public Integer call() throws CommandException, InterruptedException {
        try (MachineSession sight = rootCommand().openSession(false)) {
            HelperConnection connection = sight.connection();
            if (connection.source() instanceof MachineSource.ReadOnlyMachine(HelperException.FailureKind why)) {
                boolean refused = why == HelperException.FailureKind.REFUSED;
                throw context().createException(refused ? ExitCode.BLOCKED : ExitCode.FAILED, "cli.switch.look-only");
            }
            PlannedSwitch answer = planSwitch(sight);
            JsonObject object = new JsonFormatter(messages()).formatPlan(answer.gpu(), answer.target(), answer.plan(), answer.machine());
            object.add("source", JsonFormatter.formatSource(connection.source()));
            if (!json) {
                new PlanFormatter(terminal(), messages(), answer).print(showCommands);
                terminal().out().println();
            }
            if (answer.isAlreadyInTargetMode()) {
                object.addProperty("result", "nothing-to-do");
                printResult(object, messages().text("cli.switch.unchanged"));
                return ExitCode.OK;
            }
            if (!answer.plan().refusals.isEmpty()) {
                object.addProperty("result", "refused");
                printResult(object, messages().text("cli.switch.unchanged"));
                return ExitCode.BLOCKED;
            }
            if (connection.source().canSwitchThisMachine() && !yes && !confirm()) {
                terminal().out().println(messages().text("cli.switch.unchanged"));
                return ExitCode.BLOCKED;
            }
            return executeSwitch(connection, answer, object);
        }
    }

    /** On a sample nothing is at stake, so nobody is asked. */
    private boolean confirm() throws CommandException {
        if (!terminal().interactive() || json) {
            throw context().createException(ExitCode.USAGE, "cli.switch.add-yes");
        }
        Optional<String> reply = terminal().prompt(messages().text("cli.switch.question") + " ");
        return reply.map(text -> text.strip().toLowerCase(Locale.ROOT))
                .filter(text -> !text.isEmpty() && messages().text("cli.switch.question.yes").contains(" " + text + " "))
                .isPresent();
    }

    private int executeSwitch(HelperConnection connection, PlannedSwitch answer, JsonObject object)
            throws CommandException, InterruptedException {
        JsonArray events = new JsonArray();
        ProgressPrinter progress = new ProgressPrinter(terminal(), messages(), answer, events::add);
        RunningSwitch running = startSwitch(connection, answer, json ? progress::emitJson : progress::print);
        CountDownLatch ended = new CountDownLatch(1);
        Thread interrupted = new Thread(() -> cancelAndAwait(running, ended));
        Runtime.getRuntime().addShutdownHook(interrupted);
        try {
            JobEvent end = running.awaitEnd();
            object.add("events", events);
            return reportResult(end, SnapshotParser.parse(connection.inspect(false)), answer, object);
        } catch (HelperException blind) {
            throw context().createException(blind);
        } finally {
            ended.countDown();
            try {
                Runtime.getRuntime().removeShutdownHook(interrupted);
            } catch (IllegalStateException shuttingDown) {
                // It runs already.
            }
        }
    }

    private RunningSwitch startSwitch(HelperConnection connection, PlannedSwitch answer, Consumer<JobEvent> listener)
            throws CommandException, InterruptedException {
        try {
            return applyWithRetry(connection, answer.plan().id, listener);
        } catch (HelperException problem) {
            if (problem.kind() != HelperException.FailureKind.INCOMPLETE || answer.target().equals("vm")) {
                throw context().createException(problem);
            }
        }
        // Back to the host from a switch that was left half done: what it did is undone.
        try {
            return connection.restore(answer.gpu().address(), listener);
        } catch (HelperException problem) {
            throw context().createException(problem);
        }
    }

    /** Where that is asked for, once nobody else is switching: a plan that was not taken is still good. */
    private RunningSwitch applyWithRetry(HelperConnection connection, String plan, Consumer<JobEvent> listener)
            throws HelperException, InterruptedException {
        long began = System.nanoTime();
        while (true) {
            try {
                return connection.apply(plan, listener);
            } catch (HelperException problem) {
                boolean late = System.nanoTime() - began >= BUSY_TIMEOUT.toNanos();
                if (!wait || late || problem.kind() != HelperException.FailureKind.BUSY) {
                    throw problem;
                }
            }
            Thread.sleep(BUSY_POLL_INTERVAL);
        }
    }

    /** Ctrl+C: the process stays until what was changed is put back and said to be, but not for ever. */
    private void cancelAndAwait(RunningSwitch running, CountDownLatch ended) {
        running.cancel();
        try {
            if (!ended.await(30, TimeUnit.SECONDS)) {
                terminal().err().println(messages().text("cli.switch.left"));
            }
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
        }
        terminal().out().flush();
    }

    private int reportResult(JobEvent end, Machine after, PlannedSwitch answer, JsonObject object) {
        Optional<Gpu> gpu = after.gpu(answer.gpu().address());
        boolean reached = gpu.filter(now -> isInTargetMode(now, answer.target())).isPresent();
        int exitCode = toExitCode(end.detail);
        String sentence = messages().formatResult(end, answer.target(), answer.gpu().graphics().name());
        if (end.detail.equals("put-back") && reached) {
            // Putting back a switch to VM mode is a switch to the host.
            exitCode = ExitCode.OK;
        } else if (exitCode == ExitCode.OK && !reached) {
            // The kernel has the last word, not the helper.
            exitCode = ExitCode.PARTIALLY_SWITCHED;
            sentence = messages().text(
                    "cli.switch.not-true",
                    answer.gpu().address().toShortString(),
                    gpu.map(now -> messages().formatDriver(now.graphics())).orElse(messages().text("driver.none")));
        }
        object.addProperty("result", end.detail);
        object.addProperty("took", end.elapsedMicros / 1e6);
        gpu.ifPresent(now -> object.addProperty("mode", KebabCase.of(now.mode())));
        object.addProperty("text", sentence);
        printResult(object, exitCode == ExitCode.OK ? terminal().success(sentence) : terminal().error(sentence));
        return exitCode;
    }

    private void printResult(JsonObject object, String sentence) {
        if (json) {
            printJson(object);
        } else {
            terminal().out().println(sentence);
        }
    }

    private static boolean isInTargetMode(Gpu gpu, String target) {
        return switch (gpu.mode()) {
            case VM -> target.equals("vm");
            case HOST, UNBOUND -> target.equals("host");
            case PARTIALLY_SWITCHED -> false;
        };
    }

    private static int toExitCode(String outcome) {
        return switch (outcome) {
            case "done" -> ExitCode.OK;
            case "put-back", "cancelled" -> ExitCode.ROLLED_BACK;
            case "mixed", "stuck", "kernel-died" -> ExitCode.PARTIALLY_SWITCHED;
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
