package org.switchback.service;

import java.util.Optional;
import java.util.function.Consumer;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.SnapshotParser;
import org.switchback.kernel.Kernel;
import org.switchback.plan.HostSettings;
import org.switchback.plan.Planner;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.SwitchRequest;
import org.switchback.transaction.TransactionRunner;

/** What the machine is now, read afresh every time. */
final class MachineStateReader {
    private final Kernel kernel;
    private final Optional<TransactionRunner> transactions;
    private final Consumer<Machine> onRead;

    /** A capture and what it says. */
    record ParsedSnapshot(MachineSnapshot snapshot, Machine machine) {}

    /** @param onRead told every machine that was read, on the thread that read it */
    MachineStateReader(Kernel kernel, Optional<TransactionRunner> transactions, Consumer<Machine> onRead) {
        this.kernel = kernel;
        this.transactions = transactions;
        this.onRead = onRead;
    }

    ParsedSnapshot read() {
        MachineSnapshot capture = kernel.readSnapshot();
        Machine machine = SnapshotParser.parse(capture);
        onRead.accept(machine);
        return new ParsedSnapshot(capture, machine);
    }

    /** What a plan rests on, except who uses the functions: {@link Kernel#readSwitchSnapshot}. */
    MachineSnapshot readSwitchSnapshot(SwitchPlan plan) {
        return kernel.readSwitchSnapshot(
                plan.functions().stream().map(PciDevice::address).toList());
    }

    /** Whether a program uses a function of the plan in a way that blocks the switch. */
    boolean isInUse(SwitchPlan plan) {
        return kernel
                .readDeviceUsers(
                        plan.functions().stream().map(PciDevice::address).toList())
                .stream()
                .anyMatch(DeviceUser::isBlockingUnbind);
    }

    /** Has the kernel made ready for a switch. Waits for that. */
    void prepare() {
        kernel.prepare();
    }

    Planner.PlanningResult plan(Machine machine, SwitchRequest request) {
        return Planner.plan(machine, request, savedHostSettings(request.gpu()));
    }

    /** A plan from facts of this moment. */
    Planner.PlanningResult readAndPlan(SwitchRequest request) {
        return plan(read().machine(), request);
    }

    private Optional<HostSettings> savedHostSettings(PciAddress gpu) {
        return transactions.flatMap(t -> t.savedHostSettings(gpu));
    }
}
