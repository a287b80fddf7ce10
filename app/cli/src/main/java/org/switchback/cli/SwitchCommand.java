package org.switchback.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.time.Duration;
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
import org.switchback.hardware.KebabCase;
import org.switchback.hardware.Machine;
import org.switchback.hardware.SnapshotParser;
import org.switchback.job.JobEvent;
import org.switchback.job.Outcome;
import org.switchback.job.SwitchRun;
import org.switchback.plan.Target;
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
            JsonObject object = new JsonFormatter(messages())
                    .formatPlan(answer.gpu(), answer.target(), answer.plan(), answer.machine());
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
            if (answer.plan().isRefused()) {
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
                .filter(text -> !text.isEmpty()
                        && messages().text("cli.switch.question.yes").contains(" " + text + " "))
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
            JobEvent.Finished end = running.awaitEnd();
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
            return applyWithRetry(connection, answer.plan().id(), listener);
        } catch (HelperException problem) {
            if (problem.kind() != HelperException.FailureKind.INCOMPLETE || answer.target() == Target.VM) {
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

    private int reportResult(JobEvent.Finished end, Machine after, PlannedSwitch answer, JsonObject object) {
        Optional<Gpu> gpu = after.gpu(answer.gpu().address());
        SwitchRun run =
                SwitchRun.begin(answer.target(), answer.plan().steps().size()).after(end);
        SwitchRun.Result result = run.evaluate(answer.gpu(), gpu);
        String sentence = messages()
                .formatOutcome(
                        end.outcome(), answer.target(), answer.gpu().graphics().name());
        if (end.outcome() == Outcome.DONE && result != SwitchRun.Result.SUCCEEDED) {
            sentence = messages()
                    .text(
                            "cli.switch.not-true",
                            answer.gpu().address().toShortString(),
                            gpu.map(now -> messages().formatDriver(now.graphics()))
                                    .orElse(messages().text("driver.none")));
        }
        object.addProperty("result", end.outcome().wireName());
        object.addProperty("took", end.elapsed().toNanos() / 1e9);
        gpu.ifPresent(now -> object.addProperty("mode", KebabCase.of(now.mode())));
        object.addProperty("text", sentence);
        int exitCode = ExitCode.of(result, end.outcome());
        printResult(
                object,
                exitCode == ExitCode.OK
                        ? terminal().success(sentence)
                        : terminal().error(sentence));
        return exitCode;
    }

    private void printResult(JsonObject object, String sentence) {
        if (json) {
            printJson(object);
        } else {
            terminal().out().println(sentence);
        }
    }
}
