package org.switchback.service;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.freedesktop.dbus.connections.AbstractConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.switchback.kernel.Kernel;
import org.switchback.transaction.Transactions;

/** The helper on one connection, be it a message bus or a private one. */
final class HelperService {
    /** Method threads: as many as prompts may hold, and enough others to go on answering. */
    static final int METHOD_THREADS = Prompts.IN_ALL + 4;

    private final Callers callers;
    private final Gate gate;
    private final OpenPlans plans;
    private final DriverWatch drivers;
    private final Facts facts;
    private final Jobs jobs;

    /**
     * Puts the helper's objects on the connection, and begins to put back what an earlier process left half done.
     *
     * @param transactions empty for a helper that can only look
     * @param sleepLock    taken while a switch runs
     * @param rate         how many calls a user may make
     * @param nanos        a clock that only runs forwards
     * @param log          takes lines about what happens
     */
    HelperService(
            AbstractConnection bus,
            Callers callers,
            Authority authority,
            Kernel kernel,
            Optional<Transactions> transactions,
            SleepLock sleepLock,
            CallRate rate,
            LongSupplier nanos,
            Consumer<String> log)
            throws DBusException {
        ExecutorService mutations = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().name("switch").daemon().factory());
        this.callers = callers;
        gate = new Gate(callers, rate, nanos, log);
        plans = new OpenPlans(nanos, callers::isThere);
        drivers = new DriverWatch(kernel);
        GpuObjects gpus = new GpuObjects(bus, gate);
        facts = new Facts(kernel, transactions, machine -> {
            gpus.update(machine);
            drivers.update(machine);
        });
        Permissions permissions = new Permissions(authority, callers);
        jobs = new Jobs(bus, gate, permissions, facts, plans, transactions, mutations, sleepLock, nanos, log);
        HelperObject helper = new HelperObject(gate, permissions, facts, plans, jobs);
        bus.exportObject(helper.getObjectPath(), helper);
        jobs.recover();
    }

    /** Reads the machine, so that every GPU has its object. Returns at once. */
    void look() {
        jobs.aside(facts::now);
    }

    /** Reads the machine again when a driver has changed by somebody else's hand. Returns at once. */
    void lookAgain() {
        jobs.aside(() -> {
            if (drivers.changed()) {
                facts.now();
            }
        });
    }

    /**
     * Whether nobody has called for that long, nothing runs or is half done, and nobody who is still there has a plan
     * open.
     */
    boolean idleFor(Duration time) {
        return gate.quietFor(time.toNanos()) && jobs.idle() && !plans.any();
    }

    /** Has a running switch put back, and waits for that. */
    void stop() throws InterruptedException {
        jobs.stop();
    }
}
