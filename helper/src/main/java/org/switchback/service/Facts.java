package org.switchback.service;

import java.util.Optional;
import java.util.function.Consumer;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.kernel.Kernel;
import org.switchback.plan.HostSettings;
import org.switchback.plan.Planner;
import org.switchback.plan.Request;
import org.switchback.plan.SwitchPlan;
import org.switchback.transaction.Transactions;

/** What the machine is now, read afresh every time. */
final class Facts {
    private final Kernel kernel;
    private final Optional<Transactions> transactions;
    private final Consumer<Machine> whenRead;

    /** A capture and what it says. */
    record Reading(Capture capture, Machine machine) {}

    /** @param whenRead told every machine that was read, on the thread that read it */
    Facts(Kernel kernel, Optional<Transactions> transactions, Consumer<Machine> whenRead) {
        this.kernel = kernel;
        this.transactions = transactions;
        this.whenRead = whenRead;
    }

    Reading now() {
        Capture capture = kernel.capture();
        Machine machine = MachineReader.read(capture);
        whenRead.accept(machine);
        return new Reading(capture, machine);
    }

    /** What a plan rests on, except who uses the functions: {@link Kernel#factsOf}. */
    Capture of(SwitchPlan plan) {
        return kernel.factsOf(
                plan.functions().stream().map(PciDevice::address).toList());
    }

    /** Has the kernel made ready for a switch. Waits for that. */
    void prepare() {
        kernel.prepare();
    }

    Planner.Answer plan(Machine machine, Request request) {
        return Planner.plan(machine, request, remembered(request.gpu()));
    }

    /** A plan from facts of this moment. */
    Planner.Answer planNow(Request request) {
        return plan(now().machine(), request);
    }

    private Optional<HostSettings> remembered(PciAddress gpu) {
        return transactions.flatMap(t -> t.remembered(gpu));
    }
}
