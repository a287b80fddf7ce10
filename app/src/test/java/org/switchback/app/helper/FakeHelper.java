package org.switchback.app.helper;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.freedesktop.dbus.DBusPath;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.interfaces.Properties;
import org.freedesktop.dbus.types.Variant;
import org.switchback.hardware.Capture;
import org.switchback.protocol.HelperInterface;
import org.switchback.protocol.JobEntry;
import org.switchback.protocol.JobInterface;
import org.switchback.protocol.Names;
import org.switchback.protocol.PlanReply;
import org.switchback.protocol.PlanValues;
import org.switchback.protocol.PlannedStep;
import org.switchback.service.PrivateBus;

/** Owns the helper's name on a private bus and does as the test says. */
final class FakeHelper implements HelperInterface, AutoCloseable {
    static final String JOB = Names.JOB_PATH + 1;

    private final DBusConnection bus;
    private final Job job = new Job();
    private final CountDownLatch inspected = new CountDownLatch(1);
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile int version = Names.VERSION;
    private volatile boolean silent;
    private volatile Runnable whenApplied = () -> {};

    FakeHelper(PrivateBus on) throws DBusException {
        bus = on.connect();
        bus.exportObject(Names.HELPER_PATH, this);
        bus.exportObject(JOB, job);
        bus.requestBusName(Names.BUS);
    }

    /** The job that every plan leads to. */
    private static final class Job implements JobInterface {
        private final List<JobEntry> log = new ArrayList<>();

        @Override
        public List<PlannedStep> Steps() {
            return List.of();
        }

        @Override
        public synchronized List<JobEntry> Log() {
            return List.copyOf(log);
        }

        synchronized int add(JobEntry entry) {
            log.add(entry);
            return log.size() - 1;
        }

        @Override
        public void Cancel() {}

        @Override
        public String getObjectPath() {
            return JOB;
        }
    }

    void version(int wanted) {
        version = wanted;
    }

    /** From now on {@code Inspect} does not answer before this is closed. */
    void silent() {
        silent = true;
    }

    /** Done by {@code Apply} before it answers. */
    void whenApplied(Runnable action) {
        whenApplied = action;
    }

    /** Waits until somebody has called {@code Inspect}. */
    boolean inspected() throws InterruptedException {
        return inspected.await(10, TimeUnit.SECONDS);
    }

    static JobEntry entry(String what, String detail) {
        return new JobEntry(what, -1, 0, detail, List.of());
    }

    /** Puts it into the log and tells everybody. */
    void happens(JobEntry entry) {
        int index = job.add(entry);
        try {
            bus.sendMessage(new JobInterface.Happened(JOB, index, List.of(entry.overheard())));
        } catch (DBusException impossible) {
            throw new AssertionError(impossible);
        }
    }

    /** Puts it into the log and tells nobody. */
    void happensUnheard(JobEntry entry) {
        job.add(entry);
    }

    void gpuChanges() throws DBusException {
        bus.sendMessage(new Properties.PropertiesChanged(
                Names.GPU_PATH + "0000_04_00_0",
                Names.BUS + ".Gpu",
                Map.of("Mode", new Variant<>("vm")),
                List.of()));
    }

    @Override
    public int Version() {
        return version;
    }

    @Override
    public String Inspect() {
        inspected.countDown();
        if (silent) {
            try {
                closed.await();
            } catch (InterruptedException closing) {
                Thread.currentThread().interrupt();
            }
        }
        return Capture.EMPTY.toText();
    }

    @Override
    public String InspectAll() {
        return Capture.EMPTY.toText();
    }

    @Override
    public PlanValues Plan(String gpu, String target, List<String> with, Boolean nativeDriver) {
        return new PlanValues(
                new PlanReply("00000000000000000000000000000000", "switch", List.of(gpu), List.of(), List.of(), List.of()));
    }

    @Override
    public DBusPath Apply(String plan) {
        whenApplied.run();
        return new DBusPath(JOB);
    }

    @Override
    public DBusPath Restore(String gpu) {
        return Apply(gpu);
    }

    @Override
    public String getObjectPath() {
        return Names.HELPER_PATH;
    }

    /** Is the helper no more. */
    void vanish() throws DBusException {
        bus.releaseBusName(Names.BUS);
    }

    @Override
    public void close() {
        closed.countDown();
        bus.disconnect();
    }
}
