package org.switchback.app.cli;

import java.io.PrintStream;
import java.util.List;
import java.util.Optional;
import org.switchback.app.words.Words;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.protocol.PlanReply;
import org.switchback.protocol.PlannedStep;

/** A plan for people: what moves, what is in the way, the steps with what undoes them, and why not. */
final class PlanText {
    private static final int INDENT = 2;

    private final Terminal terminal;
    private final PrintStream out;
    private final Words words;
    private final Machine machine;
    private final Gpu gpu;
    private final String target;
    private final PlanReply plan;
    private final boolean real;
    private final boolean there;

    PlanText(Terminal terminal, Words words, Wish.Answer answer) {
        this.terminal = terminal;
        this.out = terminal.out();
        this.words = words;
        this.machine = answer.machine();
        this.gpu = answer.gpu();
        this.target = answer.target();
        this.plan = answer.plan();
        this.real = answer.real();
        this.there = answer.thereAlready();
    }

    /** @param commands also as shell commands */
    void print(boolean commands) {
        heading();
        if (there) {
            out.println();
            words.refusals(plan.refusals).forEach(this::paragraph);
            return;
        }
        functions();
        inTheWay();
        steps();
        if (commands) {
            commands();
        }
        consequences();
        verdict();
    }

    void heading() {
        out.println(terminal.bold(words.text(
                "cli.plan.heading", gpu.graphics().name(), gpu.address().brief(), words.target(target))));
    }

    private void functions() {
        section("cli.plan.functions");
        for (String address : plan.functions) {
            PciAddress.parse(address).flatMap(machine::device).ifPresent(device -> {
                String name = device.address().brief() + "  " + device.name();
                String driver = words.text("cli.plan.driver", words.driver(device));
                int gap = Columns.WIDTH - INDENT - name.length() - driver.length();
                item(gap > 1 ? name + " ".repeat(gap) + driver : name + "  " + driver);
            });
        }
    }

    private void inTheWay() {
        List<Overlap> firmware =
                gpu.overlaps().stream().filter(Overlap::fromFirmware).toList();
        if (firmware.isEmpty() || target.equals("host")) {
            return;
        }
        section("cli.plan.in-the-way");
        for (Overlap overlap : firmware) {
            paragraph(words.overlap(overlap) + ". " + words.verdict(overlap));
        }
        words.rungs(plan.steps, machine).forEach(this::paragraph);
    }

    private void steps() {
        if (plan.steps.isEmpty()) {
            return;
        }
        int number = Integer.toString(plan.steps.size()).length();
        int title = width();
        out.println();
        out.println(terminal.bold(Columns.left(words.text("cli.plan.steps"), INDENT + number + 2 + title + 2))
                + terminal.faint(words.text("cli.plan.inverse")));
        for (int i = 0; i < plan.steps.size(); i++) {
            PlannedStep step = plan.steps.get(i);
            String line = Columns.right(Integer.toString(i + 1), number) + "  "
                    + Columns.left(words.step(step, machine), title) + "  ";
            item(line + terminal.faint(words.inverse(step)));
        }
    }

    /** Of the longest step, as far as what undoes it still has room. */
    private int width() {
        int widest = 0;
        for (PlannedStep step : plan.steps) {
            widest = Math.max(widest, words.step(step, machine).length());
        }
        return Math.min(widest, 48);
    }

    private void commands() {
        List<String> there = plan.steps.stream()
                .map(step -> step.shell)
                .filter(command -> !command.isEmpty())
                .toList();
        if (!there.isEmpty()) {
            section("cli.plan.commands");
            there.forEach(this::item);
        }
        if (!plan.inverse.isEmpty()) {
            section("cli.plan.commands.back");
            plan.inverse.forEach(this::item);
        }
    }

    private void consequences() {
        if (target.equals("host") || plan.steps.isEmpty()) {
            return;
        }
        out.println();
        List<PciAddress> leaving = plan.functions.stream()
                .flatMap(address -> PciAddress.parse(address).stream())
                .toList();
        if (machine.lastPicture(gpu, leaving)) {
            for (String line : Columns.wrap(words.text("window.switch.last"), Columns.WIDTH)) {
                out.println(line);
            }
        }
        machine.gpus().stream()
                .filter(other -> !leaving.contains(other.address()) && !other.graphics().displays().isEmpty())
                .findFirst()
                .ifPresent(other -> out.println(words.text(
                        "cli.plan.desktop",
                        other.graphics().name(),
                        other.address().brief())));
        boolean sound = leaving.stream()
                .flatMap(address -> machine.device(address).stream())
                .anyMatch(device -> device.kind().baseAndSub() == 0x0403);
        out.println(words.text(sound ? "cli.plan.until.sound" : "cli.plan.until"));
    }

    private void verdict() {
        out.println();
        if (plan.refusals.isEmpty()) {
            Optional<String> permission = words.permission(plan.action).filter(text -> real);
            out.println(terminal.good(words.text("cli.plan.ready"))
                    + permission.map(text -> " " + text).orElse(""));
            return;
        }
        out.println(terminal.bad(words.text("cli.plan.blocked")));
        words.refusals(plan.refusals).forEach(this::paragraph);
    }

    private void section(String key) {
        out.println();
        out.println(terminal.bold(words.text(key)));
    }

    private void item(String text) {
        out.println(" ".repeat(INDENT) + text);
    }

    private void paragraph(String text) {
        for (String line : Columns.wrap(text, Columns.WIDTH - INDENT)) {
            item(line);
        }
    }
}
