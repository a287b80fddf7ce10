package org.switchback.simulator;

import java.time.Duration;
import java.util.Comparator;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.SnapshotParser;
import org.switchback.plan.KernelWrite;

/** A failure to provoke on a simulated machine, to see it before it happens on a real one. */
public enum FailureScenario {
    /** No failure. */
    NONE,
    /** A program uses the GPU. */
    IN_USE,
    /** Unbinding the driver takes 12 seconds. */
    SLOW_STEP,
    /** vfio-pci fails to bind the GPU, and the switch is rolled back. */
    ROLLED_BACK,
    /** vfio-pci fails to bind the GPU, and the host's driver fails to bind it again. */
    ROLLBACK_FAILED,
    /** The helper stops during a switch, after four writes. */
    HELPER_LOST;

    private static final Duration SLOW_WRITE_DURATION = Duration.ofSeconds(12);
    private static final int HELPER_LOST_AFTER_WRITES = 4;

    /**
     * Prepares a kernel to fail in this way for one GPU: the first without active connectors, which is the one that
     * users switch, because no desktop runs on it; else the first.
     *
     * @param snapshot of the kernel
     * @param loseHelper disconnects the helper; called on the writing thread
     */
    public void applyTo(SimulatedKernel kernel, MachineSnapshot snapshot, Runnable loseHelper) {
        if (this == NONE) {
            return;
        }
        SnapshotParser.parse(snapshot).gpus().stream()
                .min(Comparator.comparing(
                        gpu -> !gpu.graphics().activeConnectors().isEmpty()))
                .ifPresent(gpu -> applyTo(kernel, gpu.graphics(), loseHelper));
    }

    private void applyTo(SimulatedKernel kernel, PciDevice graphics, Runnable loseHelper) {
        PciAddress gpu = graphics.address();
        Predicate<KernelWrite> unbind = write -> isWriteTo("/unbind", gpu, write);
        Predicate<KernelWrite> probe = write -> isWriteTo("/drivers_probe", gpu, write);
        switch (this) {
            case NONE -> {}
            case IN_USE ->
                graphics.deviceNodes().stream()
                        .findFirst()
                        .ifPresent(node -> kernel.addDeviceUser(new DeviceUser(4121, "Xorg", "ann", node)));
            case SLOW_STEP -> kernel.injectOnce(unbind, new SimulatedFault.Delay(SLOW_WRITE_DURATION));
            case ROLLED_BACK -> kernel.injectOnce(probe, new SimulatedFault.ErrnoFault("EBUSY"));
            case ROLLBACK_FAILED -> {
                kernel.injectOnce(probe, new SimulatedFault.ErrnoFault("EBUSY"));
                kernel.injectOnce(write -> isWriteTo("/bind", gpu, write), new SimulatedFault.ErrnoFault("ENODEV"));
            }
            case HELPER_LOST -> {
                AtomicInteger writes = new AtomicInteger();
                kernel.afterEachWrite((write, result) -> {
                    if (writes.incrementAndGet() == HELPER_LOST_AFTER_WRITES) {
                        loseHelper.run();
                    }
                });
            }
        }
    }

    private static boolean isWriteTo(String file, PciAddress function, KernelWrite write) {
        return write instanceof KernelWrite.WriteSysfs(String path, String value)
                && path.endsWith(file)
                && value.equals(function.toString());
    }
}
