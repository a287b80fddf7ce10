package org.switchback.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Captures;
import org.switchback.hardware.Holder;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;

/** What tests and sample machines can make a simulated kernel do, and rules no virtual machine was seen to follow. */
class SimulatedKernelTest {
    private static final PciAddress GPU = new PciAddress(0, 1, 0, 0);
    private static final PciAddress AUDIO = new PciAddress(0, 1, 0, 1);
    private static final PciAddress GTX = new PciAddress(0, 4, 0, 0);
    private static final Duration LONG = Duration.ofSeconds(200);
    private static final Kernel.Answer DONE = new Kernel.Answer.Done();
    private static final Predicate<KernelWrite> ANY = write -> true;

    private final SimulatedKernel kernel = new SimulatedKernel(Captures.named("q35-6.1-0380-native"));

    @Test
    void aRefusedWriteChangesNothing() {
        Capture before = kernel.capture();
        kernel.once(ANY, new Fault.Refuse("EIO"));

        assertThat(override("vfio-pci")).isEqualTo(new Kernel.Answer.Failed("EIO"));
        assertThat(kernel.capture()).isEqualTo(before);
        assertThat(override("vfio-pci")).isEqualTo(DONE);
    }

    @Test
    void aLyingWriteChangesNothingEither() {
        Capture before = kernel.capture();
        kernel.once(ANY, new Fault.Lie());

        assertThat(override("vfio-pci")).isEqualTo(DONE);
        assertThat(kernel.capture()).isEqualTo(before);
    }

    @Test
    void aFaultForEverStays() {
        kernel.always(write -> write.shell().contains("driver_override"), new Fault.Refuse("EPERM"));

        assertThat(List.of(override("vfio-pci"), override("vfio-pci")))
                .containsOnly(new Kernel.Answer.Failed("EPERM"));
        assertThat(unbind("bochs-drm", GPU)).isEqualTo(DONE);
        kernel.noMoreFaults();
        assertThat(override("vfio-pci")).isEqualTo(DONE);
    }

