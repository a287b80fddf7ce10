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

/** The helper on the bus. */
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
    public String Inspect() {
        return callGuard.handleCall(caller -> {
            permissions.requireAuthorization(caller, PolkitAction.INSPECT);
            MachineStateReader.ParsedSnapshot now = machineState.read();
            return GpuMemoryFilter.filter(now.snapshot(), now.machine()).toText();
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
            MachineStateReader.ParsedSnapshot now = machineState.read();
            checkSysfsLocation(now.snapshot(), request.gpu());
            request.extraFunctions().forEach(address -> checkSysfsLocation(now.snapshot(), address));
            return new PlanReplyTuple(
                    switch (machineState.plan(now.machine(), request)) {
                        case Planner.PlanningResult.InvalidRequest(Refusal reason) -> PlanReply.invalidRequest(reason);
                        case Planner.PlanningResult.PlanCreated(SwitchPlan plan) -> storeAndReply(caller, plan);
                    });
        });
    }

    private PlanReply storeAndReply(Caller caller, SwitchPlan plan) {
        if (plan.isRefused()) {
            return PlanReply.of("", plan);
        }
        jobs.prepareForSwitch();
        return PlanReply.of(plans.add(caller, plan, machineState.readSwitchSnapshot(plan)), plan);
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

    /** Only the full form that sysfs uses: what names a place is not for guessing. */
    private static PciAddress parseAddress(String text) {
        return Optional.of(text)
                .filter(t -> FULL_PCI_ADDRESS.matcher(t).matches())
                .flatMap(PciAddress::parse)
                .orElseThrow(BadArgument::new);
    }

    /** What is there under that address has to be a PCI function by its place in the tree of devices as well. */
    private static void checkSysfsLocation(MachineSnapshot capture, PciAddress address) {
        String path = SnapshotParser.PCI_DEVICES + address;
        if (capture.entries().get(path) instanceof MachineSnapshot.LinkEntry(String target)) {
            Path place = PCI_DEVICES.resolve(target).normalize();
            if (!place.toString().startsWith("/sys/devices/pci") || !place.endsWith(address.toString())) {
                throw new BadArgument();
            }
        } else if (!capture.childNames(path).isEmpty()) {
            throw new BadArgument();
        }
    }
}
