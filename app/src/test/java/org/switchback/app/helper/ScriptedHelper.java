package org.switchback.app.helper;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.switchback.app.samples.SampleMachines;
import org.switchback.hardware.Capture;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.plan.Planner;
import org.switchback.plan.Refusal;
import org.switchback.plan.Request;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.Target;
import org.switchback.protocol.JobEntry;
import org.switchback.protocol.PlanReply;
import org.switchback.service.PlanReplies;

/**
 * A helper that plans as the real one does and then says and does what a test tells it to, so that it can lie, hang and
 * fail halfway.
 */
public final class ScriptedHelper implements HelperConnection {
    public static final PciAddress GTX_1080 = PciAddress.of("0000:04:00.0");
    public static final PciAddress ITS_SOUND = PciAddress.of("0000:04:00.1");

    private final Source source;
    private final List<String> calls = new ArrayList<>();
    private final List<Runnable> listeners = new ArrayList<>();
    private Capture machine;
    private Optional<HelperProblem.Kind> problem = Optional.empty();
    private Optional<HelperProblem.Kind> planProblem = Optional.empty();
    private Optional<HelperProblem.Kind> applyProblem = Optional.empty();
    private boolean once;
    private Consumer<JobEntry> listener = entry -> {};
    private long micros;
    private boolean begun;
    private int missed;

    public ScriptedHelper(Source source, Capture machine) {
        this.source = source;
        this.machine = machine;
    }

    /** The sample machine that everything works on, behind the helper of the system. */
    public static ScriptedHelper withGtx1080() {
        return new ScriptedHelper(
                new Source.ThisMachine(), SampleMachines.load(SampleMachines.DEFAULT).orElseThrow());
    }

    // What a test tells it.

    public synchronized void failsWith(HelperProblem.Kind kind) {
        problem = Optional.of(kind);
    }

    /** The next calls get no answer in time. */
    public synchronized void misses(int calls) {
        missed = calls;
    }

    public synchronized void works() {
        problem = Optional.empty();
    }

    public synchronized void plansFailWith(HelperProblem.Kind kind) {
        planProblem = Optional.of(kind);
    }

    public synchronized void switchesFailWith(HelperProblem.Kind kind) {
        applyProblem = Optional.of(kind);
    }

    /** The next switch is not taken. */
    public synchronized void switchesFailOnceWith(HelperProblem.Kind kind) {
        applyProblem = Optional.of(kind);
        once = true;
    }

    /** The machine as it is by now. */
    public synchronized Capture machine() {
        return machine;
    }

    /** Binds a function to another driver, or to none where it is empty. */
    public synchronized void binds(PciAddress function, String driver) {
        String link = MachineReader.PCI_DEVICES + function + "/driver";
        machine = machine.with(Map.of(
                link,
                driver.isEmpty()
                        ? Optional.empty()
                        : Optional.of(new Capture.Link("../../../../bus/pci/drivers/" + driver))));
        if (function.equals(GTX_1080) && !driver.equals("nvidia")) {
            releases("nvidia");
        }
    }

    /** A claim goes out of the memory map. */
    private void releases(String claim) {
        String map = machine.text("/proc/iomem").orElseThrow();
        String without =
                map.lines().filter(line -> !line.endsWith(": " + claim)).collect(Collectors.joining("\n"));
        machine = machine.with(Map.of("/proc/iomem", Optional.of(new Capture.Text(without))));
    }

    /** Opens a device node of the GPU in a program. */
    public synchronized void isHeldBy(int pid, String program, String user, String node) {
        Map<String, Optional<Capture.Entry>> changes = new HashMap<>();
        changes.put("/proc/" + pid + "/comm", Optional.of(new Capture.Text(program)));
        changes.put("/proc/" + pid + "/owner", Optional.of(new Capture.Text(user)));
        changes.put("/proc/" + pid + "/fd/7", Optional.of(new Capture.Link("/dev/" + node)));
        changes.put(
                MachineReader.PCI_DEVICES + GTX_1080 + "/drm/" + node.substring(node.indexOf('/') + 1),
                Optional.of(new Capture.Directory()));
        machine = machine.with(changes);
    }

