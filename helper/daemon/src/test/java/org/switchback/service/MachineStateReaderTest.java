package org.switchback.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.TestSnapshots;
import org.switchback.plan.Planner;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.SwitchRequest;
import org.switchback.plan.Target;
import org.switchback.simulator.SimulatedKernel;

class MachineStateReaderTest {
    private static final PciAddress GPU = PciAddress.of("04:00.0");

    private final ModifiableKernel kernel =
            new ModifiableKernel(new SimulatedKernel(TestSnapshots.load("x99-gtx1080-efifb")));
    private final MachineStateReader reader = new MachineStateReader(kernel, Optional.empty(), machine -> {});
    private MachineStateReader.ParsedSnapshot read;
    private SwitchPlan plan;

    @BeforeEach
    void makePlan() {
        read = reader.read();
        Planner.PlanningResult result = reader.plan(read.machine(), new SwitchRequest(GPU, Target.VM, List.of()));
        plan = ((Planner.PlanningResult.PlanCreated) result).plan();
    }

    @Test
    void unchangedMachineGivesTheStateThatLaterReadingsEqual() {
        MachineSnapshot facts = reader.readSwitchSnapshot(plan, read.snapshot());

        assertThat(facts).isNotEqualTo(MachineSnapshot.EMPTY).isEqualTo(reader.readSwitchSnapshot(plan));
    }

    @Test
    void changeWhileThePlanIsMadeIsNoticed() {
        kernel.modifySnapshot(snapshot -> snapshot.withChanges(Map.of(
                SnapshotParser.PCI_DEVICES + GPU + "/driver_override",
                Optional.of(new MachineSnapshot.TextEntry("something-else")))));

        assertThat(reader.readSwitchSnapshot(plan, read.snapshot())).isEqualTo(MachineSnapshot.EMPTY);
    }
}
