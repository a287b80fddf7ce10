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
import org.switchback.job.RefusalSummary;
import org.switchback.plan.Target;
import picocli.CommandLine.Command;

/** {@code status}: shows every GPU, the regions in its memory and its possible targets. */
@Command(name = "status", sortOptions = false)
final class StatusCommand extends AbstractMachineCommand {

    @Override
    public Integer call() throws CommandException {
        try (MachineSession session = rootCommand().openSession(false)) {
            Machine machine = SnapshotParser.parse(session.snapshot());
            if (json) {
                printJson(toJson(session.connection(), machine));
            } else {
                printStatus(session.connection(), machine);
            }
        }
        return ExitCode.OK;
    }

    private void printStatus(HelperConnection connection, Machine machine) throws CommandException {
        if (machine.gpus().isEmpty()) {
            println(messages().text("cli.status.no-gpu"));
        }
        GpuFormatter formatter = new GpuFormatter(terminal(), messages(), connection.source());
        Map<PciAddress, SwitchRecord.UnreservedBar> unreserved = findUnreservedBars(connection, machine);
        String separator = "";
        for (Gpu gpu : machine.gpus()) {
            terminal().out().print(separator);
            List<GpuFormatter.TargetPlan> targetPlans = new ArrayList<>();
            for (Target target : possibleTargets(gpu)) {
                targetPlans.add(new GpuFormatter.TargetPlan(
                        target, requestPlan(connection, gpu.address(), target, List.of(), false)));
            }
            formatter.print(gpu, machine, targetPlans, Optional.ofNullable(unreserved.get(gpu.address())));
            separator = "\n";
        }
    }

    private Map<PciAddress, SwitchRecord.UnreservedBar> findUnreservedBars(
            HelperConnection connection, Machine machine) {
        return context().activityLog().findUnreservedBars(connection.source(), machine);
    }

    /** The possible targets of a GPU in its current mode. */
    private static List<Target> possibleTargets(Gpu gpu) {
        return switch (gpu.mode()) {
            case HOST, UNBOUND -> List.of(Target.VM);
            case VM -> gpu.conflicts().isEmpty() ? List.of(Target.HOST) : List.of(Target.VM, Target.HOST);
            case PARTIALLY_SWITCHED -> List.of(Target.VM, Target.HOST);
        };
    }

    private JsonObject toJson(HelperConnection connection, Machine machine) throws CommandException {
        JsonFormatter formatter = new JsonFormatter(messages());
        JsonObject object = formatter.formatMachine(machine);
        object.add("source", JsonFormatter.formatSource(connection.source()));
        JsonArray gpus = new JsonArray();
        Map<PciAddress, SwitchRecord.UnreservedBar> unreserved = findUnreservedBars(connection, machine);
        for (Gpu gpu : machine.gpus()) {
            JsonObject gpuObject = formatter.formatGpu(gpu);
            JsonArray targets = new JsonArray();
            List<RefusalSummary> refusals = List.of();
            for (Target target : possibleTargets(gpu)) {
                PlanReply plan = requestPlan(connection, gpu.address(), target, List.of(), false);
                if (target == Target.VM) {
                    refusals = plan.refusals();
                }
                JsonObject targetObject = new JsonObject();
                targetObject.addProperty("target", target.wireName());
                targetObject.addProperty("ready", plan.refusals().isEmpty());
                targetObject.add("refusals", formatter.formatRefusals(plan.refusals()));
                targets.add(targetObject);
            }
            gpuObject.add("ways", targets);
            Optional<SwitchRecord.UnreservedBar> bar = Optional.ofNullable(unreserved.get(gpu.address()));
            GpuState state = GpuState.of(gpu, connection.source(), refusals, bar);
            gpuObject.addProperty("state", KebabCase.of(state));
            gpuObject.addProperty("text", state.describe(gpu, machine, bar, messages()));
            gpus.add(gpuObject);
        }
        object.add("gpus", gpus);
        return object;
    }
}
