package org.switchback.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperException;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.PciAddress;
import org.switchback.job.PlanReply;
import org.switchback.plan.Target;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** Base class of commands that read a machine. */
abstract class AbstractMachineCommand implements Callable<Integer> {
    @Option(names = "--json")
    boolean json;

    @ParentCommand
    @Nullable
    RootCommand rootCommand;

    final RootCommand rootCommand() {
        return Objects.requireNonNull(rootCommand);
    }

    final CliContext context() {
        return rootCommand().context();
    }

    final Terminal terminal() {
        return context().terminal();
    }

    final Messages messages() {
        return context().messages();
    }

    final void println(String line) {
        terminal().out().println(line);
    }

    final PlanReply requestPlan(
            HelperConnection connection,
            PciAddress gpu,
            Target target,
            List<PciAddress> companions,
            boolean nativeDriver)
            throws CommandException {
        try {
            return connection.plan(gpu, target, companions, nativeDriver);
        } catch (HelperException e) {
            throw context().createException(e);
        }
    }

    final void printJson(JsonObject object) {
        Gson gson = new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();
        gson.toJson(object, terminal().out());
        println("");
    }
}
