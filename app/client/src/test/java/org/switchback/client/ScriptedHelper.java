package org.switchback.client;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.switchback.client.samples.SampleMachines;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.job.JobEvent;
import org.switchback.job.PlanReply;
import org.switchback.plan.Planner;
import org.switchback.plan.Refusal;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.SwitchRequest;
import org.switchback.plan.Target;

/**
 * A helper that plans with the real planner, while the test controls errors, events and changes of the machine. It can
 * report false success, hang and fail midway.
 */
public final class ScriptedHelper implements HelperConnection {
    public static final PciAddress GTX_1080 = PciAddress.of("0000:04:00.0");
    public static final PciAddress GTX_1080_AUDIO = PciAddress.of("0000:04:00.1");

    private final MachineSource source;
    private final List<String> calls = new ArrayList<>();
    private final List<Runnable> changeListeners = new ArrayList<>();
    private MachineSnapshot snapshot;
    private Optional<HelperException.FailureKind> failure = Optional.empty();
    private Optional<HelperException.FailureKind> planFailure = Optional.empty();
    private Optional<HelperException.FailureKind> applyFailure = Optional.empty();
    private boolean applyFailsOnce;
    private Consumer<JobEvent> eventListener = event -> {};
    private long micros;
    private boolean switchRequested;
    private int timeoutsLeft;

    public ScriptedHelper(MachineSource source, MachineSnapshot snapshot) {
        this.source = source;
        this.snapshot = snapshot;
    }

    /** The default sample machine, as this machine with a system helper. */
    public static ScriptedHelper withGtx1080() {
        return new ScriptedHelper(
                new MachineSource.ThisMachine(),
                SampleMachines.load(SampleMachines.DEFAULT).orElseThrow());
    }

    // Control by the test.

    public synchronized void failAllCalls(HelperException.FailureKind kind) {
        failure = Optional.of(kind);
    }

    /** Lets the next calls time out. */
    public synchronized void timeOutNextCalls(int calls) {
        timeoutsLeft = calls;
    }

    public synchronized void clearFailure() {
        failure = Optional.empty();
    }

    public synchronized void failPlans(HelperException.FailureKind kind) {
        planFailure = Optional.of(kind);
    }

    public synchronized void failSwitches(HelperException.FailureKind kind) {
        applyFailure = Optional.of(kind);
    }

    /** Rejects the next switch only. */
    public synchronized void failNextSwitch(HelperException.FailureKind kind) {
        applyFailure = Optional.of(kind);
        applyFailsOnce = true;
    }

    /** The current state of the machine. */
    public synchronized MachineSnapshot snapshot() {
        return snapshot;
    }

    /** Binds a function to another driver; an empty name unbinds it. */
    public synchronized void bind(PciAddress function, String driver) {
        String link = SnapshotParser.PCI_DEVICES + function + "/driver";
        snapshot = snapshot.withChanges(Map.of(
                link,
                driver.isEmpty()
                        ? Optional.empty()
                        : Optional.of(new MachineSnapshot.LinkEntry("../../../../bus/pci/drivers/" + driver))));
        if (function.equals(GTX_1080) && !driver.equals("nvidia")) {
            removeRegion("nvidia");
        }
    }

    /** Removes a region from the memory map. */
    private void removeRegion(String region) {
        String map = snapshot.text("/proc/iomem").orElseThrow();
        String remaining =
                map.lines().filter(line -> !line.endsWith(": " + region)).collect(Collectors.joining("\n"));
        snapshot = snapshot.withChanges(Map.of("/proc/iomem", Optional.of(new MachineSnapshot.TextEntry(remaining))));
    }

    /** Opens a device node of the GPU in a program. */
    public synchronized void openDeviceNode(int pid, String program, String user, String node) {
        Map<String, Optional<MachineSnapshot.SnapshotEntry>> changes = new HashMap<>();
        changes.put("/proc/" + pid + "/comm", Optional.of(new MachineSnapshot.TextEntry(program)));
        changes.put("/proc/" + pid + "/owner", Optional.of(new MachineSnapshot.TextEntry(user)));
        changes.put("/proc/" + pid + "/fd/7", Optional.of(new MachineSnapshot.LinkEntry("/dev/" + node)));
        changes.put(
                SnapshotParser.PCI_DEVICES + GTX_1080 + "/drm/" + node.substring(node.indexOf('/') + 1),
                Optional.of(new MachineSnapshot.DirectoryEntry()));
        snapshot = snapshot.withChanges(changes);
    }

