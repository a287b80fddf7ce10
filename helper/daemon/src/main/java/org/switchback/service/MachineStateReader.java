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

/** Reads the current state of the machine, without caching. */
final class MachineStateReader {
    private final Kernel kernel;
    private final Optional<TransactionRunner> transactions;
    private final Consumer<Machine> onRead;

    /** A snapshot and the machine parsed from it. */
    record ParsedSnapshot(MachineSnapshot snapshot, Machine machine) {}

    /** @param onRead receives every machine that was read, on the thread that read it */
    MachineStateReader(Kernel kernel, Optional<TransactionRunner> transactions, Consumer<Machine> onRead) {
        this.kernel = kernel;
        this.transactions = transactions;
        this.onRead = onRead;
    }

    ParsedSnapshot read() {
        MachineSnapshot snapshot = kernel.readSnapshot();
        Machine machine = SnapshotParser.parse(snapshot);
        onRead.accept(machine);
        return new ParsedSnapshot(snapshot, machine);
    }

    /** Reads the state that a plan is based on, without the device users: {@link Kernel#readSwitchSnapshot}. */
    MachineSnapshot readSwitchSnapshot(SwitchPlan plan) {
        return kernel.readSwitchSnapshot(
                plan.functions().stream().map(PciDevice::address).toList());
    }

    /**
     * As {@link #readSwitchSnapshot(SwitchPlan)}, for a plan that was just made.
     *
     * @param planned snapshot that the plan was made from
     * @return {@link MachineSnapshot#EMPTY}, which equals no later one, if the machine has changed since then
     */
    MachineSnapshot readSwitchSnapshot(SwitchPlan plan, MachineSnapshot planned) {
        MachineSnapshot current = readSwitchSnapshot(plan);
        return planned.entries().entrySet().containsAll(current.entries().entrySet()) ? current : MachineSnapshot.EMPTY;
    }

    /** Whether a program uses a function of the plan in a way that blocks the switch. */
    boolean isInUse(SwitchPlan plan) {
        return kernel
                .readDeviceUsers(
                        plan.functions().stream().map(PciDevice::address).toList())
                .stream()
                .anyMatch(DeviceUser::isBlockingUnbind);
    }

    /** Prepares the kernel for a switch and waits until that is done: {@link Kernel#prepare}. */
    void prepare() {
        kernel.prepare();
    }

    Planner.PlanningResult plan(Machine machine, SwitchRequest request) {
        return Planner.plan(machine, request, savedHostSettings(request.gpu()));
    }

    /** Reads the machine and plans the request. */
    Planner.PlanningResult readAndPlan(SwitchRequest request) {
        return plan(read().machine(), request);
    }

    private Optional<HostSettings> savedHostSettings(PciAddress gpu) {
        return transactions.flatMap(runner -> runner.savedHostSettings(gpu));
    }
}
