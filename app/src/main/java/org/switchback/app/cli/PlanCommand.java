package org.switchback.app.cli;

import com.google.gson.JsonObject;
import picocli.CommandLine.Command;

/** {@code plan}: what a switch would take. Changes nothing. */
@Command(name = "plan", sortOptions = false)
final class PlanCommand extends Wish {
    PlanCommand(Surroundings surroundings, RootCommand root) {
        super(surroundings, root);
    }

    @Override
    public Integer call() throws CommandFailure {
        try (Sight sight = root().look(false)) {
            Answer answer = answer(sight);
            if (json) {
                JsonObject object =
                        new Json(words()).plan(answer.gpu(), answer.target(), answer.plan(), answer.machine());
                object.add("source", Json.source(sight.connection().source()));
                if (answer.thereAlready()) {
                    object.addProperty("result", "nothing-to-do");
                }
                print(object);
            } else {
                new PlanText(terminal(), words(), answer).print(commands);
            }
            return answer.plan().refusals.isEmpty() || answer.thereAlready() ? ExitCode.OK : ExitCode.BLOCKED;
        }
    }
}
