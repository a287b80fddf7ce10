package org.switchback.app.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.concurrent.Callable;
import org.switchback.app.helper.HelperConnection;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.words.Words;
import org.switchback.hardware.PciAddress;
import org.switchback.protocol.PlanReply;
import picocli.CommandLine.Option;

/** A command about a machine. */
abstract class MachineCommand implements Callable<Integer> {
    @Option(names = "--json")
    boolean json;

    private final Surroundings surroundings;
    private final RootCommand root;

    MachineCommand(Surroundings surroundings, RootCommand root) {
        this.surroundings = surroundings;
        this.root = root;
    }

    final Surroundings surroundings() {
        return surroundings;
    }

    final RootCommand root() {
        return root;
    }

    final Terminal terminal() {
        return surroundings.terminal();
    }

    final Words words() {
        return surroundings.words();
    }

    final PlanReply plan(
            HelperConnection connection, PciAddress gpu, String target, List<PciAddress> with, boolean nativeDriver)
            throws CommandFailure {
        try {
            return connection.plan(gpu, target, with, nativeDriver);
        } catch (HelperProblem problem) {
            throw surroundings.failure(problem);
        }
    }

    final void print(JsonObject object) {
        Gson gson = new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();
        gson.toJson(object, terminal().out());
        terminal().out().println();
    }
}
