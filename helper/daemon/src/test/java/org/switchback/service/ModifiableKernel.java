package org.switchback.service;

import java.util.function.UnaryOperator;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.simulator.SimulatedKernel;

/** A simulated kernel whose snapshots a test can modify, for example to remove or add a card. */
public final class ModifiableKernel extends ForwardingKernel {
    private volatile UnaryOperator<MachineSnapshot> modification = UnaryOperator.identity();

    public ModifiableKernel(SimulatedKernel simulated) {
        super(simulated);
    }

    public void modifySnapshot(UnaryOperator<MachineSnapshot> newModification) {
        modification = newModification;
    }

    @Override
    public MachineSnapshot readSnapshot() {
        return modification.apply(super.readSnapshot());
    }
}