    public synchronized void closeDeviceNode(int pid) {
        snapshot = snapshot.withChanges(Map.of("/proc/" + pid + "/fd/7", Optional.empty()));
    }

    /** Binds all functions of the GPU to vfio-pci and removes the regions in its BARs. */
    public synchronized void setVmMode() {
        bind(GTX_1080, "vfio-pci");
        bind(GTX_1080_AUDIO, "vfio-pci");
        removeRegion("efifb");
    }

    /**
     * Sends an event to the listener of the switch.
     *
     * @param afterMillis time since the previous event
     */
    public void emitEvent(String type, int step, long afterMillis, String detail, String... values) {
        Consumer<JobEvent> listener;
        JobEvent event;
        synchronized (this) {
            micros += afterMillis * 1000;
            listener = eventListener;
            event = WireEvents.event(type, step, micros, detail, values);
        }
        listener.accept(event);
    }

    /** Sends the events of successful steps. */
    public void completeSteps(int first, int last) {
        for (int step = first; step <= last; step++) {
            emitEvent("started", step, 1, "");
            emitEvent("done", step, 20, "");
        }
    }

    public void notifyChangeListeners() {
        List.copyOf(changeListeners).forEach(Runnable::run);
    }

    /** Whether a switch was started since the last plan, so that events have a listener. */
    public synchronized boolean isSwitchRequested() {
        return switchRequested;
    }

    public synchronized List<String> calls() {
        return List.copyOf(calls);
    }

    // Calls by the app.

    private synchronized void recordCall(String call, Optional<HelperException.FailureKind> callFailure)
            throws HelperException {
        calls.add(call);
        if (timeoutsLeft > 0) {
            timeoutsLeft--;
            throw new HelperException(HelperException.FailureKind.NO_ANSWER);
        }
        Optional<HelperException.FailureKind> kind = failure.or(() -> callFailure);
        if (kind.isPresent()) {
            if (applyFailsOnce && callFailure.isPresent()) {
                applyFailure = Optional.empty();
                applyFailsOnce = false;
            }
            throw new HelperException(kind.get());
        }
    }

    @Override
    public MachineSource source() {
        return source;
    }

    @Override
    public MachineSnapshot inspect(boolean wholeMap) throws HelperException {
        recordCall("inspect", Optional.empty());
        synchronized (this) {
            return snapshot;
        }
    }

    @Override
    public PlanReply plan(PciAddress gpu, Target target, List<PciAddress> companions, boolean nativeDriver)
            throws HelperException {
        recordCall("plan " + gpu + " " + target.wireName(), planFailure);
        synchronized (this) {
            switchRequested = false;
        }
        SwitchRequest request = new SwitchRequest(gpu, target, companions, nativeDriver);
        return switch (Planner.plan(SnapshotParser.parse(snapshot), request, Optional.empty())) {
            case Planner.PlanningResult.PlanCreated(SwitchPlan plan) ->
                PlanReply.of(plan.isRefused() ? "" : "0123456789abcdef0123456789abcdef", plan);
            case Planner.PlanningResult.InvalidRequest(Refusal reason) -> PlanReply.invalidRequest(reason);
        };
    }

    @Override
    public RunningSwitch apply(String planId, Consumer<JobEvent> listener) throws HelperException {
        recordCall("apply " + planId, applyFailure);
        return startSwitch(listener);
    }

    @Override
    public RunningSwitch restore(PciAddress gpu, Consumer<JobEvent> listener) throws HelperException {
        recordCall("restore " + gpu, applyFailure);
        return startSwitch(listener);
    }

    private synchronized RunningSwitch startSwitch(Consumer<JobEvent> listener) {
        eventListener = listener;
        micros = 0;
        switchRequested = true;
        return new RunningSwitch() {
            @Override
            public void cancel() {
                synchronized (ScriptedHelper.this) {
                    calls.add("cancel");
                }
            }

            @Override
            public JobEvent.Finished awaitEnd() {
                throw new UnsupportedOperationException("the window does not call awaitEnd");
            }
        };
    }

    @Override
    public void addChangeListener(Runnable listener) {
        changeListeners.add(listener);
    }

    @Override
    public synchronized void close() {
        calls.add("close");
    }
}
