package org.switchback.app.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.switchback.app.helper.HelperConnection;
import org.switchback.app.readiness.Finding;
import org.switchback.app.readiness.Readiness;
import org.switchback.app.readiness.ReadinessText;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code readiness}: what keeps a GPU from VM mode, check by check. */
@Command(name = "readiness", sortOptions = false)
final class ReadinessCommand extends MachineCommand {
    private static final int INDENT = 4;

    @Parameters(index = "0", arity = "0..1", paramLabel = "GPU", descriptionKey = "parameter.some-gpu")
    @Nullable String wanted;

    ReadinessCommand(Surroundings surroundings, RootCommand root) {
        super(surroundings, root);
    }

    @Override
    public Integer call() throws CommandFailure {
        try (Sight sight = root().look(false)) {
            Machine machine = MachineReader.read(sight.capture());
            List<Gpu> gpus = wanted == null
                    ? machine.gpus()
                    : List.of(new GpuChoice(machine, surroundings()).find(wanted));
            JsonArray array = new JsonArray();
            boolean oneIsReady = false;
            for (Gpu gpu : gpus) {
                Readiness readiness = readiness(sight.connection(), machine, gpu);
                oneIsReady |= !readiness.blocked();
                if (json) {
                    array.add(json(readiness));
                } else {
                    show(readiness, !gpu.equals(gpus.getFirst()));
                }
            }
            if (json) {
                JsonObject object = new JsonObject();
                object.add("source", Json.source(sight.connection().source()));
                object.add("gpus", array);
                print(object);
            } else if (gpus.isEmpty()) {
                terminal().out().println(words().text("cli.status.no-gpu"));
            }
            return oneIsReady ? ExitCode.OK : ExitCode.BLOCKED;
        }
    }

    private Readiness readiness(HelperConnection connection, Machine machine, Gpu gpu) throws CommandFailure {
        return Readiness.of(
                machine,
                gpu,
                connection.source(),
                plan(connection, gpu.address(), "vm", List.of(), false).refusals);
    }

    private void show(Readiness readiness, boolean another) {
        ReadinessText text = new ReadinessText(words(), readiness);
        if (another) {
            terminal().out().println();
        }
        Gpu gpu = readiness.gpu();
        terminal().out().println(terminal().bold(gpu.address().brief() + "  " + gpu.graphics().name()));
        String summary = text.summary();
        terminal().out().println(readiness.blocked() ? terminal().bad(summary) : terminal().good(summary));
        for (Finding finding : readiness.findings()) {
            String sign = terminal().sign(finding.result().sign(), finding.result() == Finding.Result.READY ? "+" : "x");
            terminal().out().println("  " + coloured(finding.result(), sign) + " "
                    + terminal().bold(text.title(finding.check())));
            paragraph(text.sentence(finding));
            text.advice(finding).ifPresent(this::paragraph);
        }
    }

    private String coloured(Finding.Result result, String sign) {
        return switch (result) {
            case READY -> terminal().good(sign);
            case TO_DO -> terminal().warning(sign);
            case BLOCKS -> terminal().bad(sign);
            case UNKNOWN -> terminal().faint(sign);
        };
    }

    private void paragraph(String text) {
        for (String sentence : text.split("\n")) {
            for (String line : Columns.wrap(sentence, Columns.WIDTH - INDENT)) {
                terminal().out().println(" ".repeat(INDENT) + line);
            }
        }
    }

    private JsonObject json(Readiness readiness) {
        ReadinessText text = new ReadinessText(words(), readiness);
        JsonObject object = new JsonObject();
        object.addProperty("gpu", readiness.gpu().address().toString());
        object.addProperty("name", readiness.gpu().graphics().name());
        object.addProperty("ready", !readiness.blocked());
        JsonArray checks = new JsonArray();
        for (Finding finding : readiness.findings()) {
            JsonObject one = new JsonObject();
            one.addProperty("check", finding.check().id());
            one.addProperty("result", finding.result().id());
            one.addProperty("finding", finding.code());
            one.addProperty("text", text.sentence(finding));
            text.advice(finding).ifPresent(advice -> one.addProperty("advice", advice));
            checks.add(one);
        }
        object.add("checks", checks);
        object.addProperty("text", text.summary());
        return object;
    }
}
