package org.switchback.service;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.freedesktop.dbus.DBusPath;
import org.freedesktop.dbus.connections.impl.DirectConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.switchback.hardware.Capture;
import org.switchback.hardware.MachineReader;
import org.switchback.kernel.LinuxKernel;
import org.switchback.plan.Target;
import org.switchback.protocol.HelperInterface;
import org.switchback.protocol.JobInterface;
import org.switchback.protocol.Names;

/**
 * Plays a switch there and back on a simulated machine, and reads this one: what the helper does in earnest, so that the
 * JVM can be trained for it. Changes nothing on this computer.
 */
final class Rehearsal {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final long PAUSE_MILLIS = 10;

    private Rehearsal() {}

    /** @throws IllegalStateException when the machine has no GPU that can be switched there and back */
    static void play(Capture machine) throws DBusException, InterruptedException {
        try (LinuxKernel kernel = new LinuxKernel(Path.of("/"))) {
            kernel.prepare();
            kernel.capture();
            kernel.prove(List.of());
        }
        String gpu = MachineReader.read(machine).gpus().getFirst().address().toString();
        try (EmbeddedHelper helper = EmbeddedHelper.simulated(machine, Duration.ZERO, Mishap.NONE)) {
            DirectConnection line = helper.client();
            HelperInterface remote = line.getRemoteObject(Names.HELPER_PATH, HelperInterface.class);
            remote.Version();
            remote.Inspect();
            for (Target target : Target.values()) {
                String plan = remote.Plan(gpu, target.word(), List.of(), false).reply().id;
                DBusPath job = remote.Apply(plan);
                awaitDone(line.getRemoteObject(job.getPath(), JobInterface.class));
            }
        }
    }

    private static void awaitDone(JobInterface job) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (job.Log().stream().noneMatch(entry -> entry.detail.equals("done"))) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("the rehearsal did not come to its end");
            }
            Thread.sleep(PAUSE_MILLIS);
        }
    }
}
