package org.switchback.app.helper;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.switchback.hardware.Capture;

/** Gives out one scripted helper for this machine, and a fresh one for each sample. */
public final class ScriptedConnections implements HelperConnections {
    private final List<ScriptedHelper> opened = new ArrayList<>();
    private final List<Mishap> mishaps = new ArrayList<>();
    private ScriptedHelper here;
    private int searches;
    private volatile CountDownLatch answer = new CountDownLatch(0);

    public ScriptedConnections(ScriptedHelper here) {
        this.here = here;
    }

    /** From now on this machine answers through another helper. */
    public synchronized void here(ScriptedHelper helper) {
        here = helper;
    }

    /** How often the helper of the system was looked for. */
    public synchronized int searches() {
        return searches;
    }

    /** The connection opened first. */
    public synchronized ScriptedHelper first() {
        return opened.getFirst();
    }

    /** The connection opened last. */
    public synchronized ScriptedHelper last() {
        return opened.getLast();
    }

    /** What was to go wrong on the simulated machines, in the order in which they were opened. */
    public synchronized List<Mishap> mishaps() {
        return List.copyOf(mishaps);
    }

    public synchronized int count() {
        return opened.size();
    }

    /** From now on this machine does not answer before the latch is open. */
    public void waitsFor(CountDownLatch latch) {
        answer = latch;
    }

    @Override
    public HelperConnection thisMachine() {
        try {
            answer.await();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
        synchronized (this) {
            searches++;
            opened.add(here);
            return here;
        }
    }

    @Override
    public synchronized HelperConnection lookOnly(HelperProblem.Kind why) {
        ScriptedHelper helper = new ScriptedHelper(new Source.LookOnly(why), here.machine());
        opened.add(helper);
        return helper;
    }

    @Override
    public synchronized HelperConnection simulated(Capture machine, Source source, Mishap mishap) {
        mishaps.add(mishap);
        ScriptedHelper helper = new ScriptedHelper(source, machine);
        opened.add(helper);
        return helper;
    }
}