    public synchronized void isLetGoBy(int pid) {
        machine = machine.with(Map.of("/proc/" + pid + "/fd/7", Optional.empty()));
    }

    /** All functions of the GPU are on vfio-pci and nothing lies in its BARs. */
    public synchronized void isInVmMode() {
        binds(GTX_1080, "vfio-pci");
        binds(ITS_SOUND, "vfio-pci");
        releases("efifb");
    }

    /** A thing happens to the job, this long after the one before. */
    public void says(String what, int step, long afterMillis, String detail, String... values) {
        Consumer<JobEntry> told;
        JobEntry entry;
        synchronized (this) {
            micros += afterMillis * 1000;
            told = listener;
            entry = new JobEntry(what, step, micros, detail, List.of(values));
        }
        told.accept(entry);
    }

    /** Carries steps out without a hitch. */
    public void doesSteps(int first, int last) {
        for (int step = first; step <= last; step++) {
            says("started", step, 1, "");
            says("done", step, 20, "");
        }
    }

    public void changes() {
        List.copyOf(listeners).forEach(Runnable::run);
    }

    /** Whether a switch has been asked for since the last plan, so that somebody listens. */
    public synchronized boolean begun() {
        return begun;
    }

    public synchronized List<String> calls() {
        return List.copyOf(calls);
    }

    // What the app asks of it.

    private synchronized void called(String call, Optional<HelperProblem.Kind> own) throws HelperProblem {
        calls.add(call);
        if (missed > 0) {
            missed--;
            throw new HelperProblem(HelperProblem.Kind.NO_ANSWER);
        }
        Optional<HelperProblem.Kind> kind = problem.or(() -> own);
        if (kind.isPresent()) {
            if (once && own.isPresent()) {
                applyProblem = Optional.empty();
                once = false;
            }
            throw new HelperProblem(kind.get());
        }
    }

    @Override
    public Source source() {
        return source;
    }

    @Override
    public Capture inspect(boolean wholeMap) throws HelperProblem {
        called("inspect", Optional.empty());
        synchronized (this) {
            return machine;
        }
    }

    @Override
    public PlanReply plan(PciAddress gpu, String target, List<PciAddress> with, boolean nativeDriver)
            throws HelperProblem {
        called("plan " + gpu + " " + target, planProblem);
        synchronized (this) {
            begun = false;
        }
        Request request = new Request(gpu, Target.ofWord(target).orElseThrow(), with, nativeDriver);
        return switch (Planner.plan(MachineReader.read(machine), request, Optional.empty())) {
            case Planner.Answer.Planned(SwitchPlan plan) ->
                PlanReplies.reply(plan.refused() ? "" : "0123456789abcdef0123456789abcdef", plan);
            case Planner.Answer.NoPlan(Refusal reason) -> PlanReplies.noPlan(reason);
        };
    }

    @Override
    public RunningSwitch apply(String planId, Consumer<JobEntry> told) throws HelperProblem {
        called("apply " + planId, applyProblem);
        return begin(told);
    }

    @Override
    public RunningSwitch restore(PciAddress gpu, Consumer<JobEntry> told) throws HelperProblem {
        called("restore " + gpu, applyProblem);
        return begin(told);
    }

    private synchronized RunningSwitch begin(Consumer<JobEntry> told) {
        listener = told;
        micros = 0;
        begun = true;
        return new RunningSwitch() {
            @Override
            public void cancel() {
                synchronized (ScriptedHelper.this) {
                    calls.add("cancel");
                }
            }

            @Override
            public JobEntry await() {
                throw new UnsupportedOperationException("the window does not wait");
            }
        };
    }

    @Override
    public void onChange(Runnable changed) {
        listeners.add(changed);
    }

    @Override
    public synchronized void close() {
        calls.add("close");
    }
}
