package org.switchback.simulator;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.plan.KernelWrite;

/** What may go wrong on a simulated machine, for whoever wants to see it before it happens on a real one. */
public enum FailureScenario {
    /** Nothing does. */
    NONE,
    /** A program uses the GPU. */
    IN_USE,
    /** The driver takes its time to let go. */
    SLOW_STEP,
    /** vfio-pci does not take the GPU, and everything is put back. */
    ROLLED_BACK,
    /** vfio-pci does not take the GPU, and the host's driver does not take it back. */
    ROLLBACK_FAILED,
    /** The helper goes away in the middle of a switch. */
    HELPER_LOST;

    private static final Duration SLOW_WRITE_DURATION = Duration.ofSeconds(12);
    private static final int HELPER_LOST_AFTER_WRITES = 4;

    /** @param loseHelper cuts the connection; called on the thread that writes */
    public void applyTo(SimulatedKernel kernel, MachineSnapshot machine, Runnable loseHelper) {
        if (this == NONE) {
            return;
        }
        List<Gpu> gpus = SnapshotParser.parse(machine).gpus();
        // The one that a person would switch: not the one with the desktop on it.
        gpus.stream()
                .min(Comparator.comparing(gpu -> !gpu.graphics().activeConnectors().isEmpty()))
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
                kernel.afterEachWrite((write, answer) -> {
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
