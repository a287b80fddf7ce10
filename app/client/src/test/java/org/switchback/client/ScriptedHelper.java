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
 * A helper that plans as the real one does and then says and does what a test tells it to, so that it can lie, hang and
 * fail halfway.
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
    private Consumer<JobEvent> eventListener = entry -> {};
    private long micros;
    private boolean switchRequested;
    private int timeoutsLeft;

    public ScriptedHelper(MachineSource source, MachineSnapshot snapshot) {
        this.source = source;
        this.snapshot = snapshot;
    }

    /** The sample machine that everything works on, behind the helper of the system. */
    public static ScriptedHelper withGtx1080() {
        return new ScriptedHelper(
                new MachineSource.ThisMachine(),
                SampleMachines.load(SampleMachines.DEFAULT).orElseThrow());
    }

    // What a test tells it.

    public synchronized void failAllCalls(HelperException.FailureKind kind) {
        failure = Optional.of(kind);
    }

    /** The next calls get no answer in time. */
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

    /** The next switch is not taken. */
    public synchronized void failNextSwitch(HelperException.FailureKind kind) {
        applyFailure = Optional.of(kind);
        applyFailsOnce = true;
    }

    /** The machine as it is by now. */
    public synchronized MachineSnapshot snapshot() {
        return snapshot;
    }

    /** Binds a function to another driver, or to none where it is empty. */
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

    /** A claim goes out of the memory map. */
    private void removeRegion(String claim) {
        String map = snapshot.text("/proc/iomem").orElseThrow();
        String without =
                map.lines().filter(line -> !line.endsWith(": " + claim)).collect(Collectors.joining("\n"));
        snapshot = snapshot.withChanges(Map.of("/proc/iomem", Optional.of(new MachineSnapshot.TextEntry(without))));
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

    /** All functions of the GPU are on vfio-pci and nothing lies in its BARs. */
    public synchronized void setVmMode() {
        bind(GTX_1080, "vfio-pci");
        bind(GTX_1080_AUDIO, "vfio-pci");
        removeRegion("efifb");
    }

    /** A thing happens to the job, this long after the one before. */
    public void emitEvent(String what, int step, long afterMillis, String detail, String... values) {
        Consumer<JobEvent> told;
        JobEvent entry;
        synchronized (this) {
            micros += afterMillis * 1000;
            told = eventListener;
            entry = WireEvents.event(what, step, micros, detail, values);
        }
        told.accept(entry);
    }

    /** Carries steps out without a hitch. */
    public void completeSteps(int first, int last) {
        for (int step = first; step <= last; step++) {
            emitEvent("started", step, 1, "");
            emitEvent("done", step, 20, "");
        }
    }

    public void notifyChangeListeners() {
        List.copyOf(changeListeners).forEach(Runnable::run);
    }

    /** Whether a switch has been asked for since the last plan, so that somebody listens. */
    public synchronized boolean isSwitchRequested() {
        return switchRequested;
    }

    public synchronized List<String> calls() {
        return List.copyOf(calls);
    }

    // What the app asks of it.

    private synchronized void recordCall(String call, Optional<HelperException.FailureKind> own)
            throws HelperException {
        calls.add(call);
        if (timeoutsLeft > 0) {
            timeoutsLeft--;
            throw new HelperException(HelperException.FailureKind.NO_ANSWER);
        }
        Optional<HelperException.FailureKind> kind = failure.or(() -> own);
        if (kind.isPresent()) {
            if (applyFailsOnce && own.isPresent()) {
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
    public PlanReply plan(PciAddress gpu, Target target, List<PciAddress> with, boolean nativeDriver)
            throws HelperException {
        recordCall("plan " + gpu + " " + target.wireName(), planFailure);
        synchronized (this) {
            switchRequested = false;
        }
        SwitchRequest request = new SwitchRequest(gpu, target, with, nativeDriver);
        return switch (Planner.plan(SnapshotParser.parse(snapshot), request, Optional.empty())) {
            case Planner.PlanningResult.PlanCreated(SwitchPlan plan) ->
                PlanReply.of(plan.isRefused() ? "" : "0123456789abcdef0123456789abcdef", plan);
            case Planner.PlanningResult.InvalidRequest(Refusal reason) -> PlanReply.invalidRequest(reason);
        };
    }

    @Override
    public RunningSwitch apply(String planId, Consumer<JobEvent> told) throws HelperException {
        recordCall("apply " + planId, applyFailure);
        return startSwitch(told);
    }

    @Override
    public RunningSwitch restore(PciAddress gpu, Consumer<JobEvent> told) throws HelperException {
        recordCall("restore " + gpu, applyFailure);
        return startSwitch(told);
    }

    private synchronized RunningSwitch startSwitch(Consumer<JobEvent> told) {
        eventListener = told;
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
                throw new UnsupportedOperationException("the window does not wait");
            }
        };
    }

    @Override
    public void addChangeListener(Runnable changed) {
        changeListeners.add(changed);
    }

    @Override
    public synchronized void close() {
        calls.add("close");
    }
}
