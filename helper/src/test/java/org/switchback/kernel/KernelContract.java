package org.switchback.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.Bar;
import org.switchback.hardware.BootfbModule;
import org.switchback.hardware.Capture;
import org.switchback.hardware.FirmwareClaim;
import org.switchback.hardware.FirmwareFramebuffer;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Holder;
import org.switchback.hardware.KernelVersion;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;

/**
 * What every kernel behind the port does, sentence by sentence: the simulated one in every build, the real one in a
 * virtual machine. The machine has a GPU and, in its slot and group, an audio function on a driver of its own.
 *
 * <p>Each test leaves the machine as it found it, but for a framebuffer that vfio-pci has evicted: that one stays away
 * until a restart, so the tests that need it come first.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(300)
abstract class KernelContract {
    private static final Kernel.Answer DONE = new Kernel.Answer.Done();
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final String VFIO = PciDevice.VFIO_PCI;

    private Kernel kernel;
    private Gpu before;
    private List<FirmwareFramebuffer> framebuffersBefore;
    private PciAddress gpu;
    private PciAddress audio;
    private String audioDriver;
    private final List<AutoCloseable> programs = new ArrayList<>();

    /** The kernel, in the state the test begins with. */
    abstract Kernel kernel();

    /** The GPU of the contract. */
    abstract PciAddress gpu();

    /** Starts a program that has a node open, until it is closed. */
    abstract AutoCloseable open(String node) throws Exception;

    /** Starts a virtual machine, or what the kernel takes for one, that has the functions until it is closed. */
    abstract AutoCloseable virtualMachine(List<PciAddress> functions) throws Exception;

    @BeforeEach
    void lookAround() {
        kernel = kernel();
        gpu = gpu();
        write(new KernelWrite.Modprobe(VFIO));
        before = machine().gpu(gpu).orElseThrow();
        framebuffersBefore = machine().framebuffers();
        PciDevice companion = before.companions().getFirst();
        audio = companion.address();
        audioDriver = companion.driver().orElseThrow();
    }

    @AfterEach
    void putEverythingBack() throws Exception {
        for (AutoCloseable program : programs) {
            program.close();
        }
        for (PciDevice function : before.functions()) {
            change(new Setting.Override(function.address()), function.driverOverride().orElse(""));
            String driver = function.driver().orElse("");
            if (!driver(function.address()).equals(driver)) {
                change(new Setting.Driver(function.address()), "");
            }
        }
        for (FirmwareFramebuffer framebuffer : framebuffersBefore) {
            if (!framebuffer.spent()
                    && machine().framebuffers().stream().anyMatch(now -> now.device().equals(framebuffer.device()))) {
                change(new Setting.FramebufferDriver(framebuffer.device()), framebuffer.driver().orElse(""));
            }
        }
        for (PciDevice function : before.functions()) {
            change(new Setting.Driver(function.address()), function.driver().orElse(""));
            change(new Setting.PowerControl(function.address()), function.power().control());
        }
    }

    @Test
    @Order(1)
    void aFramebuffersRegionGoesAndComesWithItsDriver() {
        FirmwareFramebuffer framebuffer = framebufferInTheWay();
        Setting setting = new Setting.FramebufferDriver(framebuffer.device());
        List<Region> there = inBars();

        change(setting, "");
        assertThat(kernel.read(setting)).isEmpty();
        assertThat(inBars()).isEmpty();
        assertThat(write(KernelWrite.of(setting, framebuffer.driver().orElseThrow(), "")))
                .isEqualTo(new Kernel.Answer.Failed("ENODEV"));

        change(setting, framebuffer.driver().orElseThrow());
        assertThat(kernel.read(setting)).isEqualTo(framebuffer.driver().orElseThrow());
        assertThat(inBars()).isEqualTo(there);
        assertThat(write(KernelWrite.of(setting, "", framebuffer.driver().orElseThrow())))
                .isEqualTo(alreadyBound());
    }

    @Test
    @Order(2)
    void aBarWithAFramebufferInItIsRefusedUntilThatIsGone() {
        FirmwareFramebuffer framebuffer = framebufferInTheWay();
        assumeThat(evicts()).isFalse();
        toVfio(List.of(gpu, audio));

        assertRefused();

        change(new Setting.FramebufferDriver(framebuffer.device()), "");
        assertThat(kernel.prove(List.of(gpu, audio))).isEqualTo(whole());
    }

    @Test
    @Order(3)
    void aFramebufferBoundBackUnderVfioIsInTheWayAgain() {
        FirmwareFramebuffer framebuffer = framebufferInTheWay();
        assumeThat(evicts()).isFalse();
        Setting setting = new Setting.FramebufferDriver(framebuffer.device());
        change(setting, "");
        toVfio(List.of(gpu, audio));

        change(setting, framebuffer.driver().orElseThrow());

        assertRefused();
    }

    @Test
    @Order(4)
    void vfioEvictsTheFramebufferOfAVgaGpuForGood() {
        framebufferInTheWay();
        assumeThat(evicts()).isTrue();
        toVfio(List.of(gpu, audio));

        assertThat(kernel.prove(List.of(gpu, audio))).isEqualTo(whole());
        assertThat(machine().framebuffers()).isEmpty();

        change(new Setting.Override(gpu), "");
        change(new Setting.Driver(gpu), "");
        assertThat(inBars()).isEmpty();
        assertThat(machine().framebuffers()).isEmpty();
    }

    @Test
    @Order(5)
    void theModuleHasTheOwnerOfBootfbLetGoOfIt() {
        Region bootfb = inBars().stream().filter(KernelContract::isBootfb).findFirst().orElse(null);
        assumeThat(bootfb).isNotNull();
        assumeThat(write(new KernelWrite.Modprobe(BootfbModule.NAME))).isEqualTo(DONE);
        Setting region = new Setting.FirmwareRegion(gpu, bootfb.range());
        change(new Setting.Driver(gpu), "");
        long last = bootfb.range().last();

        assertThat(kernel.read(region)).isEqualTo("BOOTFB");
        assertThat(release("nonsense")).isEqualTo("EINVAL");
        assertThat(release("0000:7f:1f.7 " + bootfb.range())).isEqualTo("ENODEV");
        assertThat(release(audio + " " + bootfb.range())).isEqualTo("EOPNOTSUPP");
        assertThat(release(gpu + " 00000000-00000fff")).isEqualTo("ERANGE");
        assertThat(release(gpu + " " + new AddressRange(bootfb.range().first(), last - 1))).isEqualTo("ESTALE");
        assertThat(inBars()).as("refused, and nothing changed").contains(bootfb);

        assertThat(write(KernelWrite.of(region, "BOOTFB", ""))).isEqualTo(DONE);

        assertThat(kernel.read(region)).isEmpty();
        assertThat(inBars()).isEmpty();
        assertThat(machine().framebuffers()).isEmpty();
        assertThat(release(gpu + " " + bootfb.range())).isEqualTo("ENOENT");
        assertThat(write(new KernelWrite.Unload(BootfbModule.NAME))).isEqualTo(DONE);
        assertThat(kernel.read(new Setting.Module(BootfbModule.NAME))).isEmpty();
        toVfio(List.of(gpu, audio));
        assertThat(kernel.prove(List.of(gpu, audio))).isEqualTo(whole());
        assertThat(kernel.oops()).isFalse();
    }

    /** Errno with which the module answers a text. */
    private String release(String text) {
        Kernel.Answer answer = write(
                new KernelWrite.Sysfs("/sys/module/" + BootfbModule.NAME + "/parameters/release", text));
        return answer instanceof Kernel.Answer.Failed(String errno) ? errno : answer.toString();
    }

    private static boolean isBootfb(Region region) {
        return region.name().equals("BOOTFB");
    }

    @Test
    void anOverrideReadsAsItWasWritten() {
        Setting setting = new Setting.Override(audio);

        change(setting, VFIO);
        assertThat(kernel.read(setting)).isEqualTo(VFIO);
        assertThat(device(audio).driverOverride()).hasValue(VFIO);

        change(setting, "");
        assertThat(kernel.read(setting)).isEmpty();
        assertThat(device(audio).driverOverride()).isEmpty();
    }

    @Test
    void anOverrideMovesNothingByItself() {
        change(new Setting.Override(audio), VFIO);

        assertThat(driver(audio)).isEqualTo(audioDriver);
    }

    @Test
    void anOverrideThatNoDriverHasMatchesNothing() {
        change(new Setting.Driver(audio), "");
        change(new Setting.Override(audio), "switchback-nonsense");

        assertThat(write(KernelWrite.offer(audio))).isEqualTo(DONE);
        assertThat(driver(audio)).isEmpty();
        assertThat(bind(audioDriver, audio)).isEqualTo(new Kernel.Answer.Failed("ENODEV"));
    }

    @Test
    void anUnboundFunctionIsBoundByName() {
        change(new Setting.Driver(audio), "");
        assertThat(driver(audio)).isEmpty();
        assertThat(device(audio).driver()).isEmpty();

        assertThat(bind(audioDriver, audio)).isEqualTo(DONE);
        assertThat(driver(audio)).isEqualTo(audioDriver);
        assertThat(device(audio).driver()).hasValue(audioDriver);
    }

    @Test
    void anUnboundFunctionIsOfferedToItsOwnDriver() {
        change(new Setting.Driver(audio), "");

        assertThat(write(KernelWrite.offer(audio))).isEqualTo(DONE);

        assertThat(driver(audio)).isEqualTo(audioDriver);
    }

    @Test
    void whatIsNotBoundIsNotUnbound() {
        change(new Setting.Driver(audio), "");

        assertThat(unbind(audioDriver, audio)).isEqualTo(new Kernel.Answer.Failed("ENODEV"));
    }

    @Test
    void whatIsBoundIsNotBoundAgain() {
        assertThat(bind(audioDriver, audio)).isEqualTo(alreadyBound());
        assertThat(write(KernelWrite.offer(audio))).isEqualTo(DONE);
        assertThat(driver(audio)).isEqualTo(audioDriver);
    }

    @Test
    void onlyItsOwnDriverIsUnbound() {
        assertThat(unbind(VFIO, audio)).isEqualTo(new Kernel.Answer.Failed("ENODEV"));
        assertThat(driver(audio)).isEqualTo(audioDriver);
    }

    @Test
    void vfioTakesNothingItWasNotToldTo() {
        change(new Setting.Driver(audio), "");

        assertThat(bind(VFIO, audio)).isEqualTo(new Kernel.Answer.Failed("ENODEV"));
    }

    @Test
    void aFunctionThatIsNotThereHasNoDevice() {
        PciAddress nowhere = new PciAddress(0, 0xfe, 0x1f, 7);

        assertThat(unbind(audioDriver, nowhere)).isEqualTo(new Kernel.Answer.Failed("ENODEV"));
        assertThat(bind(audioDriver, nowhere)).isEqualTo(new Kernel.Answer.Failed("ENODEV"));
        assertThat(write(KernelWrite.offer(nowhere))).isEqualTo(new Kernel.Answer.Failed("ENODEV"));
        assertThat(write(KernelWrite.of(new Setting.Override(nowhere), "", VFIO)))
                .isEqualTo(new Kernel.Answer.Failed("ENOENT"));
        assertThat(kernel.read(new Setting.Driver(nowhere))).isEmpty();
        assertThat(kernel.read(new Setting.Override(nowhere))).isEmpty();
        assertThat(kernel.read(new Setting.PowerControl(nowhere))).isEmpty();
    }

    @Test
    void aDriverThatIsNotThereHasNoFile() {
        assertThat(unbind("switchback-nonsense", audio)).isEqualTo(new Kernel.Answer.Failed("ENOENT"));
    }

    @Test
    void powerControlTakesTwoWords() {
        Setting setting = new Setting.PowerControl(audio);

        change(setting, "auto");
        assertThat(kernel.read(setting)).isEqualTo("auto");
        change(setting, "on");
        assertThat(device(audio).power().control()).isEqualTo("on");
        assertThat(write(KernelWrite.of(setting, "on", "off"))).isEqualTo(new Kernel.Answer.Failed("EINVAL"));
        assertThat(kernel.read(setting)).isEqualTo("on");
    }

    @Test
    void vfioSetsThePowerControlItself() {
        change(new Setting.PowerControl(audio), "on");
        toVfio(List.of(audio));
        String onVfio = kernel.read(new Setting.PowerControl(audio));
        change(new Setting.Driver(audio), "");

        assertThat(onVfio).isEqualTo(version().atLeast(5, 19) ? "auto" : "on");
        assertThat(kernel.read(new Setting.PowerControl(audio))).isEqualTo("on");
    }

    @Test
    void aModuleMayBeLoadedTwice() {
        assertThat(write(new KernelWrite.Modprobe(VFIO))).isEqualTo(DONE);
        assertThat(kernel.read(new Setting.Module(VFIO))).isEqualTo(Setting.Module.LOADED);
        assertThat(machine().vfio()).isEqualTo(Machine.VfioDriver.LOADED);
    }

    @Test
    void aModuleThatIsNotThereIsNotFound() {
        assertThat(write(new KernelWrite.Modprobe("switchback-nonsense")))
                .isEqualTo(new Kernel.Answer.Failed("ENOENT"));
        assertThat(kernel.read(new Setting.Module("switchback-nonsense"))).isEmpty();
    }

    @Test
    void theBootHasOneNameAndTheKernelIsWell() {
        assertThat(kernel.bootId()).isNotEmpty().isEqualTo(kernel.bootId());
        assertThat(kernel.oops()).isFalse();
    }

    @Test
    void whatIsNotOnVfioIsNotProven() {
        assertThat(kernel.prove(List.of(audio))).isEqualTo(new Kernel.Proof.Broken(audio, "not on vfio-pci"));
    }

    @Test
    void aGroupWithAMemberOnTheHostIsNotViable() {
        toVfio(List.of(gpu));

        assertThat(kernel.prove(List.of(gpu))).isEqualTo(new Kernel.Proof.Broken(gpu, "group not viable"));
    }

    @Test
    void aGroupWithAMemberOnNoDriverIsViable() {
        toVfio(List.of(audio));
        change(new Setting.Driver(gpu), "");

        assertThat(kernel.prove(List.of(audio))).isInstanceOf(Kernel.Proof.Whole.class);
    }

    @Test
    void aProofLeavesNothingBehind() {
        toVfio(List.of(audio));
        change(new Setting.Driver(gpu), "");
        kernel.prove(List.of(audio));

        assertThat(kernel.prove(List.of(audio))).isInstanceOf(Kernel.Proof.Whole.class);
        assertThat(unbind(VFIO, audio)).isEqualTo(DONE);
    }

    @Test
    void whatAVirtualMachineHasIsNotProven() throws Exception {
        toVfio(List.of(audio));
        change(new Setting.Driver(gpu), "");
        start(virtualMachine(List.of(audio)));

        assertThat(kernel.prove(List.of(audio))).isEqualTo(new Kernel.Proof.Broken(audio, "group: EBUSY"));
        assertThat(kernel.holders(List.of(audio)))
                .extracting(Holder::node)
                .containsExactly("vfio/" + device(audio).group().orElseThrow());
    }

    @Test
    void theHostGetsNothingOfAGroupThatAVirtualMachineHas() throws Exception {
        // Before 5.19 this is a BUG.
        assumeThat(version().atLeast(5, 19)).isTrue();
        toVfio(List.of(gpu));
        change(new Setting.Driver(audio), "");
        change(new Setting.Driver(gpu), VFIO);
        start(virtualMachine(List.of(gpu)));

        assertThat(bind(audioDriver, audio)).isEqualTo(new Kernel.Answer.Failed("EBUSY"));
        assertThat(driver(audio)).isEmpty();
    }

    @Test
    void aWriteThatDoesNotReturnIsStuckAndTheOthersAreNot() throws Exception {
        toVfio(List.of(audio));
        change(new Setting.Driver(gpu), "");
        AutoCloseable machine = virtualMachine(List.of(audio));
        start(machine);
        List<Duration> told = new ArrayList<>();

        Kernel.Answer answer = kernel.write(
                KernelWrite.of(new Setting.Driver(audio), VFIO, ""), Duration.ofMillis(2500), told::add);

        assertThat(answer).isEqualTo(new Kernel.Answer.Stuck());
        assertThat(told).containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(2));
        // The link is no proof: it has gone, and the driver has not.
        assertThat(driver(audio)).isEmpty();
        // Where the override shares the device's lock it does not answer; it never keeps its reader.
        assertThat(kernel.read(new Setting.Override(audio))).isIn(Kernel.NO_ANSWER, VFIO);
        assertThat(kernel.capture().entries().get(MachineReader.PCI_DEVICES + audio + "/driver_override"))
                .isIn(new Capture.Unreadable("no answer"), new Capture.Text(VFIO));
        assertThat(write(KernelWrite.of(new Setting.Override(gpu), "", VFIO))).isEqualTo(DONE);

        machine.close();
        // A second one finds nothing left to do. If the first has not come to its end yet, it waits for that and is told
        // that all is well (unbind_store, drivers/base/bus.c, compares the driver before it takes the device's lock).
        assertThat(unbind(VFIO, audio)).isIn(DONE, new Kernel.Answer.Failed("ENODEV"));
        assertThat(kernel.read(new Setting.Override(audio))).isEqualTo(VFIO);
    }

    @Test
    void programsThatUseAGpuAreNamed() throws Exception {
        Gpu used = machine().gpus().stream()
                .filter(g -> g.graphics().nodes().stream().anyMatch(node -> node.startsWith("dri/card")))
                .findFirst()
                .orElse(null);
        assumeThat(used).isNotNull();
        String node = used.graphics().nodes().stream()
                .filter(n -> n.startsWith("dri/card"))
                .findFirst()
                .orElseThrow();
        assertThat(kernel.holders(List.of(used.address()))).isEmpty();

        start(open(node));

        assertThat(kernel.holders(List.of(used.address())))
                .isNotEmpty()
                .allSatisfy(holder -> {
                    assertThat(holder.node()).isEqualTo(node);
                    assertThat(holder.program()).isNotEmpty();
                    assertThat(holder.pid()).isPositive();
                    assertThat(holder.owner()).isNotEmpty();
                });
        assertThat(machine().holdersOf(device(used.address())))
                .isEqualTo(kernel.holders(List.of(used.address())));
        assertThat(kernel.holders(List.of(audio))).isEmpty();
    }

    @Test
    void theKernelDoesNotProtectAProgramThatUsesAGpu() throws Exception {
        Optional<String> node = before.graphics().nodes().stream()
                .filter(n -> n.startsWith("dri/card"))
                .findFirst();
        assumeThat(node).isPresent();
        start(open(node.orElseThrow()));

        change(new Setting.Driver(gpu), "");

        assertThat(driver(gpu)).isEmpty();
    }

    @Test
    void theFactsOfFunctionsChangeWithEverySettingOfTheirs() {
        List<PciAddress> functions = List.of(gpu, audio);
        List<Capture> seen = new ArrayList<>(List.of(kernel.factsOf(functions)));
        assertThat(kernel.factsOf(functions)).isEqualTo(seen.getFirst());

        change(new Setting.Override(audio), VFIO);
        seen.add(kernel.factsOf(functions));
        change(new Setting.Driver(audio), "");
        seen.add(kernel.factsOf(functions));
        change(new Setting.Driver(audio), VFIO);
        seen.add(kernel.factsOf(functions));

        assertThat(seen).doesNotHaveDuplicates();
    }

    private Machine machine() {
        return MachineReader.read(kernel.capture());
    }

    private PciDevice device(PciAddress function) {
        return machine().device(function).orElseThrow();
    }

    private KernelVersion version() {
        return machine().kernel();
    }

    private String driver(PciAddress function) {
        return kernel.read(new Setting.Driver(function));
    }

    private boolean evicts() {
        return before.graphics().kind().isVga() && version().vfioEvictsFromVga();
    }

    private Kernel.Answer alreadyBound() {
        return new Kernel.Answer.Failed(version().atLeast(5, 14) ? "EBUSY" : "ENODEV");
    }

    /** Every BAR that both functions have. */
    private Kernel.Proof whole() {
        return new Kernel.Proof.Whole((int) before.functions().stream()
                .flatMap(function -> function.bars().stream())
                .filter(bar -> bar.index() < 6)
                .count());
    }

    /** BAR 0 is refused, and the kernel's log names it with its range. */
    private void assertRefused() {
        Bar bar = device(gpu).bars().getFirst();
        assertThat(kernel.prove(List.of(gpu, audio)))
                .isEqualTo(new Kernel.Proof.Broken(
                        gpu, "BAR 0: EBUSY", List.of(new Kernel.Denied(gpu, "BAR 0", bar.range()))));
    }

    private FirmwareFramebuffer framebufferInTheWay() {
        Optional<FirmwareFramebuffer> bound = framebuffersBefore.stream()
                .filter(framebuffer -> framebuffer.driver().isPresent() && !inBars().isEmpty())
                // That one stays without its driver.
                .filter(framebuffer -> inBars().stream().noneMatch(KernelContract::isBootfb))
                .findFirst();
        assumeThat(bound).isPresent();
        return bound.orElseThrow();
    }

    /** What firmware has left in the BARs of the GPU. */
    private List<Region> inBars() {
        return machine().gpu(gpu).orElseThrow().overlaps().stream()
                .map(overlap -> overlap.region())
                .filter(region -> FirmwareClaim.ofRegion(region.name()).isPresent())
                .toList();
    }

    private void toVfio(List<PciAddress> functions) {
        for (PciAddress function : functions) {
            change(new Setting.Override(function), VFIO);
            change(new Setting.Driver(function), "");
        }
        for (PciAddress function : functions) {
            change(new Setting.Driver(function), VFIO);
        }
    }

    /** Gives a setting a value, if it has another, and looks whether it has it. */
    private void change(Setting setting, String value) {
        String now = kernel.read(setting);
        if (!now.equals(value)) {
            assertThat(write(KernelWrite.of(setting, now, value))).as("%s to '%s'", setting, value).isEqualTo(DONE);
            assertThat(kernel.read(setting)).as("%s", setting).isEqualTo(value);
        }
    }

    private Kernel.Answer bind(String driver, PciAddress function) {
        return write(new KernelWrite.Sysfs("/sys/bus/pci/drivers/" + driver + "/bind", function.toString()));
    }

    private Kernel.Answer unbind(String driver, PciAddress function) {
        return write(new KernelWrite.Sysfs("/sys/bus/pci/drivers/" + driver + "/unbind", function.toString()));
    }

    private Kernel.Answer write(KernelWrite write) {
        return kernel.write(write, LONG, waited -> {});
    }

    private void start(AutoCloseable program) {
        programs.add(program);
    }
}
