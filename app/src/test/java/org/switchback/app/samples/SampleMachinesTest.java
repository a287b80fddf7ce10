package org.switchback.app.samples;

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
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;
import org.switchback.plan.Planner;
import org.switchback.plan.Refusal;
import org.switchback.plan.Request;
import org.switchback.plan.Rung;
import org.switchback.plan.Step;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.Target;

class SampleMachinesTest {
    private static final PciAddress GTX_1080 = PciAddress.of("04:00.0");

    static List<String> names() {
        return SampleMachines.names();
    }

    @Test
    void anUnknownNameIsNoSample() {
        assertThat(SampleMachines.load("../cli/anything")).isEmpty();
    }

    @Test
    void theDefaultIsASample() {
        assertThat(SampleMachines.load(SampleMachines.DEFAULT)).isPresent();
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyMapIsReadWholeAndInAddressOrder(String name) {
        Machine machine = machine(name);
        assertThat(machine.memory().unreadable()).isZero();
        assertThat(machine.memory().omissions()).isZero();
        assertInOrder(machine.memory().roots());
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyFileIsWrittenAsTheProgramWouldWriteIt(String name) throws Exception {
        try (var file = SampleMachines.class.getResourceAsStream(name + ".capture")) {
            assertThat(SampleMachines.load(name).orElseThrow().toText())
                    .isEqualTo(new String(file.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    private static void assertInOrder(List<Region> level) {
        long free = 0;
        for (Region region : level) {
            assertThat(Long.compareUnsigned(region.range().first(), free))
                    .as(region.line())
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
                if (bar.space() == Bar.Space.MEMORY && Long.compareUnsigned(bar.range().last(), 0xfffff) > 0) {
                    assertThat(machine.memory().find(r -> r.range().equals(bar.range())
                                    && r.name().equals(device.address().toString())))
                            .as("%s BAR %d", device.address(), bar.index())
                            .isNotEmpty();
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void everyFunctionHasANameAndItsBridgesAreThere(String name) {
        Machine machine = machine(name);
        for (PciDevice device : machine.devices().values()) {
            assertThat(device.ids().deviceName()).as(device.address().toString()).doesNotMatch("[0-9a-f]{4}");
            assertThat(device.ids().vendorName()).as(device.address().toString()).doesNotMatch("[0-9a-f]{4}");
            assertThat(device.headerType()).contains(device.kind().toString().equals("0604") ? 1 : 0);
            assertThat(machine.devices().keySet()).containsAll(device.parents());
        }
    }

    @Test
    void theRegionsOfTheReportAreExact() {
        assertThat(machine("x99-gtx1080").memory().toText())
                .contains(
                        """
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
    void onTheReportsMachineTheModuleFreesBootfb() {
        Machine machine = machine("x99-gtx1080");
        Gpu gpu = machine.gpu(GTX_1080).orElseThrow();
        assertThat(gpu.graphics().name()).isEqualTo("NVIDIA GeForce GTX 1080");
        assertThat(gpu.mode()).isEqualTo(Gpu.Mode.HOST);
        assertThat(gpu.graphics().group()).contains(27);
        assertThat(gpu.holders()).isEmpty();
        assertThat(gpu.conflicts()).singleElement().satisfies(overlap -> {
            assertThat(overlap.region().line()).isEqualTo("c0000000-c086ffff : BOOTFB");
            assertThat(overlap.bar().index()).isEqualTo(1);
            assertThat(overlap.framebuffer().orElseThrow().driver()).isEmpty();
        });
        SwitchPlan plan = plan(machine, GTX_1080);
        assertThat(plan.refusals()).isEmpty();
        assertThat(plan.steps())
                .anyMatch(step -> step instanceof Step.OnRung(Rung rung, Step s) && rung.way() == Rung.Way.MODULE);
    }

    @Test
    void onTheDefaultMachineTheWholeSwitchIsPossible() {
        Machine machine = machine(SampleMachines.DEFAULT);
        SwitchPlan plan = plan(machine, GTX_1080);
        assertThat(plan.refusals()).isEmpty();
        assertThat(plan.remember().framebuffer().orElseThrow().driver()).contains("efi-framebuffer");
        Gpu other = machine.gpu(PciAddress.of("08:00.0")).orElseThrow();
        assertThat(other.graphics().displays()).containsExactly("DVI-I-1");
        assertThat(other.holders()).extracting(holder -> holder.program()).contains("Xorg");
    }

    @Test
    void anApuOf32GigabytesHasBootfbUnderSimpledrm() {
        Machine machine = machine("strix-halo-32g");
        Gpu gpu = machine.gpus().getFirst();
        assertThat(gpu.graphics().kind().toString()).isEqualTo("0380");
        assertThat(gpu.graphics().bootVga()).isFalse();
        assertThat(gpu.graphics().bars().getFirst().length()).isEqualTo(32L << 30);
        Overlap overlap = gpu.conflicts().getFirst();
        assertThat(overlap.regions()).extracting(Region::name).containsExactly("BOOTFB", "simpledrm");
        assertThat(overlap.verdict()).isEqualTo(Overlap.Verdict.REFUSED);
        assertThat(plan(machine, gpu.address()).refusals()).isEmpty();
    }

    @Test
    void theOnlyGpuOfALaptopIsInUse() {
        Machine machine = machine("laptop-one-gpu");
        assertThat(machine.gpus()).singleElement().satisfies(gpu -> {
            assertThat(gpu.graphics().displays()).containsExactly("eDP-1");
            assertThat(plan(machine, gpu.address()).refusals())
                    .extracting(Refusal::code)
                    .containsOnly("in-use");
            assertThat(plan(machine, gpu.address()).refusals())
                    .extracting(r -> r.details().get(1))
                    .contains("gnome-shell");
        });
    }

    @Test
    void withTheIommuOffTheProcessorDecidesWhatToAdd() {
        Machine machine = machine("iommu-off");
        assertThat(machine.groups()).isEmpty();
        SwitchPlan plan = plan(machine, PciAddress.of("06:00.0"));
        assertThat(plan.refusals()).singleElement().satisfies(refusal -> {
            assertThat(refusal.code()).isEqualTo("iommu-off");
            // On AMD no option has to be added.
            assertThat(refusal.details()).containsExactly("06:00.0", "", "");
        });
    }

    private static Machine machine(String name) {
        return MachineReader.read(SampleMachines.load(name).orElseThrow());
    }

    private static SwitchPlan plan(Machine machine, PciAddress gpu) {
        return ((Planner.Answer.Planned)
                        Planner.plan(machine, new Request(gpu, Target.VM, List.of()), Optional.empty()))
                .plan();
    }
}
