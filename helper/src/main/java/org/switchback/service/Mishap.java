package org.switchback.service;

import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Holder;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.kernel.Fault;
import org.switchback.kernel.SimulatedKernel;
import org.switchback.plan.KernelWrite;

/** What may go wrong on a simulated machine, for whoever wants to see it before it happens on a real one. */
public enum Mishap {
    /** Nothing does. */
    NONE,
    /** A program uses the GPU. */
    IN_USE,
    /** The driver takes its time to let go. */
    SLOW_STEP,
    /** vfio-pci does not take the GPU, and everything is put back. */
    PUT_BACK,
    /** vfio-pci does not take the GPU, and the host's driver does not take it back. */
    MIXED,
    /** The helper goes away in the middle of a switch. */
    HELPER_LOST;

    private static final Duration SLOW = Duration.ofSeconds(12);
    private static final int LAST_WRITE = 4;

    /** @param loseHelper cuts the connection; called on the thread that writes */
    void arrange(SimulatedKernel kernel, Capture machine, Runnable loseHelper) {
        if (this == NONE) {
            return;
        }
        List<Gpu> gpus = MachineReader.read(machine).gpus();
        // The one that a person would switch: not the one with the desktop on it.
        gpus.stream()
                .min(Comparator.comparing(gpu -> !gpu.graphics().displays().isEmpty()))
                .ifPresent(gpu -> arrange(kernel, gpu.graphics(), loseHelper));
    }

    private void arrange(SimulatedKernel kernel, PciDevice graphics, Runnable loseHelper) {
        PciAddress gpu = graphics.address();
        Predicate<KernelWrite> unbind = write -> to("/unbind", gpu, write);
        Predicate<KernelWrite> probe = write -> to("/drivers_probe", gpu, write);
        switch (this) {
            case NONE -> {}
            case IN_USE ->
                graphics.nodes().stream()
                        .findFirst()
                        .ifPresent(node -> kernel.hold(new Holder(4121, "Xorg", "ann", node)));
            case SLOW_STEP -> kernel.once(unbind, new Fault.Delay(SLOW));
            case PUT_BACK -> kernel.once(probe, new Fault.Refuse("EBUSY"));
            case MIXED -> {
                kernel.once(probe, new Fault.Refuse("EBUSY"));
                kernel.once(write -> to("/bind", gpu, write), new Fault.Refuse("ENODEV"));
            }
            case HELPER_LOST -> {
                AtomicInteger writes = new AtomicInteger();
                kernel.afterEachWrite((write, answer) -> {
                    if (writes.incrementAndGet() == LAST_WRITE) {
                        loseHelper.run();
                    }
                });
            }
        }
    }

    private static boolean to(String file, PciAddress function, KernelWrite write) {
        return write instanceof KernelWrite.Sysfs(String path, String value)
                && path.endsWith(file)
                && value.equals(function.toString());
    }
}
