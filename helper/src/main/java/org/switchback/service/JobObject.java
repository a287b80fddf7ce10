package org.switchback.service;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.freedesktop.dbus.exceptions.DBusException;
import org.switchback.Helper1.Error.NotAuthorized;
import org.switchback.protocol.JobEntry;
import org.switchback.protocol.JobInterface;
import org.switchback.protocol.PlannedStep;
import org.switchback.transaction.Event;

/** A switch on the bus, from the question whether it may be done to its end. Only its owner and root may look at it. */
final class JobObject implements JobInterface {
    /** A stuck write tells every second that it lasts; what is kept of that has an end. */
    static final int LONGEST_LOG = 5000;

    private final String path;
    private final Caller owner;
    private final Supplier<List<PlannedStep>> steps;
    private final Gate gate;
    private final LongSupplier nanos;
    private final Executor later;
    private final Consumer<Happened> signal;
    private final List<JobEntry> log = new ArrayList<>();
    private long authorized;
    private int announced;
    private boolean announcing;
    private boolean ended;
    private boolean cancelled;
    private Runnable onCancel = () -> {};

    /**
     * @param steps makes them anew each time, see {@link #copy}
     * @param later does what it is given in a moment: what happens until then is told in one signal. To send one takes
     *     about as long as a step
     */
    JobObject(
            String path,
            Caller owner,
            Supplier<List<PlannedStep>> steps,
            Gate gate,
            LongSupplier nanos,
            Executor later,
            Consumer<Happened> signal) {
        this.path = path;
        this.owner = owner;
        this.steps = steps;
        this.gate = gate;
        this.nanos = nanos;
        this.later = later;
        this.signal = signal;
    }

    @Override
    public String getObjectPath() {
        return path;
    }

    @Override
    public List<PlannedStep> Steps() {
        return gate.call(caller -> {
            checkOwner(caller);
            return steps.get();
        });
    }

    @Override
    public List<JobEntry> Log() {
        return gate.call(caller -> {
            checkOwner(caller);
            synchronized (this) {
                return log.stream().map(JobObject::copy).toList();
            }
        });
    }

    @Override
    public void Cancel() {
        gate.call(caller -> {
            checkOwner(caller);
            cancel();
            return true;
        });
    }

    /** A struct takes its fields apart while it is sent, and two threads that send the same one get in each other's way. */
    private static JobEntry copy(JobEntry entry) {
        return new JobEntry(entry.what, entry.step, entry.micros, entry.detail, entry.values);
    }

    private void checkOwner(Caller caller) {
        if (caller.uid() != owner.uid() && caller.uid() != 0) {
            throw new NotAuthorized();
        }
    }

    /** Stops it at the next chance. */
    void cancel() {
        Runnable action;
        synchronized (this) {
            if (ended) {
                return;
            }
            cancelled = true;
            action = onCancel;
        }
        action.run();
    }

    synchronized boolean cancelled() {
        return cancelled;
    }

    /** What else is to be done on {@link #cancel}; done at once when that has been called already. */
    void whenCancelled(Runnable action) {
        synchronized (this) {
            onCancel = action;
            if (!cancelled) {
                return;
            }
        }
        action.run();
    }

    void authorizing() {
        add("authorizing", -1, 0, "", List.of());
    }

    synchronized void authorized() {
        authorized = nanos.getAsLong();
        add("authorized", -1, 0, "", List.of());
    }

    void event(Event event) {
        add(event.phase().word(), event.step(), sinceAuthorized(), event.detail(), event.values());
    }

    /** Something that speaks against it. */
    void failed(String code, List<String> values) {
        add("failed", -1, sinceAuthorized(), code, values);
    }

    /** @param outcome see {@link JobEntry#detail} */
    synchronized void finished(String outcome) {
        if (!ended) {
            add("finished", -1, sinceAuthorized(), outcome, List.of());
            ended = true;
        }
    }

    synchronized boolean ended() {
        return ended;
    }

    private synchronized long sinceAuthorized() {
        return authorized == 0 ? 0 : (nanos.getAsLong() - authorized) / 1000;
    }

    private synchronized void add(String what, int step, long micros, String detail, List<String> values) {
        if (ended || (what.equals("waiting") && log.size() >= LONGEST_LOG)) {
            return;
        }
        log.add(new JobEntry(what, step, micros, detail, values));
        if (!announcing) {
            announcing = true;
            later.execute(this::announce);
        }
    }

    private void announce() {
        int index;
        List<JobEntry> entries;
        synchronized (this) {
            announcing = false;
            index = announced;
            announced = log.size();
            entries = log.subList(index, announced).stream()
                    .map(JobEntry::overheard)
                    .toList();
        }
        try {
            signal.accept(new Happened(path, index, entries));
        } catch (DBusException impossible) {
            throw new IllegalStateException("the path is a good one", impossible);
        }
    }
}
