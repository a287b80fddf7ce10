package org.switchback.cli;

import com.google.gson.JsonObject;
import picocli.CommandLine.Command;

/** {@code plan}: what a switch would take. Changes nothing. */
@Command(name = "plan", sortOptions = false)
final class PlanCommand extends PlanningCommand {
    PlanCommand(CliContext surroundings, RootCommand root) {
        super(surroundings, root);
    }

    @Override
    public Integer call() throws CommandException {
        try (MachineSession sight = rootCommand().openSession(false)) {
            PlannedSwitch answer = planSwitch(sight);
            if (json) {
                JsonObject object = new JsonFormatter(messages())
                        .formatPlan(answer.gpu(), answer.target(), answer.plan(), answer.machine());
                object.add(
                        "source", JsonFormatter.formatSource(sight.connection().source()));
                if (answer.isAlreadyInTargetMode()) {
                    object.addProperty("result", "nothing-to-do");
                }
                printJson(object);
            } else {
                new PlanFormatter(terminal(), messages(), answer).print(showCommands);
            }
            return answer.plan().refusals().isEmpty() || answer.isAlreadyInTargetMode()
                    ? ExitCode.OK
                    : ExitCode.BLOCKED;
        }
    }
}
