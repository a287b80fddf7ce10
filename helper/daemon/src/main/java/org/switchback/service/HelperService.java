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
import org.switchback.transaction.TransactionRunner;

/** The helper on one connection, be it a message bus or a private one. */
public final class HelperService {
    /** Method threads: as many as prompts may hold, and enough others to go on answering. */
    public static final int METHOD_CALL_THREADS = PromptLimiter.MAX_PROMPTS + 4;

    private final CallerResolver callerResolver;
    private final CallGuard callGuard;
    private final PlanStore plans;
    private final DriverChangeDetector driverChanges;
    private final MachineStateReader machineState;
    private final Jobs jobs;

    /**
     * Puts the helper's objects on the connection, and begins to put back what an earlier process left half done.
     *
     * @param transactions empty for a helper that can only look
     * @param sleepLock taken while a switch runs
     * @param rate how many calls a user may make
     * @param nanos a clock that only runs forwards
     * @param log takes lines about what happens
     */
    HelperService(
            AbstractConnection bus,
            CallerResolver callerResolver,
            Authorizer authority,
            Kernel kernel,
            Optional<TransactionRunner> transactions,
            SleepInhibitor sleepLock,
            RateLimiter rate,
            LongSupplier nanos,
            Consumer<String> log)
            throws DBusException {
        ExecutorService mutations = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().name("switch").daemon().factory());
        this.callerResolver = callerResolver;
        callGuard = new CallGuard(callerResolver, rate, nanos, log);
        plans = new PlanStore(nanos, callerResolver::isConnected);
        driverChanges = new DriverChangeDetector(kernel);
        GpuObjects gpus = new GpuObjects(bus, callGuard);
        machineState = new MachineStateReader(kernel, transactions, machine -> {
            gpus.update(machine);
            driverChanges.update(machine);
        });
        Permissions permissions = new Permissions(authority, callerResolver);
        jobs = new Jobs(
                new JobRegistry(bus, callGuard, nanos),
                callGuard,
                permissions,
                machineState,
                plans,
                transactions,
                mutations,
                sleepLock,
                log);
        HelperObject helper = new HelperObject(callGuard, permissions, machineState, plans, jobs);
        bus.exportObject(helper.getObjectPath(), helper);
        jobs.recover();
    }

    /**
     * The helper on a private connection within one process: every call is authorized, and there is no call limit.
     *
     * @param transactions empty for a read-only helper
     * @throws DBusException when the objects can't be exported
     */
    public static HelperService forSinglePeer(
            AbstractConnection connection, Kernel kernel, Optional<TransactionRunner> transactions)
            throws DBusException {
        return new HelperService(
                connection,
                CallerResolver.SINGLE_PEER,
                Authorizer.ALLOW_ALL,
                kernel,
                transactions,
                SleepInhibitor.NONE,
                RateLimiter.UNLIMITED,
                System::nanoTime,
                line -> {});
    }

    /** Reads the machine, so that every GPU has its object. Returns at once. */
    void refreshAsync() {
        jobs.runBetweenSwitches(machineState::read);
    }

    /** Reads the machine again when a driver has changed by somebody else's hand. Returns at once. */
    void refreshAsyncIfDriversChanged() {
        jobs.runBetweenSwitches(() -> {
            if (driverChanges.hasChanged()) {
                machineState.read();
            }
        });
    }

    /**
     * Whether nobody has called for that long, nothing runs or is half done, and nobody who is still there has a plan
     * open.
     */
    boolean isIdleFor(Duration time) {
        return callGuard.isIdleFor(time.toNanos()) && jobs.isIdle() && !plans.hasPlanOfConnectedCaller();
    }

    /** Has a running switch put back, and waits for that. */
    public void stop() throws InterruptedException {
        jobs.stop();
    }
}
