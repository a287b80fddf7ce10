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

/** A helper on a private bus, controlled by the test. Owns the helper's bus name. */
final class FakeHelper implements HelperInterface, AutoCloseable {
    static final String JOB_OBJECT_PATH = DBusNames.JOB_PATH_PREFIX + 1;

    private final DBusConnection bus;
    private final FakeJob job = new FakeJob();
    private final CountDownLatch inspectCalled = new CountDownLatch(1);
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile int version = DBusNames.PROTOCOL_VERSION;
    private volatile boolean unresponsive;
    private volatile Runnable applyAction = () -> {};

    FakeHelper(PrivateBus privateBus) throws DBusException {
        bus = privateBus.connect();
        bus.exportObject(DBusNames.HELPER_PATH, this);
        bus.exportObject(JOB_OBJECT_PATH, job);
        bus.requestBusName(DBusNames.BUS_NAME);
    }

    /** The job of every switch. */
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

        synchronized int add(JobEventStruct event) {
            log.add(event);
            return log.size() - 1;
        }

        @Override
        public void Cancel() {}

        @Override
        public String getObjectPath() {
            return JOB_OBJECT_PATH;
        }
    }

    void setVersion(int newVersion) {
        version = newVersion;
    }

    /** Makes {@code Inspect} block until this helper is closed. */
    void blockInspect() {
        unresponsive = true;
    }

    /** Sets an action that {@code Apply} runs before it replies. */
    void setApplyAction(Runnable action) {
        applyAction = action;
    }

    /** Waits for a call of {@code Inspect}, at most 10 seconds. */
    boolean awaitInspectCall() throws InterruptedException {
        return inspectCalled.await(10, TimeUnit.SECONDS);
    }

    static JobEventStruct createEvent(String type, String detail) {
        return new JobEventStruct(type, -1, 0, detail, List.of());
    }

    /** Adds an event to the log and sends the signal. */
    void emitEvent(JobEventStruct event) {
        int index = job.add(event);
        try {
            bus.sendMessage(new JobInterface.Progress(JOB_OBJECT_PATH, index, List.of(event.redacted())));
        } catch (DBusException e) {
            throw new AssertionError(e);
        }
    }

    /** Adds an event to the log without sending a signal. */
    void appendToLog(JobEventStruct event) {
        job.add(event);
    }

    void emitGpuChanged() throws DBusException {
        bus.sendMessage(new Properties.PropertiesChanged(
                DBusNames.GPU_PATH_PREFIX + "0000_04_00_0",
                DBusNames.BUS_NAME + ".Gpu",
                Map.of("Mode", new Variant<>("vm")),
                List.of()));
    }

    @Override
    public boolean IsSwitching() {
        return false;
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
            } catch (InterruptedException e) {
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
    public PlanReplyTuple Plan(String gpu, String target, List<String> companions, Boolean nativeDriver) {
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

    /** Releases the helper's bus name, as if the helper had stopped. */
    void releaseBusName() throws DBusException {
        bus.releaseBusName(DBusNames.BUS_NAME);
    }

    @Override
    public void close() {
        closed.countDown();
        bus.disconnect();
    }
}
