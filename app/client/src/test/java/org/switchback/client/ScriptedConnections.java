package org.switchback.client;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.simulator.FailureScenario;

/** Gives out one scripted helper for this machine, and a fresh one for each sample. */
public final class ScriptedConnections implements HelperConnections {
    private final List<ScriptedHelper> openedHelpers = new ArrayList<>();
    private final List<FailureScenario> simulatedFailures = new ArrayList<>();
    private ScriptedHelper thisMachineHelper;
    private int thisMachineCount;
    private volatile CountDownLatch responseLatch = new CountDownLatch(0);

    public ScriptedConnections(ScriptedHelper thisMachineHelper) {
        this.thisMachineHelper = thisMachineHelper;
    }

    /** From now on this machine answers through another helper. */
    public synchronized void setThisMachineHelper(ScriptedHelper helper) {
        thisMachineHelper = helper;
    }

    /** How often the helper of the system was looked for. */
    public synchronized int thisMachineCount() {
        return thisMachineCount;
    }

    /** The connection opened first. */
    public synchronized ScriptedHelper firstOpened() {
        return openedHelpers.getFirst();
    }

    /** The connection opened last. */
    public synchronized ScriptedHelper lastOpened() {
        return openedHelpers.getLast();
    }

    /** What was to go wrong on the simulated machines, in the order in which they were opened. */
    public synchronized List<FailureScenario> simulatedFailures() {
        return List.copyOf(simulatedFailures);
    }

    public synchronized int openedCount() {
        return openedHelpers.size();
    }

    /** From now on this machine does not answer before the latch is open. */
    public void blockThisMachineUntil(CountDownLatch latch) {
        responseLatch = latch;
    }

    @Override
    public HelperConnection openThisMachine() {
        try {
            responseLatch.await();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
        synchronized (this) {
            thisMachineCount++;
            openedHelpers.add(thisMachineHelper);
            return thisMachineHelper;
        }
    }

    @Override
    public synchronized HelperConnection openReadOnly(HelperException.FailureKind why) {
        ScriptedHelper helper =
                new ScriptedHelper(new MachineSource.ReadOnlyMachine(why), thisMachineHelper.snapshot());
        openedHelpers.add(helper);
        return helper;
    }

    @Override
    public synchronized HelperConnection openSimulated(
            MachineSnapshot machine, MachineSource source, FailureScenario mishap) {
        simulatedFailures.add(mishap);
        ScriptedHelper helper = new ScriptedHelper(source, machine);
        openedHelpers.add(helper);
        return helper;
    }
}
