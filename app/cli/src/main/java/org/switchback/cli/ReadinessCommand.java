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
import org.switchback.plan.Target;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code readiness}: what keeps a GPU from VM mode, check by check. */
@Command(name = "readiness", sortOptions = false)
final class ReadinessCommand extends MachineCommand {
    private static final int INDENT_WIDTH = 4;

    @Parameters(index = "0", arity = "0..1", paramLabel = "GPU", descriptionKey = "parameter.some-gpu")
    @Nullable
    String gpuName;

    ReadinessCommand(CliContext surroundings, RootCommand root) {
        super(surroundings, root);
    }

    @Override
    public Integer call() throws CommandException {
        try (MachineSession sight = rootCommand().openSession(false)) {
            Machine machine = SnapshotParser.parse(sight.snapshot());
            List<Gpu> gpus =
                    gpuName == null ? machine.gpus() : List.of(new GpuSelector(machine, context()).find(gpuName));
            JsonArray array = new JsonArray();
            boolean oneIsReady = false;
            for (Gpu gpu : gpus) {
                Readiness readiness = checkReadiness(sight.connection(), machine, gpu);
                oneIsReady |= !readiness.isBlocked();
                if (json) {
                    array.add(toJson(readiness));
                } else {
                    printReadiness(readiness, !gpu.equals(gpus.getFirst()));
                }
            }
            if (json) {
                JsonObject object = new JsonObject();
                object.add(
                        "source", JsonFormatter.formatSource(sight.connection().source()));
                object.add("gpus", array);
                printJson(object);
            } else if (gpus.isEmpty()) {
                terminal().out().println(messages().text("cli.status.no-gpu"));
            }
            return oneIsReady ? ExitCode.OK : ExitCode.BLOCKED;
        }
    }

    private Readiness checkReadiness(HelperConnection connection, Machine machine, Gpu gpu) throws CommandException {
        return Readiness.of(
                machine,
                gpu,
                connection.source(),
                requestPlan(connection, gpu.address(), Target.VM, List.of(), false)
                        .refusals());
    }

    private void printReadiness(Readiness readiness, boolean another) {
        ReadinessFormatter text = new ReadinessFormatter(messages(), readiness);
        if (another) {
            terminal().out().println();
        }
        Gpu gpu = readiness.gpu();
        terminal()
                .out()
                .println(terminal()
                        .bold(gpu.address().toShortString() + "  "
                                + gpu.graphics().name()));
        String summary = text.summary();
        terminal()
                .out()
                .println(
                        readiness.isBlocked()
                                ? terminal().error(summary)
                                : terminal().success(summary));
        for (CheckResult finding : readiness.results()) {
            String sign = terminal()
                    .symbol(finding.status().symbol(), finding.status() == CheckResult.CheckStatus.READY ? "+" : "x");
            terminal()
                    .out()
                    .println("  " + colorize(finding.status(), sign) + " "
                            + terminal().bold(text.title(finding.check())));
            printParagraph(text.description(finding));
            text.advice(finding).ifPresent(this::printParagraph);
        }
    }

    private String colorize(CheckResult.CheckStatus result, String sign) {
        return switch (result) {
            case READY -> terminal().success(sign);
            case WARNING -> terminal().warning(sign);
            case BLOCKED -> terminal().error(sign);
            case UNKNOWN -> terminal().faint(sign);
        };
    }

    private void printParagraph(String text) {
        for (String sentence : text.split("\n")) {
            for (String line : TextColumns.wrap(sentence, TextColumns.WIDTH - INDENT_WIDTH)) {
                terminal().out().println(" ".repeat(INDENT_WIDTH) + line);
            }
        }
    }

    private JsonObject toJson(Readiness readiness) {
        ReadinessFormatter text = new ReadinessFormatter(messages(), readiness);
        JsonObject object = new JsonObject();
        object.addProperty("gpu", readiness.gpu().address().toString());
        object.addProperty("name", readiness.gpu().graphics().name());
        object.addProperty("ready", !readiness.isBlocked());
        JsonArray checks = new JsonArray();
        for (CheckResult finding : readiness.results()) {
            JsonObject one = new JsonObject();
            one.addProperty("check", finding.check().id());
            one.addProperty("result", finding.status().id());
            one.addProperty("finding", finding.code());
            one.addProperty("text", text.description(finding));
            text.advice(finding).ifPresent(advice -> one.addProperty("advice", advice));
            checks.add(one);
        }
        object.add("checks", checks);
        object.addProperty("text", text.summary());
        return object;
    }
}
