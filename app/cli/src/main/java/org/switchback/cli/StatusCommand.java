package org.switchback.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.switchback.client.HelperConnection;
import org.switchback.client.activity.SwitchRecord;
import org.switchback.client.gpus.GpuState;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.KebabCase;
import org.switchback.hardware.Machine;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.job.PlanReply;
import org.switchback.job.PlannedRefusal;
import org.switchback.plan.Target;
import picocli.CommandLine.Command;

/** {@code status}: every GPU, what lies in its memory, and where it could go. */
@Command(name = "status", sortOptions = false)
final class StatusCommand extends MachineCommand {
    StatusCommand(CliContext surroundings, RootCommand root) {
        super(surroundings, root);
    }

    @Override
    public Integer call() throws CommandException {
        try (MachineSession sight = rootCommand().openSession(false)) {
            Machine machine = SnapshotParser.parse(sight.snapshot());
            if (json) {
                printJson(toJson(sight.connection(), machine));
            } else {
                printStatus(sight.connection(), machine);
            }
        }
        return ExitCode.OK;
    }

    private void printStatus(HelperConnection connection, Machine machine) throws CommandException {
        if (machine.gpus().isEmpty()) {
            terminal().out().println(messages().text("cli.status.no-gpu"));
        }
        GpuFormatter text = new GpuFormatter(terminal(), messages(), connection.source());
        Map<PciAddress, SwitchRecord.UnreservedBar> unreserved = findUnreservedBars(connection, machine);
        String separator = "";
        for (Gpu gpu : machine.gpus()) {
            terminal().out().print(separator);
            List<GpuFormatter.TargetPlan> ways = new ArrayList<>();
            for (Target target : possibleTargets(gpu)) {
                ways.add(new GpuFormatter.TargetPlan(
                        target, requestPlan(connection, gpu.address(), target, List.of(), false)));
            }
            text.print(gpu, machine, ways, Optional.ofNullable(unreserved.get(gpu.address())));
            separator = "\n";
        }
    }

    private Map<PciAddress, SwitchRecord.UnreservedBar> findUnreservedBars(
            HelperConnection connection, Machine machine) {
        return context().activityLog().findUnreservedBars(connection.source(), machine);
    }

    /** Where a GPU could go from where it is. */
    private static List<Target> possibleTargets(Gpu gpu) {
        return switch (gpu.mode()) {
            case HOST, UNBOUND -> List.of(Target.VM);
            case VM -> gpu.conflicts().isEmpty() ? List.of(Target.HOST) : List.of(Target.VM, Target.HOST);
            case PARTIALLY_SWITCHED -> List.of(Target.VM, Target.HOST);
        };
    }

    private JsonObject toJson(HelperConnection connection, Machine machine) throws CommandException {
        JsonFormatter json = new JsonFormatter(messages());
        JsonObject object = json.formatMachine(machine);
        object.add("source", JsonFormatter.formatSource(connection.source()));
        JsonArray gpus = new JsonArray();
        Map<PciAddress, SwitchRecord.UnreservedBar> unreserved = findUnreservedBars(connection, machine);
        for (Gpu gpu : machine.gpus()) {
            JsonObject one = json.formatGpu(gpu);
            JsonArray ways = new JsonArray();
            List<PlannedRefusal> refusals = List.of();
            for (Target target : possibleTargets(gpu)) {
                PlanReply plan = requestPlan(connection, gpu.address(), target, List.of(), false);
                if (target == Target.VM) {
                    refusals = plan.refusals();
                }
                JsonObject way = new JsonObject();
                way.addProperty("target", target.wireName());
                way.addProperty("ready", plan.refusals().isEmpty());
                way.add("refusals", json.formatRefusals(plan.refusals()));
                ways.add(way);
            }
            one.add("ways", ways);
            Optional<SwitchRecord.UnreservedBar> bar = Optional.ofNullable(unreserved.get(gpu.address()));
            GpuState state = GpuState.of(gpu, connection.source(), refusals, bar);
            one.addProperty("state", KebabCase.of(state));
            one.addProperty("text", state.describe(gpu, machine, bar, messages()));
            gpus.add(one);
        }
        object.add("gpus", gpus);
        return object;
    }
}