    @Test
    void aSlowWriteTellsEverySecondAndIsDone() {
        kernel.once(ANY, new Fault.Delay(Duration.ofMillis(3500)));
        List<Duration> told = new ArrayList<>();

        Kernel.Answer answer =
                kernel.write(KernelWrite.of(new Setting.Driver(GPU), "bochs-drm", ""), LONG, told::add);

        assertThat(answer).isEqualTo(DONE);
        assertThat(told).containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(3));
    }

    @Test
    void aWriteThatTakesTooLongIsStuckAndStillComesToItsEnd() {
        kernel.once(ANY, new Fault.Delay(Duration.ofMinutes(15)));

        assertThat(unbind("bochs-drm", GPU)).isEqualTo(new Kernel.Answer.Stuck());
        assertThat(kernel.read(new Setting.Driver(GPU))).isEmpty();
        assertThat(bind("bochs-drm", GPU)).isEqualTo(new Kernel.Answer.Stuck());
        assertThat(inBars(GPU)).isNotEmpty();

        kernel.advance(Duration.ofMinutes(15));

        // First the unbind, then the bind that waited for it.
        assertThat(kernel.read(new Setting.Driver(GPU))).isEqualTo("bochs-drm");
        assertThat(unbind("bochs-drm", GPU)).isEqualTo(DONE);
        assertThat(inBars(GPU)).isEmpty();
    }

    @Test
    void anUnbindThatWaitedForAnotherIsContentWithNothingLeftToDo() {
        kernel.once(ANY, new Fault.Delay(Duration.ofMinutes(15)));
        assertThat(unbind("bochs-drm", GPU)).isEqualTo(new Kernel.Answer.Stuck());

        Kernel.Answer second = kernel.write(
                KernelWrite.of(new Setting.Driver(GPU), "bochs-drm", ""),
                LONG,
                waited -> kernel.advance(Duration.ofMinutes(15)));

        assertThat(second).isEqualTo(DONE);
        assertThat(unbind("bochs-drm", GPU)).isEqualTo(new Kernel.Answer.Failed("ENODEV"));
    }

    @Test
    void aWriteThatHangsKeepsOnlyItsDevice() {
        kernel.once(ANY, new Fault.Hang());

        assertThat(unbind("snd_hda_intel", AUDIO)).isEqualTo(new Kernel.Answer.Stuck());
        kernel.advance(Duration.ofDays(1));

        assertThat(kernel.read(new Setting.Override(AUDIO))).isEqualTo(Kernel.NO_ANSWER);
        assertThat(kernel.read(new Setting.Override(GPU))).isEmpty();
        assertThat(unbind("bochs-drm", GPU)).isEqualTo(DONE);
    }

    @Test
    void anOopsStaysUntilARestart() {
        kernel.once(ANY, new Fault.Die());
        String boot = kernel.bootId();

        assertThat(unbind("bochs-drm", GPU)).isEqualTo(new Kernel.Answer.Failed("?"));
        assertThat(kernel.oops()).isTrue();
        assertThat(MachineReader.read(kernel.capture()).taint().oops()).isTrue();

        kernel.restart();
        assertThat(kernel.oops()).isFalse();
        assertThat(kernel.bootId()).isNotEqualTo(boot);
        assertThat(kernel.capture()).isEqualTo(Captures.named("q35-6.1-0380-native"));
    }

    @Test
    void theWriterCanBeKilledBeforeAWrite() {
        kernel.beforeEachWrite(write -> {
            throw new IllegalStateException("killed");
        });
        Capture before = kernel.capture();

        assertThatThrownBy(() -> override("vfio-pci")).hasMessage("killed");
        assertThat(kernel.capture()).isEqualTo(before);
        assertThat(kernel.written()).isEmpty();
    }

    @Test
    void theWriterCanBeKilledAfterAWrite() {
        kernel.afterEachWrite((write, answer) -> {
            throw new IllegalStateException("killed");
        });

        assertThatThrownBy(() -> override("vfio-pci")).hasMessage("killed");
        assertThat(kernel.read(new Setting.Override(GPU))).isEqualTo("vfio-pci");
        assertThat(kernel.written()).hasSize(1);
    }

    @Test
    void everyWriteTakesItsTimeOnASampleMachine() {
        List<Duration> paused = new ArrayList<>();
        SimulatedKernel slow = new SimulatedKernel(Captures.named("x99-gtx1080"), paused::add);
        slow.pace(Duration.ofMillis(300));

        slow.write(KernelWrite.of(new Setting.Override(GTX), "", "vfio-pci"), LONG, waited -> {});

        assertThat(paused).containsExactly(Duration.ofMillis(300));
    }

    @Test
    void vfioDoesNotWaitForAProgramOnTheFirmwaresFramebuffer() {
        SimulatedKernel blocked = new SimulatedKernel(Captures.named("q35-6.1-0380-vfio-blocked"));
        PciAddress gpu = PciAddress.of("01:00.0");
        Holder kiosk = new Holder(900, "kiosk", "ann", "fb0");
        blocked.hold(kiosk);
        assertThat(blocked.holders(List.of(gpu))).containsExactly(kiosk);

        assertThat(unbind(blocked, "vfio-pci", gpu)).isEqualTo(DONE);
    }

    @Test
    void aFramebufferThatIsUnboundTakesItsCardAndItsScreenWithIt() {
        SimulatedKernel apu = new SimulatedKernel(Captures.named("strix-halo-32g"));
        assertThat(apu.capture().names("/sys/class/drm")).contains("card0", "card0-Unknown-1");

        assertThat(unbindFramebuffer(apu)).isEqualTo(DONE);

        assertThat(apu.capture().names("/sys/class/drm")).isEmpty();
    }

    @Test
    void nvidiasDriverNeverLetsGoOfACardInUse() {
        SimulatedKernel x99 = new SimulatedKernel(Captures.named("x99-gtx1080"));
        x99.hold(new Holder(900, "Xorg", "ann", "nvidia0"));
        assertThat(x99.holders(List.of(GTX))).extracting(Holder::program).containsExactly("Xorg");

        assertThat(unbind(x99, "nvidia", GTX)).isEqualTo(new Kernel.Answer.Stuck());
        x99.end(900);
        x99.advance(Duration.ofDays(1));

        assertThat(x99.read(new Setting.Override(GTX))).isEqualTo(Kernel.NO_ANSWER);
    }

    @Test
    void nvidiasDriverLeavesTheFramebufferBesideIt() {
        SimulatedKernel x99 = new SimulatedKernel(Captures.named("x99-gtx1080"));
        Capture before = x99.capture();

        assertThat(unbind(x99, "nvidia", GTX)).isEqualTo(DONE);
        assertThat(inBars(x99, GTX)).containsExactly("BOOTFB");
        assertThat(x99.write(KernelWrite.of(new Setting.Driver(GTX), "", "nvidia"), LONG, waited -> {}))
                .isEqualTo(DONE);

        assertThat(x99.capture()).isEqualTo(before);
    }

    @Test
    void bootfbStaysWhenItsDriverLeaves() throws Capture.MalformedCapture {
        SimulatedKernel simplefb = new SimulatedKernel(withBootfb("6.1.0-simplefb"));
        assertThat(inBars(simplefb, GPU)).containsExactly("BOOTFB", "simplefb");

        assertThat(unbindFramebuffer(simplefb)).isEqualTo(DONE);

        assertThat(inBars(simplefb, GPU)).containsExactly("BOOTFB");
        toVfio(simplefb);
        assertThat(simplefb.prove(List.of(GPU, AUDIO)))
                .isInstanceOfSatisfying(
                        Kernel.Proof.Broken.class, broken -> assertThat(broken.what()).isEqualTo("BAR 0: EBUSY"));
    }

    @Test
    void theGpusDriverFreesBootfbSinceSixDotZeroOnly() throws Capture.MalformedCapture {
        for (String release : List.of("5.10.0-simplefb", "6.1.0-simplefb")) {
            SimulatedKernel simplefb = new SimulatedKernel(withBootfb(release));
            simplefb.nativeDriver(GPU, "amdgpu");

            simplefb.write(KernelWrite.offer(GPU), LONG, waited -> {});

            assertThat(inBars(simplefb, GPU).contains("BOOTFB")).as(release).isEqualTo(release.startsWith("5"));
            assertThat(inBars(simplefb, GPU)).doesNotContain("simplefb");
        }
    }

    @Test
    void theGpusDriverLeavesABootfbThatNobodyHasOnOtherThanVgaBefore611() throws Capture.MalformedCapture {
        for (String release : List.of("6.1.0-simplefb", "6.12.0-simplefb")) {
            SimulatedKernel simplefb = new SimulatedKernel(withBootfb(release));
            unbindFramebuffer(simplefb);
            simplefb.nativeDriver(GPU, "amdgpu");

            simplefb.write(KernelWrite.offer(GPU), LONG, waited -> {});

            assertThat(inBars(simplefb, GPU).contains("BOOTFB")).as(release).isEqualTo(release.startsWith("6.1."));
        }
    }

    @Test
    void aRegionAsWideAsTheBarIsInTheWayOnlyWhileBusy() throws Capture.MalformedCapture {
        // __request_region goes on inside a region that is not busy and holds all of the BAR.
        for (String release : List.of("5.10.0-simplefb", "6.1.0-simplefb")) {
            Capture narrow = withBootfb(release);
            Capture wide = Capture.parse(narrow.toText().replace("c0000000-c03e7fff : BOOTFB", "c0000000-c0ffffff : BOOTFB"));
            SimulatedKernel simplefb = new SimulatedKernel(wide);
            unbindFramebuffer(simplefb);
            toVfio(simplefb);

            assertThat(simplefb.prove(List.of(GPU, AUDIO)) instanceof Kernel.Proof.Whole)
                    .as(release)
                    .isEqualTo(release.startsWith("6"));
        }
    }

    @Test
    void aFramebufferBoundUnderAVirtualMachineGetsNoRegion() {
        SimulatedKernel efifb = new SimulatedKernel(Captures.named("q35-6.1-0380-vfio"));
        SimulatedKernel withIt = new SimulatedKernel(Captures.named("q35-6.1-0380-vfio-blocked"));
        withIt.write(
                KernelWrite.of(new Setting.FramebufferDriver("efi-framebuffer.0"), "efi-framebuffer", ""),
                LONG,
                waited -> {});
        withIt.hold(new Holder(99, "qemu-system-x86", "libvirt-qemu", "vfio/4"));

        assertThat(withIt.write(
                        KernelWrite.of(new Setting.FramebufferDriver("efi-framebuffer.0"), "", "efi-framebuffer"),
                        LONG,
                        waited -> {}))
                .isEqualTo(DONE);

        assertThat(inBars(withIt, GPU)).isEmpty();
        withIt.end(99);
        assertThat(withIt.prove(List.of(GPU, AUDIO))).isEqualTo(efifb.prove(List.of(GPU, AUDIO)));
    }

    @Test
    void anOldKernelDiesOfAHostDriverBesideAVirtualMachine() {
        SimulatedKernel old = new SimulatedKernel(Captures.named("q35-5.10-0380-native"));
        old.write(new KernelWrite.Modprobe("vfio-pci"), LONG, waited -> {});
        unbind(old, "snd_hda_intel", AUDIO);
        unbind(old, "bochs-drm", GPU);
        old.write(KernelWrite.of(new Setting.Override(GPU), "", "vfio-pci"), LONG, waited -> {});
        old.write(KernelWrite.offer(GPU), LONG, waited -> {});
        old.hold(new Holder(99, "qemu-system-x86", "libvirt-qemu", "vfio/4"));

        assertThat(old.write(KernelWrite.of(new Setting.Driver(AUDIO), "", "snd_hda_intel"), LONG, waited -> {}))
                .isEqualTo(new Kernel.Answer.Stuck());
        assertThat(old.oops()).isTrue();
    }

    @Test
    void anOpenStreamKeepsTheSoundDriver() {
        kernel.hold(new Holder(77, "pipewire", "ann", "snd/controlC0"));
        kernel.hold(new Holder(77, "pipewire", "ann", "snd/pcmC0D3p"));

        assertThat(unbind("snd_hda_intel", AUDIO)).isEqualTo(new Kernel.Answer.Stuck());
        kernel.end(77);

        assertThat(kernel.read(new Setting.Override(AUDIO))).isEmpty();
        assertThat(MachineReader.read(kernel.capture()).device(AUDIO).orElseThrow().driver()).isEmpty();
    }

    @Test
    void withoutAnIommuVfioTakesNothing() {
        SimulatedKernel off = new SimulatedKernel(Captures.named("iommu-off"));
        PciAddress gpu = MachineReader.read(off.capture()).gpus().getFirst().address();
        String driver = off.read(new Setting.Driver(gpu));
        off.write(new KernelWrite.Modprobe("vfio-pci"), LONG, waited -> {});
        off.write(KernelWrite.of(new Setting.Override(gpu), "", "vfio-pci"), LONG, waited -> {});
        unbind(off, driver, gpu);

        assertThat(off.write(KernelWrite.offer(gpu), LONG, waited -> {})).isEqualTo(DONE);
        assertThat(off.read(new Setting.Driver(gpu))).isEmpty();
    }

    @Test
    void aDriverThatIsLoadedTakesWhatWaitsForIt() {
        override("vfio-pci");
        unbind("bochs-drm", GPU);
        assertThat(kernel.read(new Setting.Driver(GPU))).isEmpty();

        kernel.write(new KernelWrite.Modprobe("vfio-pci"), LONG, waited -> {});

        assertThat(kernel.read(new Setting.Driver(GPU))).isEqualTo("vfio-pci");
    }

    private static Capture withBootfb(String release) throws Capture.MalformedCapture {
        return Capture.parse(Captures.withBootfb().toText().replace("6.1.0-56-amd64", release));
    }

    @Test
    void aKernelThatWantsSignaturesRefusesTheUnsignedModule() {
        for (String[] asked : new String[][] {
            {"/sys/kernel/security/lockdown", "none [integrity] confidentiality", "EPERM"},
            {"/sys/module/module/parameters/sig_enforce", "Y", "EKEYREJECTED"}
        }) {
            Capture strict = Captures.withBootfb().with(Map.of(asked[0], Optional.of(new Capture.Text(asked[1]))));
            assertThat(new SimulatedKernel(strict).write(new KernelWrite.Modprobe("switchback_bootfb"), LONG, w -> {}))
                    .isEqualTo(new Kernel.Answer.Failed(asked[2]));
            Capture signed = strict.with(Map.of(
                    "/lib/modules/6.1.0-56-amd64/switchback_bootfb", Optional.of(new Capture.Text("signed"))));
            assertThat(new SimulatedKernel(signed).write(new KernelWrite.Modprobe("switchback_bootfb"), LONG, w -> {}))
                    .isEqualTo(DONE);
        }
    }

    @Test
    void anOldKernelDiesWhenTheDriverOfATakenFramebufferIsUnbound() throws Capture.MalformedCapture {
        SimulatedKernel old = new SimulatedKernel(withBootfb("5.10.0-simplefb"));
        old.nativeDriver(GPU, "bochs-drm");
        old.write(KernelWrite.offer(GPU), LONG, waited -> {});
        assertThat(old.read(new Setting.FramebufferDriver("simple-framebuffer.0"))).isEmpty();

        old.write(
                new KernelWrite.Sysfs(
                        "/sys/bus/platform/drivers/simple-framebuffer/unbind", "simple-framebuffer.0"),
                LONG,
                waited -> {});

        assertThat(old.oops()).isTrue();
    }

    @Test
    void theModuleRefusesAFramebufferThatAnOldKernelsDriverHasTaken() throws Capture.MalformedCapture {
        SimulatedKernel old = new SimulatedKernel(withBootfb("5.10.0-simplefb")
                .with(Map.of(
                        "/lib/modules/5.10.0-simplefb/switchback_bootfb", Optional.of(new Capture.Text("unsigned")))));
        old.write(new KernelWrite.Modprobe("switchback_bootfb"), LONG, waited -> {});
        old.nativeDriver(GPU, "bochs-drm");
        old.write(KernelWrite.offer(GPU), LONG, waited -> {});
        unbind(old, "bochs-drm", GPU);

        assertThat(old.write(
                        new KernelWrite.Sysfs(
                                "/sys/module/switchback_bootfb/parameters/release", GPU + " c0000000-c03e7fff"),
                        LONG,
                        waited -> {}))
                .isEqualTo(new Kernel.Answer.Failed("EBUSY"));
        assertThat(old.oops()).isFalse();
    }

    private static void toVfio(SimulatedKernel kernel) {
        kernel.write(new KernelWrite.Modprobe("vfio-pci"), LONG, waited -> {});
        unbind(kernel, "snd_hda_intel", AUDIO);
        for (PciAddress function : List.of(GPU, AUDIO)) {
            kernel.write(KernelWrite.of(new Setting.Override(function), "", "vfio-pci"), LONG, waited -> {});
            kernel.write(KernelWrite.offer(function), LONG, waited -> {});
        }
    }

    private static List<String> inBars(SimulatedKernel kernel, PciAddress gpu) {
        return MachineReader.read(kernel.capture()).gpu(gpu).orElseThrow().overlaps().stream()
                .filter(Overlap::fromFirmware)
                .flatMap(overlap -> overlap.regions().stream())
                .map(region -> region.name())
                .toList();
    }

    /** Everything inside the BARs, whoever claims it. */
    private List<Overlap> inBars(PciAddress gpu) {
        return MachineReader.read(kernel.capture()).gpu(gpu).orElseThrow().overlaps();
    }

    private static Kernel.Answer unbindFramebuffer(SimulatedKernel kernel) {
        return kernel.write(
                KernelWrite.of(
                        new Setting.FramebufferDriver("simple-framebuffer.0"), "simple-framebuffer", ""),
                LONG,
                waited -> {});
    }

    private Kernel.Answer override(String driver) {
        return kernel.write(KernelWrite.of(new Setting.Override(GPU), "", driver), LONG, waited -> {});
    }

    private Kernel.Answer unbind(String driver, PciAddress function) {
        return unbind(kernel, driver, function);
    }

    private Kernel.Answer bind(String driver, PciAddress function) {
        return kernel.write(KernelWrite.of(new Setting.Driver(function), "", driver), LONG, waited -> {});
    }

    private static Kernel.Answer unbind(SimulatedKernel kernel, String driver, PciAddress function) {
        return kernel.write(KernelWrite.of(new Setting.Driver(function), driver, ""), LONG, waited -> {});
    }
}
