package org.switchback.service;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.freedesktop.dbus.DBusPath;
import org.switchback.Helper1.Error.BadArgument;
import org.switchback.hardware.Capture;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.plan.Planner;
import org.switchback.plan.Refusal;
import org.switchback.plan.Request;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.Target;
import org.switchback.protocol.HelperInterface;
import org.switchback.protocol.Names;
import org.switchback.protocol.PlanReply;
import org.switchback.protocol.PlanValues;

/** The helper on the bus. */
final class HelperObject implements HelperInterface {
    private static final Pattern ADDRESS = Pattern.compile("[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\\.[0-7]");
    private static final Path PCI_DEVICES = Path.of(MachineReader.PCI_DEVICES);

    private final Gate gate;
    private final Permissions permissions;
    private final Facts facts;
    private final OpenPlans plans;
    private final Jobs jobs;

    HelperObject(Gate gate, Permissions permissions, Facts facts, OpenPlans plans, Jobs jobs) {
        this.gate = gate;
        this.permissions = permissions;
        this.facts = facts;
        this.plans = plans;
        this.jobs = jobs;
    }

    @Override
    public String getObjectPath() {
        return Names.HELPER_PATH;
    }

    @Override
    public int Version() {
        return gate.call(caller -> Names.VERSION);
    }

    @Override
    public String Inspect() {
        return gate.call(caller -> {
            permissions.require(caller, Action.INSPECT);
            Facts.Reading now = facts.now();
            return NearbyMemory.only(now.capture(), now.machine()).toText();
        });
    }

    @Override
    public String InspectAll() {
        return gate.call(caller -> {
            permissions.require(caller, Action.INSPECT_ALL);
            return facts.now().capture().toText();
        });
    }

    @Override
    public PlanValues Plan(String gpu, String target, List<String> with, Boolean nativeDriver) {
        return gate.call(caller -> {
            List<String> arguments = new ArrayList<>(with);
            arguments.add(gpu);
            arguments.add(target);
            Gate.checkLength(arguments);
            Request request = new Request(
                    address(gpu),
                    Target.ofWord(target).orElseThrow(BadArgument::new),
                    with.stream().map(HelperObject::address).toList(),
                    nativeDriver);
            permissions.require(caller, Action.INSPECT);
            Facts.Reading now = facts.now();
            checkPlace(now.capture(), request.gpu());
            request.with().forEach(address -> checkPlace(now.capture(), address));
            return new PlanValues(
                    switch (facts.plan(now.machine(), request)) {
                        case Planner.Answer.NoPlan(Refusal reason) -> PlanReplies.noPlan(reason);
                        case Planner.Answer.Planned(SwitchPlan plan) -> reply(caller, plan);
                    });
        });
    }

    private PlanReply reply(Caller caller, SwitchPlan plan) {
        if (plan.refused()) {
            return PlanReplies.reply("", plan);
        }
        jobs.expectOne();
        return PlanReplies.reply(plans.add(caller, plan), plan);
    }

    @Override
    public DBusPath Apply(String plan) {
        return gate.call(caller -> {
            Gate.checkLength(List.of(plan));
            return jobs.apply(caller, plan);
        });
    }

    @Override
    public DBusPath Restore(String gpu) {
        return gate.call(caller -> {
            Gate.checkLength(List.of(gpu));
            return jobs.restore(caller, address(gpu));
        });
    }

    /** Only the full form that sysfs uses: what names a place is not for guessing. */
    private static PciAddress address(String text) {
        return Optional.of(text)
                .filter(t -> ADDRESS.matcher(t).matches())
                .flatMap(PciAddress::parse)
                .orElseThrow(BadArgument::new);
    }

    /** What is there under that address has to be a PCI function by its place in the tree of devices as well. */
    private static void checkPlace(Capture capture, PciAddress address) {
        String path = MachineReader.PCI_DEVICES + address;
        if (capture.entries().get(path) instanceof Capture.Link(String target)) {
            Path place = PCI_DEVICES.resolve(target).normalize();
            if (!place.toString().startsWith("/sys/devices/pci") || !place.endsWith(address.toString())) {
                throw new BadArgument();
            }
        } else if (!capture.names(path).isEmpty()) {
            throw new BadArgument();
        }
    }
}
