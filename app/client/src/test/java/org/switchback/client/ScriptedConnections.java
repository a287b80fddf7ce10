package org.switchback.client;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.simulator.FailureScenario;

/** Returns one scripted helper for this machine, and a new one for each simulated machine. */
public final class ScriptedConnections implements HelperConnections {
    private final List<ScriptedHelper> openedHelpers = new ArrayList<>();
    private final List<FailureScenario> simulatedFailures = new ArrayList<>();
    private ScriptedHelper thisMachineHelper;
    private int thisMachineCount;
    private volatile CountDownLatch responseLatch = new CountDownLatch(0);

    public ScriptedConnections(ScriptedHelper thisMachineHelper) {
        this.thisMachineHelper = thisMachineHelper;
    }

    /** Replaces the helper of this machine. */
    public synchronized void setThisMachineHelper(ScriptedHelper helper) {
        thisMachineHelper = helper;
    }

    /** Number of connections to this machine. */
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

    /** The failure scenarios of the simulated machines, in the order they were opened. */
    public synchronized List<FailureScenario> simulatedFailures() {
        return List.copyOf(simulatedFailures);
    }

    public synchronized int openedCount() {
        return openedHelpers.size();
    }

    /** Blocks connections to this machine until the latch is open. */
    public void blockThisMachineUntil(CountDownLatch latch) {
        responseLatch = latch;
    }

    @Override
    public HelperConnection openThisMachine() {
        try {
            responseLatch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        synchronized (this) {
            thisMachineCount++;
            openedHelpers.add(thisMachineHelper);
            return thisMachineHelper;
        }
    }

    @Override
    public synchronized HelperConnection openReadOnly(HelperException.FailureKind reason) {
        ScriptedHelper helper =
                new ScriptedHelper(new MachineSource.ReadOnlyMachine(reason), thisMachineHelper.snapshot());
        openedHelpers.add(helper);
        return helper;
    }

    @Override
    public synchronized HelperConnection openSimulated(
            MachineSnapshot snapshot, MachineSource source, FailureScenario scenario) {
        simulatedFailures.add(scenario);
        ScriptedHelper helper = new ScriptedHelper(source, snapshot);
        openedHelpers.add(helper);
        return helper;
    }
}
