package org.switchback.client.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.switchback.hardware.Bar;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;
import org.switchback.hardware.SnapshotParser;
import org.switchback.plan.Planner;
import org.switchback.plan.Refusal;
import org.switchback.plan.RefusalCode;
import org.switchback.plan.ReleaseStage;
import org.switchback.plan.Step;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.SwitchRequest;
import org.switchback.plan.Target;

class SampleMachinesTest {
    private static final PciAddress GTX_1080 = PciAddress.of("04:00.0");

    static List<String> names() {
        return SampleMachines.names();
    }

    @Test
    void unknownNameIsEmpty() {
        assertThat(SampleMachines.load("../cli/anything")).isEmpty();
    }

    @Test
    void defaultSampleExists() {
        assertThat(SampleMachines.load(SampleMachines.DEFAULT)).isPresent();
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyMapIsCompleteAndInAddressOrder(String name) {
        Machine machine = machine(name);
        assertThat(machine.memoryMap().unreadableLineCount()).isZero();
        assertThat(machine.memoryMap().omissionCount()).isZero();
        assertInOrder(machine.memoryMap().roots());
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyFileIsInCanonicalForm(String name) throws Exception {
        try (var file = SampleMachines.class.getResourceAsStream(name + ".capture")) {
            assertThat(SampleMachines.load(name).orElseThrow().toText())
                    .isEqualTo(new String(file.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    private static void assertInOrder(List<Region> level) {
        long free = 0;
        for (Region region : level) {
            assertThat(Long.compareUnsigned(region.range().first(), free))
                    .as(region.toLine())
                    .isGreaterThanOrEqualTo(0);
            free = region.range().last() + 1;
            assertInOrder(region.children());
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyMemoryBarOfEveryFunctionIsInTheMap(String name) {
        Machine machine = machine(name);
        for (PciDevice device : machine.devices().values()) {
            for (Bar bar : device.bars()) {
                if (bar.space() == Bar.AddressSpace.MEMORY
                        && Long.compareUnsigned(bar.range().last(), 0xfffff) > 0) {
                    assertThat(machine.memoryMap()
                                    .find(r -> r.range().equals(bar.range())
                                            && r.name().equals(device.address().toString())))
                            .as("%s BAR %d", device.address(), bar.index())
                            .isNotEmpty();
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyFunctionHasANameAndItsBridges(String name) {
        Machine machine = machine(name);
        for (PciDevice device : machine.devices().values()) {
            assertThat(device.ids().deviceName())
                    .as(device.address().toString())
                    .doesNotMatch("[0-9a-f]{4}");
            assertThat(device.ids().vendorName())
                    .as(device.address().toString())
                    .doesNotMatch("[0-9a-f]{4}");
            assertThat(device.headerType())
                    .contains(device.pciClass().toString().equals("0604") ? 1 : 0);
            assertThat(machine.devices().keySet()).containsAll(device.parentBridges());
        }
    }

    @Test
    void reportedMachineHasTheExactRegions() {
        assertThat(machine("x99-gtx1080").memoryMap().toText()).contains("""
                        60000000-6fffffff : PCI MMCONFIG 0000 [bus 00-ff]
                          60000000-6fffffff : reserved
                        70000000-fbffbfff : PCI Bus 0000:00
                          c0000000-d1ffffff : PCI Bus 0000:04
                            c0000000-cfffffff : 0000:04:00.0
                              c0000000-c086ffff : BOOTFB
                            d0000000-d1ffffff : 0000:04:00.0
                        """);
    }

    @Test
    void reportedMachineReleasesBootfbByTheModule() {
        Machine machine = machine("x99-gtx1080");
        Gpu gpu = machine.gpu(GTX_1080).orElseThrow();
        assertThat(gpu.graphics().name()).isEqualTo("NVIDIA GeForce GTX 1080");
        assertThat(gpu.mode()).isEqualTo(Gpu.GpuMode.HOST);
        assertThat(gpu.graphics().iommuGroup()).contains(27);
        assertThat(gpu.deviceUsers()).isEmpty();
        assertThat(gpu.conflicts()).singleElement().satisfies(overlap -> {
            assertThat(overlap.outermostRegion().toLine()).isEqualTo("c0000000-c086ffff : BOOTFB");
            assertThat(overlap.bar().index()).isEqualTo(1);
            assertThat(overlap.framebuffer().orElseThrow().driver()).isEmpty();
        });
        SwitchPlan plan = plan(machine, GTX_1080);
        assertThat(plan.refusals()).isEmpty();
        assertThat(plan.steps())
                .anyMatch(step -> step instanceof Step.FallbackStep(ReleaseStage rung, Step s)
                        && rung.method() == ReleaseStage.ReleaseMethod.MODULE);
    }

    @Test
    void defaultMachineCanSwitch() {
        Machine machine = machine(SampleMachines.DEFAULT);
        SwitchPlan plan = plan(machine, GTX_1080);
        assertThat(plan.refusals()).isEmpty();
        assertThat(plan.hostSettings().framebuffer().orElseThrow().driver()).contains("efi-framebuffer");
        Gpu other = machine.gpu(PciAddress.of("08:00.0")).orElseThrow();
        assertThat(other.graphics().activeConnectors()).containsExactly("DVI-I-1");
        assertThat(other.deviceUsers()).extracting(user -> user.program()).contains("Xorg");
    }

    @Test
    void apuHasBootfbUnderSimpledrm() {
        Machine machine = machine("strix-halo-32g");
        Gpu gpu = machine.gpus().getFirst();
        assertThat(gpu.graphics().pciClass().toString()).isEqualTo("0380");
        assertThat(gpu.graphics().bootVga()).isFalse();
        assertThat(gpu.graphics().bars().getFirst().length()).isEqualTo(32L << 30);
        Overlap overlap = gpu.conflicts().getFirst();
        assertThat(overlap.regions()).extracting(Region::name).containsExactly("BOOTFB", "simpledrm");
        assertThat(overlap.resolution()).isEqualTo(Overlap.OverlapResolution.CONFLICT);
        assertThat(plan(machine, gpu.address()).refusals()).isEmpty();
    }

    @Test
    void laptopGpuIsInUse() {
        Machine machine = machine("laptop-one-gpu");
        assertThat(machine.gpus()).singleElement().satisfies(gpu -> {
            assertThat(gpu.graphics().activeConnectors()).containsExactly("eDP-1");
            assertThat(plan(machine, gpu.address()).refusals())
                    .extracting(Refusal::code)
                    .containsOnly(RefusalCode.IN_USE);
            assertThat(plan(machine, gpu.address()).refusals())
                    .extracting(r -> r.details().get(1))
                    .contains("gnome-shell");
        });
    }

    @Test
    void iommuOffRefusalMatchesTheProcessor() {
        Machine machine = machine("iommu-off");
        assertThat(machine.iommuGroups()).isEmpty();
        SwitchPlan plan = plan(machine, PciAddress.of("06:00.0"));
        assertThat(plan.refusals()).singleElement().satisfies(refusal -> {
            assertThat(refusal.code()).isEqualTo(RefusalCode.IOMMU_OFF);
            // On AMD no option has to be added.
            assertThat(refusal.details()).containsExactly("06:00.0", "", "", "not-enabled");
        });
    }

    private static Machine machine(String name) {
        return SnapshotParser.parse(SampleMachines.load(name).orElseThrow());
    }

    private static SwitchPlan plan(Machine machine, PciAddress gpu) {
        return ((Planner.PlanningResult.PlanCreated)
                        Planner.plan(machine, new SwitchRequest(gpu, Target.VM, List.of()), Optional.empty()))
                .plan();
    }
}
