package org.switchback.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.switchback.hardware.Machine;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.TestSnapshots;

/** Which functions are switched with a GPU, and which ones may be, on machines that people have reported. */
class CompanionTest {
    private static SwitchPlan plan(String machine, String gpu, String... with) {
        SwitchRequest request = new SwitchRequest(
                PciAddress.of(gpu),
                Target.VM,
                Stream.of(with).map(PciAddress::of).toList());
        return switch (Planner.plan(TestSnapshots.parseMachine(machine), request, Optional.empty())) {
            case Planner.PlanningResult.PlanCreated(SwitchPlan plan) -> plan;
            case Planner.PlanningResult.InvalidRequest(Refusal reason) -> throw new AssertionError(reason);
        };
    }

    private static List<String> functionsOf(SwitchPlan plan) {
        return plan.functions().stream()
                .map(function -> function.address().toShortString())
                .toList();
    }

    private static List<String> refusalsOf(SwitchPlan plan) {
        return plan.refusals().stream()
                .map(refusal -> refusal.code().wireName() + " " + String.join(" ", refusal.details()))
                .toList();
    }

    @Test
    void boardFunctionsInTheGroupOfAnApuAreNamedInsteadOfMoved() {
        SwitchPlan plan = plan("cezanne-one-group", "04:00.0");

        assertThat(functionsOf(plan)).containsExactly("04:00.0", "04:00.1");
        assertThat(plan.refusals())
                .filteredOn(Refusal.GroupShared.class::isInstance)
                .extracting(refusal -> ((Refusal.GroupShared) refusal).member().toShortString())
                .containsExactly("04:00.2", "04:00.3", "04:00.4", "04:00.5", "04:00.6");
    }

    @Test
    void boardFunctionsMoveWithConsentAndPermissionOfTheirOwn() {
        SwitchPlan plan = plan("cezanne-one-group", "04:00.0", "04:00.2", "04:00.3", "04:00.4", "04:00.5", "04:00.6");

        assertThat(plan.refusals()).noneMatch(Refusal.GroupShared.class::isInstance);
        assertThat(plan.otherFunctions()).hasSize(5);
        assertThat(plan.requiredPermission())
                .isIn(
                        SwitchPlan.RequiredPermission.SWITCH_WITH_OTHERS,
                        SwitchPlan.RequiredPermission.SWITCH_DISPLAY_WITH_OTHERS);
    }

    @Test
    void soundOfTheBoardStaysWithTheHost() {
        SwitchPlan plan = plan("strix-halo-audio6", "f5:00.0");

        assertThat(functionsOf(plan)).containsExactly("f5:00.0", "f5:00.1");
        assertThat(functionsOf(plan("strix-halo-audio6", "f5:00.0", "f5:00.6")))
                .containsExactly("f5:00.0", "f5:00.1", "f5:00.6");
    }

    @Test
    void allFunctionsOfACardMove() {
        assertThat(functionsOf(plan("hd530-0380", "01:00.0")))
                .containsExactly("01:00.0", "01:00.1", "01:00.2", "01:00.3");
    }

    @Test
    void storageAndNetworkInTheGroupAreNotOfferedToMove() {
        assertThat(plan("chipset-group-12", "07:00.0").refusals())
                .filteredOn(Refusal.GroupShared.class::isInstance)
                .extracting(refusal -> {
                    Refusal.GroupShared shared = (Refusal.GroupShared) refusal;
                    return shared.member().toShortString() + " " + shared.code().wireName();
                })
                .containsExactlyInAnyOrder(
                        "01:00.0 group-shared", "01:00.1 group-shared-not-movable", "03:00.0 group-shared-not-movable");
    }

    @Test
    void smbusIsNeverMoved() {
        assertThat(refusalsOf(plan("hd530-0380", "00:02.0", "00:1f.3")))
                .anyMatch(refusal -> refusal.startsWith("group-shared-not-movable 00:1f.3 8 00:1f.4"));
        assertThat(refusalsOf(plan("hd530-0380", "00:02.0", "00:1f.3", "00:1f.4")))
                .anyMatch(refusal -> refusal.startsWith("system-device-not-movable 00:1f.4"));
    }

    @Test
    void virtualFunctionsAreNoCompanionsAndKeepTheirPhysicalFunction() {
        Machine machine = TestSnapshots.parseMachine("intel-sriov-pf");
        PciDevice physical = machine.device(PciAddress.of("00:02.0")).orElseThrow();
        SwitchPlan plan = plan("intel-sriov-pf", "00:02.0");

        assertThat(functionsOf(plan)).containsExactly("00:02.0");
        assertThat(machine.virtualFunctionsOf(physical)).hasSize(7);
        assertThat(refusalsOf(plan)).contains("has-virtual-functions 00:02.0 7 00:02.1 (101)");
        assertThat(machine.device(PciAddress.of("00:02.1")).orElseThrow().name())
                .isEqualTo(physical.name() + " (virtual function)");
    }

    @Test
    void unusedVirtualFunctionMayBeSwitched() {
        SwitchPlan plan = plan("intel-sriov-pf", "00:02.2");

        assertThat(functionsOf(plan)).containsExactly("00:02.2");
        assertThat(refusalsOf(plan)).noneMatch(refusal -> refusal.startsWith("has-virtual-functions"));
    }
}
