package org.switchback.app.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.protocol.PlanReply;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What {@code plan} and {@code switch} are asked for: a GPU, where it should go, and what should go along. */
abstract class Wish extends MachineCommand {
    @Parameters(index = "0", paramLabel = "vm|host", descriptionKey = "parameter.target")
    @Nullable String target;

    @Parameters(index = "1", paramLabel = "GPU", descriptionKey = "parameter.gpu")
    @Nullable String gpu;

    @Option(names = "--with", paramLabel = "DEVICE")
    List<String> with = new ArrayList<>();

    @Option(names = "--native-driver")
    boolean nativeDriver;

    @Option(names = "--commands")
    boolean commands;

    Wish(Surroundings surroundings, RootCommand root) {
        super(surroundings, root);
    }

    /**
     * What was asked for, and the helper's answer.
     *
     * @param target {@code vm} or {@code host}
     * @param real   a switch would change this computer
     */
    record Answer(Machine machine, Gpu gpu, String target, PlanReply plan, boolean real) {
        /** The GPU is where it was to go. That is no failure: whoever repeats a switch has what they want. */
        boolean thereAlready() {
            return !plan.refusals.isEmpty()
                    && plan.refusals.stream().allMatch(refusal -> refusal.code.equals("already-in-" + target + "-mode"));
        }
    }

    /** Plans; changes nothing. */
    final Answer answer(Sight sight) throws CommandFailure {
        String where = Objects.requireNonNull(target);
        if (!where.equals("vm") && !where.equals("host")) {
            throw surroundings().failure(ExitCode.USAGE, "cli.target", TextFile.quoted(where));
        }
        Machine machine = MachineReader.read(sight.capture());
        GpuChoice choice = new GpuChoice(machine, surroundings());
        Gpu meant = choice.find(Objects.requireNonNull(gpu));
        List<PciAddress> along = new ArrayList<>();
        for (String device : with) {
            along.add(choice.address(device));
        }
        return new Answer(
                machine,
                meant,
                where,
                plan(sight.connection(), meant.address(), where, along, nativeDriver),
                sight.connection().source().real());
    }
}
