package org.switchback.cli;

import com.google.gson.JsonObject;
import picocli.CommandLine.Command;

/** {@code plan}: shows the plan of a switch. Changes nothing. */
@Command(name = "plan", sortOptions = false)
final class PlanCommand extends AbstractPlanningCommand {

    @Override
    public Integer call() throws CommandException {
        try (MachineSession session = rootCommand().openSession(false)) {
            PlannedSwitch planned = planSwitch(session);
            if (json) {
                JsonObject object = toJson(planned, session.connection().source());
                if (planned.isAlreadyInTargetMode()) {
                    object.addProperty("result", "nothing-to-do");
                }
                printJson(object);
            } else {
                new PlanFormatter(terminal(), messages(), planned).print(showCommands);
            }
            return planned.plan().refusals().isEmpty() || planned.isAlreadyInTargetMode()
                    ? ExitCode.OK
                    : ExitCode.BLOCKED;
        }
    }
}
