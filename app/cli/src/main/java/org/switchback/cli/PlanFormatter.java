package org.switchback.cli;

import java.io.PrintStream;
import java.util.List;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.job.PlanReply;
import org.switchback.job.PlannedStep;
import org.switchback.plan.Target;

/** Prints a plan for people: functions, firmware regions, steps with their undo, consequences, refusals. */
final class PlanFormatter {
    private static final int INDENT_WIDTH = 2;

    private final Terminal terminal;
    private final PrintStream out;
    private final Messages messages;
    private final Machine machine;
    private final Gpu gpu;
    private final Target target;
    private final PlanReply plan;
    private final boolean switchesThisMachine;
    private final boolean alreadyInTargetMode;

    PlanFormatter(Terminal terminal, Messages messages, AbstractPlanningCommand.PlannedSwitch planned) {
        this.terminal = terminal;
        this.out = terminal.out();
        this.messages = messages;
        this.machine = planned.machine();
        this.gpu = planned.gpu();
        this.target = planned.target();
        this.plan = planned.plan();
        this.switchesThisMachine = planned.switchesThisMachine();
        this.alreadyInTargetMode = planned.isAlreadyInTargetMode();
    }

    /** @param showCommands whether to print the steps as shell commands, too */
    void print(boolean showCommands) {
        printHeading();
        if (alreadyInTargetMode) {
            out.println();
            messages.formatRefusals(plan.refusals()).forEach(this::printParagraph);
            return;
        }
        printFunctions();
        printFirmwareOverlaps();
        printSteps();
        if (showCommands) {
            printCommands();
        }
        printConsequences();
        printVerdict();
    }

    void printHeading() {
        out.println(terminal.bold(messages.text(
                "cli.plan.heading",
                gpu.graphics().name(),
                gpu.address().toShortString(),
                messages.formatTarget(target))));
    }

    private void printFunctions() {
        printSectionHeading("cli.plan.functions");
        for (PciAddress address : plan.functions()) {
            machine.device(address).ifPresent(device -> {
                String name = device.address().toShortString() + "  " + device.name();
                String driver = messages.text("cli.plan.driver", messages.formatDriver(device));
                int gap = TextColumns.WIDTH - INDENT_WIDTH - name.length() - driver.length();
                printItem(gap > 1 ? name + " ".repeat(gap) + driver : name + "  " + driver);
            });
        }
    }

    private void printFirmwareOverlaps() {
        if (gpu.firmwareOverlaps().isEmpty() || target == Target.HOST) {
            return;
        }
        printSectionHeading("cli.plan.in-the-way");
        for (Overlap overlap : gpu.firmwareOverlaps()) {
            printParagraph(messages.formatOverlap(overlap) + ". " + messages.formatVerdict(overlap));
        }
        messages.formatReleaseMethods(plan.steps(), machine).forEach(this::printParagraph);
    }

    private void printSteps() {
        if (plan.steps().isEmpty()) {
            return;
        }
        int numberWidth = Integer.toString(plan.steps().size()).length();
        int titleWidth = stepColumnWidth();
        out.println();
        out.println(terminal.bold(TextColumns.padRight(
                        messages.text("cli.plan.steps"), INDENT_WIDTH + numberWidth + 2 + titleWidth + 2))
                + terminal.faint(messages.text("cli.plan.inverse")));
        for (int i = 0; i < plan.steps().size(); i++) {
            PlannedStep step = plan.steps().get(i);
            String line = TextColumns.padLeft(Integer.toString(i + 1), numberWidth) + "  "
                    + TextColumns.padRight(messages.formatStep(step, machine), titleWidth) + "  ";
            printItem(line + terminal.faint(messages.formatInverse(step)));
        }
    }

    /** Width of the longest step, but at most 48 characters: the undo column needs the rest of the line. */
    private int stepColumnWidth() {
        return plan.steps().stream()
                .mapToInt(step -> Math.min(messages.formatStep(step, machine).length(), 48))
                .max()
                .orElse(0);
    }

    private void printCommands() {
        List<String> commands = plan.steps().stream()
                .map(PlannedStep::shellCommand)
                .filter(command -> !command.isEmpty())
                .toList();
        if (!commands.isEmpty()) {
            printSectionHeading("cli.plan.commands");
            commands.forEach(this::printItem);
        }
        if (!plan.undoCommands().isEmpty()) {
            printSectionHeading("cli.plan.commands.back");
            plan.undoCommands().forEach(this::printItem);
        }
    }

    private void printConsequences() {
        if (target == Target.HOST || plan.steps().isEmpty()) {
            return;
        }
        out.println();
        if (machine.isLastDisplayGpu(gpu, plan.functions())) {
            TextColumns.wrap(messages.text("window.switch.last"), TextColumns.WIDTH)
                    .forEach(out::println);
        }
        for (String warning : messages.formatUseWarnings(gpu)) {
            TextColumns.wrap(warning, TextColumns.WIDTH).forEach(out::println);
        }
        machine.gpus().stream()
                .filter(other -> !plan.functions().contains(other.address())
                        && !other.graphics().activeConnectors().isEmpty())
                .findFirst()
                .ifPresent(other -> out.println(messages.text(
                        "cli.plan.desktop",
                        other.graphics().name(),
                        other.address().toShortString())));
        boolean hasAudio = plan.functions().stream()
                .flatMap(address -> machine.device(address).stream())
                .anyMatch(device -> device.pciClass().baseAndSubclass() == 0x0403);
        out.println(messages.text(hasAudio ? "switch.meanwhile.sound" : "switch.meanwhile"));
    }

    private void printVerdict() {
        out.println();
        if (plan.refusals().isEmpty()) {
            String permission = switchesThisMachine ? " " + messages.formatPermission(plan.permission()) : "";
            out.println(terminal.success(messages.text("cli.plan.ready")) + permission);
            return;
        }
        out.println(terminal.error(messages.text("cli.plan.blocked")));
        messages.formatRefusals(plan.refusals()).forEach(this::printParagraph);
    }

    private void printSectionHeading(String key) {
        out.println();
        out.println(terminal.bold(messages.text(key)));
    }

    private void printItem(String text) {
        out.println(" ".repeat(INDENT_WIDTH) + text);
    }

    private void printParagraph(String text) {
        TextColumns.wrap(text, TextColumns.WIDTH - INDENT_WIDTH).forEach(this::printItem);
    }
}
