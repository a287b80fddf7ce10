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

/** {@code switch}: shows the plan, asks for confirmation, and runs it. */
@Command(name = "switch", sortOptions = false)
final class SwitchCommand extends AbstractPlanningCommand {
    /** How long {@code --wait} waits for another switch to end. */
    private static final Duration BUSY_TIMEOUT = Duration.ofSeconds(60);

    /** Time between two attempts to start while another switch runs. */
    private static final Duration BUSY_POLL_INTERVAL = Duration.ofMillis(250);

    @Option(names = {"-y", "--yes"})
    boolean yes;

    @Option(names = "--wait")
    boolean wait;

    @Override
    public Integer call() throws CommandException, InterruptedException {
        try (MachineSession session = rootCommand().openSession(false)) {
            HelperConnection connection = session.connection();
            if (connection.source() instanceof MachineSource.ReadOnlyMachine(HelperException.FailureKind reason)) {
                boolean refused = reason == HelperException.FailureKind.REFUSED;
                throw context().createException(refused ? ExitCode.BLOCKED : ExitCode.FAILED, "cli.switch.look-only");
            }
            PlannedSwitch planned = planSwitch(session);
            JsonObject object = toJson(planned, connection.source());
            if (!json) {
                new PlanFormatter(terminal(), messages(), planned).print(showCommands);
                println("");
            }
            if (planned.isAlreadyInTargetMode()) {
                object.addProperty("result", "nothing-to-do");
                printResult(object, messages().text("cli.switch.unchanged"));
                return ExitCode.OK;
            }
            if (planned.plan().isRefused()) {
                object.addProperty("result", "refused");
                printResult(object, messages().text("cli.switch.unchanged"));
                return ExitCode.BLOCKED;
            }
            if (connection.source().canSwitchThisMachine() && !yes && !confirm()) {
                println(messages().text("cli.switch.unchanged"));
                return ExitCode.BLOCKED;
            }
            return executeSwitch(connection, planned, object);
        }
    }

    /** Asks for confirmation on the terminal. Simulated machines need none. */
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

    private int executeSwitch(HelperConnection connection, PlannedSwitch planned, JsonObject object)
            throws CommandException, InterruptedException {
        JsonArray events = new JsonArray();
        ProgressPrinter progress = new ProgressPrinter(terminal(), messages(), planned, events::add);
        RunningSwitch running = startSwitch(connection, planned, json ? progress::emitJson : progress::print);
        CountDownLatch ended = new CountDownLatch(1);
        Thread shutdownHook = new Thread(() -> cancelAndAwait(running, ended));
        Runtime.getRuntime().addShutdownHook(shutdownHook);
        try {
            JobEvent.Finished finished = running.awaitEnd();
            object.add("events", events);
            return reportResult(finished, SnapshotParser.parse(connection.inspect(false)), planned, object);
        } catch (HelperException e) {
            throw context().createException(e);
        } finally {
            ended.countDown();
            try {
                Runtime.getRuntime().removeShutdownHook(shutdownHook);
            } catch (IllegalStateException ignored) {
                // The shutdown has started, so the hook already runs.
            }
        }
    }

    private RunningSwitch startSwitch(HelperConnection connection, PlannedSwitch planned, Consumer<JobEvent> listener)
            throws CommandException, InterruptedException {
        try {
            return applyWithRetry(connection, planned.plan().id(), listener);
        } catch (HelperException e) {
            if (e.kind() != HelperException.FailureKind.INCOMPLETE || planned.target() == Target.VM) {
                throw context().createException(e);
            }
        }
        // To host mode after an incomplete switch: roll it back.
        try {
            return connection.restore(planned.gpu().address(), listener);
        } catch (HelperException e) {
            throw context().createException(e);
        }
    }

    /** Starts a switch. With {@code --wait} retries while another switch runs: an unused plan stays valid. */
    private RunningSwitch applyWithRetry(HelperConnection connection, String planId, Consumer<JobEvent> listener)
            throws HelperException, InterruptedException {
        long startNanos = System.nanoTime();
        while (true) {
            try {
                return connection.apply(planId, listener);
            } catch (HelperException e) {
                boolean timedOut = System.nanoTime() - startNanos >= BUSY_TIMEOUT.toNanos();
                if (!wait || timedOut || e.kind() != HelperException.FailureKind.BUSY) {
                    throw e;
                }
            }
            Thread.sleep(BUSY_POLL_INTERVAL);
        }
    }

    /** Ctrl+C: waits until the changes are rolled back and the result is printed, but at most 30 seconds. */
    private void cancelAndAwait(RunningSwitch running, CountDownLatch ended) {
        running.cancel();
        try {
            if (!ended.await(30, TimeUnit.SECONDS)) {
                terminal().err().println(messages().text("cli.switch.left"));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        terminal().out().flush();
    }

    private int reportResult(
            JobEvent.Finished finished, Machine machineAfter, PlannedSwitch planned, JsonObject object) {
        Optional<Gpu> gpu = machineAfter.gpu(planned.gpu().address());
        SwitchRun run =
                SwitchRun.begin(planned.target(), planned.plan().steps().size()).after(finished);
        SwitchRun.Result result = run.evaluate(planned.gpu(), gpu);
        String sentence = messages()
                .formatOutcome(
                        finished.outcome(),
                        planned.target(),
                        planned.gpu().graphics().name());
        if (finished.outcome() == Outcome.DONE && result != SwitchRun.Result.SUCCEEDED) {
            sentence = gpu.map(now -> messages().formatFalseSuccess(planned.target(), now))
                    .orElseGet(() -> messages().text("result.untrue.missing"));
        }
        object.addProperty("result", finished.outcome().wireName());
        object.addProperty("took", finished.elapsed().toNanos() / 1e9);
        gpu.ifPresent(gpuAfter -> object.addProperty("mode", KebabCase.of(gpuAfter.mode())));
        object.addProperty("text", sentence);
        int exitCode = ExitCode.of(result, finished.outcome());
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
            println(sentence);
        }
    }
}
