package org.switchback.service;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.freedesktop.dbus.DBusPath;
import org.switchback.Helper1.Error.BadArgument;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.job.PlanReply;
import org.switchback.plan.Planner;
import org.switchback.plan.Refusal;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.SwitchRequest;
import org.switchback.plan.Target;
import org.switchback.protocol.DBusNames;
import org.switchback.protocol.HelperInterface;
import org.switchback.protocol.PlanReplyTuple;

/** The D-Bus object of the helper. */
final class HelperObject implements HelperInterface {
    private static final Pattern FULL_PCI_ADDRESS = Pattern.compile("[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\\.[0-7]");
    private static final Path PCI_DEVICES = Path.of(SnapshotParser.PCI_DEVICES);

    private final CallGuard callGuard;
    private final Permissions permissions;
    private final MachineStateReader machineState;
    private final PlanStore plans;
    private final Jobs jobs;

    HelperObject(
            CallGuard callGuard, Permissions permissions, MachineStateReader machineState, PlanStore plans, Jobs jobs) {
        this.callGuard = callGuard;
        this.permissions = permissions;
        this.machineState = machineState;
        this.plans = plans;
        this.jobs = jobs;
    }

    @Override
    public String getObjectPath() {
        return DBusNames.HELPER_PATH;
    }

    @Override
    public int Version() {
        return callGuard.handleCall(caller -> DBusNames.PROTOCOL_VERSION);
    }

    @Override
    public boolean IsSwitching() {
        return callGuard.handleCall(caller -> jobs.isSwitching());
    }

    @Override
    public String Inspect() {
        return callGuard.handleCall(caller -> {
            permissions.requireAuthorization(caller, PolkitAction.INSPECT);
            MachineStateReader.ParsedSnapshot current = machineState.read();
            return GpuMemoryFilter.filter(current.snapshot(), current.machine()).toText();
        });
    }

    @Override
    public String InspectAll() {
        return callGuard.handleCall(caller -> {
            permissions.requireAuthorization(caller, PolkitAction.INSPECT_ALL);
            return machineState.read().snapshot().toText();
        });
    }

    @Override
    public PlanReplyTuple Plan(String gpu, String target, List<String> with, Boolean nativeDriver) {
        return callGuard.handleCall(caller -> {
            List<String> arguments = new ArrayList<>(with);
            arguments.add(gpu);
            arguments.add(target);
            CallGuard.checkArgumentLength(arguments);
            SwitchRequest request = new SwitchRequest(
                    parseAddress(gpu),
                    Target.parse(target).orElseThrow(BadArgument::new),
                    with.stream().map(HelperObject::parseAddress).toList(),
                    nativeDriver);
            permissions.requireAuthorization(caller, PolkitAction.INSPECT);
            MachineStateReader.ParsedSnapshot current = machineState.read();
            checkSysfsLocation(current.snapshot(), request.gpu());
            request.extraFunctions().forEach(address -> checkSysfsLocation(current.snapshot(), address));
            return new PlanReplyTuple(
                    switch (machineState.plan(current.machine(), request)) {
                        case Planner.PlanningResult.InvalidRequest(Refusal reason) -> PlanReply.invalidRequest(reason);
                        case Planner.PlanningResult.PlanCreated(SwitchPlan plan) ->
                            storeAndReply(caller, plan, current.snapshot());
                    });
        });
    }

    private PlanReply storeAndReply(Caller caller, SwitchPlan plan, MachineSnapshot snapshot) {
        if (plan.isRefused()) {
            return PlanReply.of("", plan);
        }
        jobs.prepareForSwitch();
        return PlanReply.of(plans.add(caller, plan, machineState.readSwitchSnapshot(plan, snapshot)), plan);
    }

    @Override
    public DBusPath Apply(String plan) {
        return callGuard.handleCall(caller -> {
            CallGuard.checkArgumentLength(List.of(plan));
            return jobs.apply(caller, plan);
        });
    }

    @Override
    public DBusPath Restore(String gpu) {
        return callGuard.handleCall(caller -> {
            CallGuard.checkArgumentLength(List.of(gpu));
            return jobs.restore(caller, parseAddress(gpu));
        });
    }

    /** Accepts only the full form that sysfs uses, because the address becomes part of a path. */
    private static PciAddress parseAddress(String text) {
        return Optional.of(text)
                .filter(address -> FULL_PCI_ADDRESS.matcher(address).matches())
                .flatMap(PciAddress::parse)
                .orElseThrow(BadArgument::new);
    }

    /** Checks that the sysfs entry of the address, if it exists, links to a PCI function in the device tree. */
    private static void checkSysfsLocation(MachineSnapshot snapshot, PciAddress address) {
        String path = SnapshotParser.PCI_DEVICES + address;
        if (snapshot.entries().get(path) instanceof MachineSnapshot.LinkEntry(String target)) {
            Path location = PCI_DEVICES.resolve(target).normalize();
            if (!location.toString().startsWith("/sys/devices/pci") || !location.endsWith(address.toString())) {
                throw new BadArgument();
            }
        } else if (!snapshot.childNames(path).isEmpty()) {
            throw new BadArgument();
        }
    }
}
