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

/** The helper on one D-Bus connection: a message bus or a private connection. */
public final class HelperService {
    /** Number of threads that handle calls: one for each possible prompt, which blocks its thread, and four others. */
    public static final int METHOD_CALL_THREADS = OpenPromptLimiter.MAX_PROMPTS + 5;

    private final CallerResolver callerResolver;
    private final CallGuard callGuard;
    private final PlanStore plans;
    private final DriverChangeDetector driverChanges;
    private final MachineStateReader machineState;
    private final Jobs jobs;

    /**
     * Exports the helper's objects and starts rolling back a switch that an earlier process did not finish.
     *
     * @param transactions empty for a read-only helper
     * @param sleepInhibitor prevents sleep and shutdown while a switch runs
     * @param nanoClock monotonic clock, in nanoseconds
     * @param log receives log lines
     * @throws DBusException if the objects cannot be exported
     */
    HelperService(
            AbstractConnection bus,
            CallerResolver callerResolver,
            Authorizer authorizer,
            Kernel kernel,
            Optional<TransactionRunner> transactions,
            SleepInhibitor sleepInhibitor,
            LongSupplier nanoClock,
            Consumer<String> log)
            throws DBusException {
        ExecutorService switchExecutor = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().name("switch").daemon().factory());
        this.callerResolver = callerResolver;
        callGuard = new CallGuard(callerResolver, nanoClock, log);
        plans = new PlanStore(nanoClock, callerResolver::isConnected);
        driverChanges = new DriverChangeDetector(kernel);
        GpuObjects gpus = new GpuObjects(bus, callGuard);
        machineState = new MachineStateReader(kernel, transactions, machine -> {
            gpus.update(machine);
            driverChanges.update(machine);
        });
        Permissions permissions = new Permissions(authorizer, callerResolver);
        jobs = new Jobs(
                new JobRegistry(bus, callGuard, nanoClock),
                callGuard,
                permissions,
                machineState,
                plans,
                transactions,
                switchExecutor,
                sleepInhibitor,
                log);
        HelperObject helper = new HelperObject(callGuard, permissions, machineState, plans, jobs);
        bus.exportObject(helper.getObjectPath(), helper);
        jobs.recover();
    }

    /**
     * Starts the helper on a private connection within one process: every call is authorized.
     *
     * @param transactions empty for a read-only helper
     * @throws DBusException if the objects cannot be exported
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
                System::nanoTime,
                line -> {});
    }

    /** Reads the machine and updates the GPU objects. Returns immediately. */
    void refreshAsync() {
        jobs.runBetweenSwitches(machineState::read);
    }

    /** Reads the machine if a driver has changed. Returns immediately. */
    void refreshAsyncIfDriversChanged() {
        jobs.runBetweenSwitches(() -> {
            if (driverChanges.hasChanged()) {
                machineState.read();
            }
        });
    }

    /**
     * Whether the helper may exit: there was no call for that time, no switch is running, pending or interrupted, and
     * no connected caller has an open plan.
     */
    boolean isIdleFor(Duration idleTime) {
        return callGuard.isIdleFor(idleTime.toNanos()) && jobs.isIdle() && !plans.hasPlanOfConnectedCaller();
    }

    /** Cancels a running switch and waits until it has been rolled back. */
    public void stop() throws InterruptedException {
        jobs.stop();
    }
}
