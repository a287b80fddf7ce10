package org.switchback.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.job.PlanReply;
import org.switchback.plan.RefusalCode;
import org.switchback.plan.Target;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What {@code plan} and {@code switch} are asked for: a GPU, where it should go, and what should go along. */
abstract class PlanningCommand extends MachineCommand {
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

    PlanningCommand(CliContext surroundings, RootCommand root) {
        super(surroundings, root);
    }

    /**
     * What was asked for, and the helper's answer.
     *
     * @param switchesThisMachine a switch would change this computer
     */
    record PlannedSwitch(Machine machine, Gpu gpu, Target target, PlanReply plan, boolean switchesThisMachine) {
        /** The GPU is where it was to go. That is no failure: whoever repeats a switch has what they want. */
        boolean isAlreadyInTargetMode() {
            RefusalCode already =
                    target == Target.VM ? RefusalCode.ALREADY_IN_VM_MODE : RefusalCode.ALREADY_IN_HOST_MODE;
            return plan.isRefused() && plan.refusals().stream().allMatch(refusal -> refusal.code() == already);
        }
    }

    /** Plans; changes nothing. */
    final PlannedSwitch planSwitch(MachineSession sight) throws CommandException {
        String name = Objects.requireNonNull(target);
        Optional<Target> parsed = Target.parse(name);
        if (parsed.isEmpty()) {
            throw context().createException(ExitCode.USAGE, "cli.target", TextFileReader.quote(name));
        }
        Machine machine = SnapshotParser.parse(sight.snapshot());
        GpuSelector choice = new GpuSelector(machine, context());
        Gpu meant = choice.find(Objects.requireNonNull(gpu));
        List<PciAddress> along = new ArrayList<>();
        for (String device : with) {
            along.add(choice.parseAddress(device));
        }
        return new PlannedSwitch(
                machine,
                meant,
                parsed.get(),
                requestPlan(sight.connection(), meant.address(), parsed.get(), along, nativeDriver),
                sight.connection().source().canSwitchThisMachine());
    }
}
