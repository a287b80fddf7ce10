package org.switchback.service;

import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Holder;
import org.switchback.hardware.PciAddress;
import org.switchback.kernel.Kernel;
import org.switchback.kernel.SimulatedKernel;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;

/** A simulated kernel whose captures a test may change, as if somebody had pulled or plugged a card. */
final class ChangingKernel implements Kernel {
    private final SimulatedKernel simulated;
    private volatile UnaryOperator<Capture> change = UnaryOperator.identity();

    ChangingKernel(SimulatedKernel simulated) {
        this.simulated = simulated;
    }

    SimulatedKernel simulated() {
        return simulated;
    }

    void change(UnaryOperator<Capture> wanted) {
        change = wanted;
    }

    @Override
    public Capture capture() {
        return change.apply(simulated.capture());
    }

    @Override
    public String bootId() {
        return simulated.bootId();
    }

    @Override
    public String read(Setting setting) {
        return simulated.read(setting);
    }

    @Override
    public List<Holder> holders(List<PciAddress> functions) {
        return simulated.holders(functions);
    }

    @Override
    public boolean oops() {
        return simulated.oops();
    }

    @Override
    public Answer write(KernelWrite write, Duration patience, Consumer<Duration> waiting) {
        return simulated.write(write, patience, waiting);
    }

    @Override
    public Proof prove(List<PciAddress> functions) {
        return simulated.prove(functions);
    }
}
