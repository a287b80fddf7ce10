package org.switchback.cli;

import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.switchback.client.MachineSource;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.job.PlanReply;
import org.switchback.plan.RefusalCode;
import org.switchback.plan.Target;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Base class of {@code plan} and {@code switch}: target, GPU and companion devices. */
abstract class AbstractPlanningCommand extends AbstractMachineCommand {
    @Parameters(index = "0", paramLabel = "vm|host", descriptionKey = "parameter.target")
    @Nullable
    String target;

    @Parameters(index = "1", paramLabel = "GPU", descriptionKey = "parameter.gpu")
    @Nullable
    String gpu;

    @Option(names = "--with", paramLabel = "DEVICE")
    List<String> with = new ArrayList<>();

    @Option(names = "--native-driver")
    boolean nativeDriver;

    @Option(names = "--commands")
    boolean showCommands;

    /**
     * A requested switch with the helper's plan.
     *
     * @param switchesThisMachine whether the switch would change this computer
     */
    record PlannedSwitch(Machine machine, Gpu gpu, Target target, PlanReply plan, boolean switchesThisMachine) {
        /** Whether the GPU already is in the requested mode. Repeating a switch is no failure. */
        boolean isAlreadyInTargetMode() {
            RefusalCode alreadyThere =
                    target == Target.VM ? RefusalCode.ALREADY_IN_VM_MODE : RefusalCode.ALREADY_IN_HOST_MODE;
            return plan.isRefused() && plan.refusals().stream().allMatch(refusal -> refusal.code() == alreadyThere);
        }
    }

    final JsonObject toJson(PlannedSwitch planned, MachineSource source) {
        JsonObject object = new JsonFormatter(messages())
                .formatPlan(planned.gpu(), planned.target(), planned.plan(), planned.machine());
        object.add("source", JsonFormatter.formatSource(source));
        return object;
    }

    /** Requests a plan for the arguments. Changes nothing. */
    final PlannedSwitch planSwitch(MachineSession session) throws CommandException {
        String name = Objects.requireNonNull(target);
        Optional<Target> parsed = Target.parse(name);
        if (parsed.isEmpty()) {
            throw context().createException(ExitCode.USAGE, "cli.target", TextFileReader.quote(name));
        }
        Machine machine = SnapshotParser.parse(session.snapshot());
        GpuSelector selector = new GpuSelector(machine, context());
        Gpu selectedGpu = selector.find(Objects.requireNonNull(gpu));
        List<PciAddress> companions = new ArrayList<>();
        for (String device : with) {
            companions.add(selector.parseAddress(device));
        }
        return new PlannedSwitch(
                machine,
                selectedGpu,
                parsed.get(),
                requestPlan(session.connection(), selectedGpu.address(), parsed.get(), companions, nativeDriver),
                session.connection().source().canSwitchThisMachine());
    }
}
