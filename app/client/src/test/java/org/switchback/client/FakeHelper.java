package org.switchback.client;

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
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.job.PlanReply;
import org.switchback.plan.SwitchPlan;
import org.switchback.protocol.DBusNames;
import org.switchback.protocol.HelperInterface;
import org.switchback.protocol.JobEventStruct;
import org.switchback.protocol.JobInterface;
import org.switchback.protocol.PlanReplyTuple;
import org.switchback.protocol.PlannedStepStruct;
import org.switchback.service.PrivateBus;

/** Owns the helper's name on a private bus and does as the test says. */
final class FakeHelper implements HelperInterface, AutoCloseable {
    static final String JOB_OBJECT_PATH = DBusNames.JOB_PATH_PREFIX + 1;

    private final DBusConnection bus;
    private final FakeJob job = new FakeJob();
    private final CountDownLatch inspectCalled = new CountDownLatch(1);
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile int version = DBusNames.PROTOCOL_VERSION;
    private volatile boolean unresponsive;
    private volatile Runnable applyAction = () -> {};

    FakeHelper(PrivateBus on) throws DBusException {
        bus = on.connect();
        bus.exportObject(DBusNames.HELPER_PATH, this);
        bus.exportObject(JOB_OBJECT_PATH, job);
        bus.requestBusName(DBusNames.BUS_NAME);
    }

    /** The job that every plan leads to. */
    private static final class FakeJob implements JobInterface {
        private final List<JobEventStruct> log = new ArrayList<>();

        @Override
        public List<PlannedStepStruct> Steps() {
            return List.of();
        }

        @Override
        public synchronized List<JobEventStruct> Log() {
            return List.copyOf(log);
        }

        synchronized int add(JobEventStruct entry) {
            log.add(entry);
            return log.size() - 1;
        }

        @Override
        public void Cancel() {}

        @Override
        public String getObjectPath() {
            return JOB_OBJECT_PATH;
        }
    }

    void setVersion(int wanted) {
        version = wanted;
    }

    /** From now on {@code Inspect} does not answer before this is closed. */
    void blockInspect() {
        unresponsive = true;
    }

    /** Done by {@code Apply} before it answers. */
    void setApplyAction(Runnable action) {
        applyAction = action;
    }

    /** Waits until somebody has called {@code Inspect}. */
    boolean awaitInspectCall() throws InterruptedException {
        return inspectCalled.await(10, TimeUnit.SECONDS);
    }

    static JobEventStruct createEvent(String what, String detail) {
        return new JobEventStruct(what, -1, 0, detail, List.of());
    }

    /** Puts it into the log and tells everybody. */
    void emitEvent(JobEventStruct entry) {
        int index = job.add(entry);
        try {
            bus.sendMessage(new JobInterface.Progress(JOB_OBJECT_PATH, index, List.of(entry.redacted())));
        } catch (DBusException impossible) {
            throw new AssertionError(impossible);
        }
    }

    /** Puts it into the log and tells nobody. */
    void appendToLog(JobEventStruct entry) {
        job.add(entry);
    }

    void emitGpuChanged() throws DBusException {
        bus.sendMessage(new Properties.PropertiesChanged(
                DBusNames.GPU_PATH_PREFIX + "0000_04_00_0",
                DBusNames.BUS_NAME + ".Gpu",
                Map.of("Mode", new Variant<>("vm")),
                List.of()));
    }

    @Override
    public int Version() {
        return version;
    }

    @Override
    public String Inspect() {
        inspectCalled.countDown();
        if (unresponsive) {
            try {
                closed.await();
            } catch (InterruptedException closing) {
                Thread.currentThread().interrupt();
            }
        }
        return MachineSnapshot.EMPTY.toText();
    }

    @Override
    public String InspectAll() {
        return MachineSnapshot.EMPTY.toText();
    }

    @Override
    public PlanReplyTuple Plan(String gpu, String target, List<String> with, Boolean nativeDriver) {
        return new PlanReplyTuple(new PlanReply(
                "00000000000000000000000000000000",
                SwitchPlan.RequiredPermission.SWITCH,
                List.of(PciAddress.of(gpu)),
                List.of(),
                List.of(),
                List.of()));
    }

    @Override
    public DBusPath Apply(String plan) {
        applyAction.run();
        return new DBusPath(JOB_OBJECT_PATH);
    }

    @Override
    public DBusPath Restore(String gpu) {
        return Apply(gpu);
    }

    @Override
    public String getObjectPath() {
        return DBusNames.HELPER_PATH;
    }

    /** Is the helper no more. */
    void releaseBusName() throws DBusException {
        bus.releaseBusName(DBusNames.BUS_NAME);
    }

    @Override
    public void close() {
        closed.countDown();
        bus.disconnect();
    }
}
