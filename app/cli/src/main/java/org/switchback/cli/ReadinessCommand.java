package org.switchback.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.switchback.client.HelperConnection;
import org.switchback.client.readiness.CheckResult;
import org.switchback.client.readiness.Readiness;
import org.switchback.client.readiness.ReadinessFormatter;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.SnapshotParser;
import org.switchback.job.PlanReply;
import org.switchback.plan.Target;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code readiness}: shows whether GPUs can be switched to VM mode, check by check. */
@Command(name = "readiness", sortOptions = false)
final class ReadinessCommand extends AbstractMachineCommand {
    private static final int INDENT_WIDTH = 4;

    @Parameters(index = "0", arity = "0..1", paramLabel = "GPU", descriptionKey = "parameter.some-gpu")
    @Nullable
    String gpuName;

    @Override
    public Integer call() throws CommandException {
        try (MachineSession session = rootCommand().openSession(false)) {
            Machine machine = SnapshotParser.parse(session.snapshot());
            List<Gpu> gpus =
                    gpuName == null ? machine.gpus() : List.of(new GpuSelector(machine, context()).find(gpuName));
            JsonArray array = new JsonArray();
            boolean anyReady = false;
            for (Gpu gpu : gpus) {
                HelperConnection connection = session.connection();
                PlanReply plan = requestPlan(connection, gpu.address(), Target.VM, List.of(), false);
                Readiness readiness = Readiness.of(machine, gpu, connection.source(), plan.refusals());
                anyReady |= !readiness.isBlocked();
                if (json) {
                    array.add(toJson(readiness));
                } else {
                    printReadiness(readiness, !gpu.equals(gpus.getFirst()));
                }
            }
            if (json) {
                JsonObject object = new JsonObject();
                object.add(
                        "source",
                        JsonFormatter.formatSource(session.connection().source()));
                object.add("gpus", array);
                printJson(object);
            } else if (gpus.isEmpty()) {
                println(messages().text("cli.status.no-gpu"));
            }
            return anyReady ? ExitCode.OK : ExitCode.BLOCKED;
        }
    }

    private void printReadiness(Readiness readiness, boolean separate) {
        ReadinessFormatter formatter = new ReadinessFormatter(messages(), readiness);
        if (separate) {
            println("");
        }
        Gpu gpu = readiness.gpu();
        println(terminal()
                .bold(gpu.address().toShortString() + "  " + gpu.graphics().name()));
        String summary = formatter.summary();
        println(readiness.isBlocked() ? terminal().error(summary) : terminal().success(summary));
        for (CheckResult result : readiness.results()) {
            String symbol = terminal()
                    .symbol(result.status().symbol(), result.status() == CheckResult.CheckStatus.READY ? "+" : "x");
            println("  " + colorize(result.status(), symbol) + " " + terminal().bold(formatter.title(result.check())));
            printParagraph(formatter.description(result));
            formatter.advice(result).ifPresent(this::printParagraph);
        }
    }

    private String colorize(CheckResult.CheckStatus status, String symbol) {
        return switch (status) {
            case READY -> terminal().success(symbol);
            case WARNING -> terminal().warning(symbol);
            case BLOCKED -> terminal().error(symbol);
            case UNKNOWN -> terminal().faint(symbol);
        };
    }

    private void printParagraph(String text) {
        for (String sentence : text.split("\n")) {
            for (String line : TextColumns.wrap(sentence, TextColumns.WIDTH - INDENT_WIDTH)) {
                println(" ".repeat(INDENT_WIDTH) + line);
            }
        }
    }

    private JsonObject toJson(Readiness readiness) {
        ReadinessFormatter formatter = new ReadinessFormatter(messages(), readiness);
        JsonObject object = new JsonObject();
        object.addProperty("gpu", readiness.gpu().address().toString());
        object.addProperty("name", readiness.gpu().graphics().name());
        object.addProperty("ready", !readiness.isBlocked());
        object.add("checks", JsonFormatter.formatAll(readiness.results(), result -> {
            JsonObject checkObject = new JsonObject();
            checkObject.addProperty("check", result.check().id());
            checkObject.addProperty("result", result.status().id());
            checkObject.addProperty("finding", result.code());
            checkObject.addProperty("text", formatter.description(result));
            formatter.advice(result).ifPresent(advice -> checkObject.addProperty("advice", advice));
            return checkObject;
        }));
        object.addProperty("text", formatter.summary());
        return object;
    }
}
