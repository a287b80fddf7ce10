package org.switchback.app.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.switchback.app.activity.Attempt;
import org.switchback.app.gpus.GpuState;
import org.switchback.app.helper.HelperConnection;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.Spelling;
import org.switchback.protocol.PlanReply;
import org.switchback.protocol.PlannedRefusal;
import picocli.CommandLine.Command;

/** {@code status}: every GPU, what lies in its memory, and where it could go. */
@Command(name = "status", sortOptions = false)
final class StatusCommand extends MachineCommand {
    StatusCommand(Surroundings surroundings, RootCommand root) {
        super(surroundings, root);
    }

    @Override
    public Integer call() throws CommandFailure {
        try (Sight sight = root().look(false)) {
            Machine machine = MachineReader.read(sight.capture());
            if (json) {
                print(json(sight.connection(), machine));
            } else {
                show(sight.connection(), machine);
            }
        }
        return ExitCode.OK;
    }

    private void show(HelperConnection connection, Machine machine) throws CommandFailure {
        if (machine.gpus().isEmpty()) {
            terminal().out().println(words().text("cli.status.no-gpu"));
        }
        GpuText text = new GpuText(terminal(), words(), connection.source());
        Map<PciAddress, Attempt.Unreserved> unreserved = unreserved(connection, machine);
        String separator = "";
        for (Gpu gpu : machine.gpus()) {
            terminal().out().print(separator);
            List<GpuText.Way> ways = new ArrayList<>();
            for (String target : targets(gpu)) {
                ways.add(new GpuText.Way(target, plan(connection, gpu.address(), target, List.of(), false)));
            }
            text.print(gpu, machine, ways, Optional.ofNullable(unreserved.get(gpu.address())));
            separator = "\n";
        }
    }

    private Map<PciAddress, Attempt.Unreserved> unreserved(HelperConnection connection, Machine machine) {
        return surroundings().activity().unreserved(connection.source(), machine);
    }

    /** Where a GPU could go from where it is. */
    private static List<String> targets(Gpu gpu) {
        return switch (gpu.mode()) {
            case HOST, UNBOUND -> List.of("vm");
            case VM -> gpu.conflicts().isEmpty() ? List.of("host") : List.of("vm", "host");
            case MIXED -> List.of("vm", "host");
        };
    }

    private JsonObject json(HelperConnection connection, Machine machine) throws CommandFailure {
        Json json = new Json(words());
        JsonObject object = json.machine(machine);
        object.add("source", Json.source(connection.source()));
        JsonArray gpus = new JsonArray();
        Map<PciAddress, Attempt.Unreserved> unreserved = unreserved(connection, machine);
        for (Gpu gpu : machine.gpus()) {
            JsonObject one = json.gpu(gpu);
            JsonArray ways = new JsonArray();
            List<PlannedRefusal> refusals = List.of();
            for (String target : targets(gpu)) {
                PlanReply plan = plan(connection, gpu.address(), target, List.of(), false);
                if (target.equals("vm")) {
                    refusals = plan.refusals;
                }
                JsonObject way = new JsonObject();
                way.addProperty("target", target);
                way.addProperty("ready", plan.refusals.isEmpty());
                way.add("refusals", json.refusals(plan.refusals));
                ways.add(way);
            }
            one.add("ways", ways);
            Optional<Attempt.Unreserved> bar = Optional.ofNullable(unreserved.get(gpu.address()));
            GpuState state = GpuState.of(gpu, connection.source(), refusals, bar);
            one.addProperty("state", Spelling.of(state));
            one.addProperty("text", state.sentence(gpu, machine, bar, words()));
            gpus.add(one);
        }
        object.add("gpus", gpus);
        return object;
    }
}
