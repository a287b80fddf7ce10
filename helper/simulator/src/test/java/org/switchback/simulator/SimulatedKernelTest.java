package org.switchback.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.TestSnapshots;
import org.switchback.kernel.Kernel;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;

/** Fault injection, and rules that were not observed in a virtual machine. */
class SimulatedKernelTest {
    private static final PciAddress GPU = new PciAddress(0, 1, 0, 0);
    private static final PciAddress AUDIO = new PciAddress(0, 1, 0, 1);
    private static final PciAddress GTX = new PciAddress(0, 4, 0, 0);
    private static final Duration LONG = Duration.ofSeconds(200);
    private static final Kernel.WriteResult DONE = new Kernel.WriteResult.Done();
    private static final Predicate<KernelWrite> ANY = write -> true;

    private final SimulatedKernel kernel = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380-native"));

    @Test
    void failedWriteChangesNothing() {
        MachineSnapshot before = kernel.readSnapshot();
        kernel.injectOnce(ANY, new SimulatedFault.ErrnoFault("EIO"));

        assertThat(writeOverride("vfio-pci")).isEqualTo(new Kernel.WriteResult.WriteFailed("EIO"));
        assertThat(kernel.readSnapshot()).isEqualTo(before);
        assertThat(writeOverride("vfio-pci")).isEqualTo(DONE);
    }

    @Test
    void falseSuccessChangesNothing() {
        MachineSnapshot before = kernel.readSnapshot();
        kernel.injectOnce(ANY, new SimulatedFault.FalseSuccess());

        assertThat(writeOverride("vfio-pci")).isEqualTo(DONE);
        assertThat(kernel.readSnapshot()).isEqualTo(before);
    }

    @Test
    void permanentFaultRepeats() {
        kernel.injectAlways(
                write -> write.shellCommand().contains("driver_override"), new SimulatedFault.ErrnoFault("EPERM"));

        assertThat(List.of(writeOverride("vfio-pci"), writeOverride("vfio-pci")))
                .containsOnly(new Kernel.WriteResult.WriteFailed("EPERM"));
        assertThat(unbind("bochs-drm", GPU)).isEqualTo(DONE);
        kernel.clearFaults();
        assertThat(writeOverride("vfio-pci")).isEqualTo(DONE);
    }

    @Test
    void slowWriteReportsEverySecond() {
        kernel.injectOnce(ANY, new SimulatedFault.Delay(Duration.ofMillis(3500)));
        List<Duration> reported = new ArrayList<>();

        Kernel.WriteResult result =
                kernel.write(KernelWrite.of(new Setting.Driver(GPU), "bochs-drm", ""), LONG, reported::add);

        assertThat(result).isEqualTo(DONE);
        assertThat(reported).containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(3));
    }

    @Test
    void timedOutWriteStillCompletes() {
        kernel.injectOnce(ANY, new SimulatedFault.Delay(Duration.ofMinutes(15)));

        assertThat(unbind("bochs-drm", GPU)).isEqualTo(new Kernel.WriteResult.TimedOut());
        assertThat(kernel.readSetting(new Setting.Driver(GPU))).isEmpty();
        assertThat(bind("bochs-drm", GPU)).isEqualTo(new Kernel.WriteResult.TimedOut());
        assertThat(barOverlaps(GPU)).isNotEmpty();

        kernel.advance(Duration.ofMinutes(15));

        // The unbind finishes first, then the bind that waited for it.
        assertThat(kernel.readSetting(new Setting.Driver(GPU))).isEqualTo("bochs-drm");
        assertThat(unbind("bochs-drm", GPU)).isEqualTo(DONE);
        assertThat(barOverlaps(GPU)).isEmpty();
    }

    @Test
    void concurrentUnbindSucceeds() {
        kernel.injectOnce(ANY, new SimulatedFault.Delay(Duration.ofMinutes(15)));
        assertThat(unbind("bochs-drm", GPU)).isEqualTo(new Kernel.WriteResult.TimedOut());

        Kernel.WriteResult second = kernel.write(
                KernelWrite.of(new Setting.Driver(GPU), "bochs-drm", ""),
                LONG,
                waited -> kernel.advance(Duration.ofMinutes(15)));

        assertThat(second).isEqualTo(DONE);
        assertThat(unbind("bochs-drm", GPU)).isEqualTo(new Kernel.WriteResult.WriteFailed("ENODEV"));
    }

    @Test
    void hangingWriteLocksOnlyItsDevice() {
        kernel.injectOnce(ANY, new SimulatedFault.Hang());

        assertThat(unbind("snd_hda_intel", AUDIO)).isEqualTo(new Kernel.WriteResult.TimedOut());
        kernel.advance(Duration.ofDays(1));

        assertThat(kernel.readSetting(new Setting.DriverOverride(AUDIO))).isEqualTo(Kernel.UNKNOWN_VALUE);
        assertThat(kernel.readSetting(new Setting.DriverOverride(GPU))).isEmpty();
        assertThat(unbind("bochs-drm", GPU)).isEqualTo(DONE);
    }

    @Test
    void oopsPersistsUntilRestart() {
        kernel.injectOnce(ANY, new SimulatedFault.Oops());
        String boot = kernel.bootId();

        assertThat(unbind("bochs-drm", GPU)).isEqualTo(new Kernel.WriteResult.WriteFailed("?"));
        assertThat(kernel.hasOops()).isTrue();
        assertThat(SnapshotParser.parse(kernel.readSnapshot()).taint().hasOops())
                .isTrue();

        kernel.restart();
        assertThat(kernel.hasOops()).isFalse();
        assertThat(kernel.bootId()).isNotEqualTo(boot);
        assertThat(kernel.readSnapshot()).isEqualTo(TestSnapshots.load("q35-6.1-0380-native"));
    }

    @Test
    void writerCanBeKilledBeforeAWrite() {
        kernel.beforeEachWrite(write -> {
            throw new IllegalStateException("killed");
        });
        MachineSnapshot before = kernel.readSnapshot();

        assertThatThrownBy(() -> writeOverride("vfio-pci")).hasMessage("killed");
        assertThat(kernel.readSnapshot()).isEqualTo(before);
        assertThat(kernel.writes()).isEmpty();
    }

    @Test
    void writerCanBeKilledAfterAWrite() {
        kernel.afterEachWrite((write, result) -> {
            throw new IllegalStateException("killed");
        });

        assertThatThrownBy(() -> writeOverride("vfio-pci")).hasMessage("killed");
        assertThat(kernel.readSetting(new Setting.DriverOverride(GPU))).isEqualTo("vfio-pci");
        assertThat(kernel.writes()).hasSize(1);
    }

    @Test
    void writesTakeTheConfiguredDuration() {
        List<Duration> sleeps = new ArrayList<>();
        SimulatedKernel slow = new SimulatedKernel(TestSnapshots.load("x99-gtx1080"), sleeps::add);
        slow.setWriteDuration(Duration.ofMillis(300));

        slow.write(KernelWrite.of(new Setting.DriverOverride(GTX), "", "vfio-pci"), LONG, waited -> {});

        assertThat(sleeps).containsExactly(Duration.ofMillis(300));
    }

    @Test
    void vfioUnbindIgnoresFramebufferUsers() {
        SimulatedKernel blocked = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380-vfio-blocked"));
        PciAddress gpu = PciAddress.of("01:00.0");
        DeviceUser kiosk = new DeviceUser(900, "kiosk", "ann", "fb0");
        blocked.addDeviceUser(kiosk);
        assertThat(blocked.readDeviceUsers(List.of(gpu))).containsExactly(kiosk);

        assertThat(unbind(blocked, "vfio-pci", gpu)).isEqualTo(DONE);
    }

    @Test
    void unbindingFramebufferRemovesCardAndConnector() {
        SimulatedKernel apu = new SimulatedKernel(TestSnapshots.load("strix-halo-32g"));
        assertThat(apu.readSnapshot().childNames("/sys/class/drm")).contains("card0", "card0-Unknown-1");

        assertThat(unbindFramebuffer(apu)).isEqualTo(DONE);

        assertThat(apu.readSnapshot().childNames("/sys/class/drm")).isEmpty();
    }

    @Test
    void nvidiaUnbindHangsWhileInUse() {
        SimulatedKernel x99 = new SimulatedKernel(TestSnapshots.load("x99-gtx1080"));
        x99.addDeviceUser(new DeviceUser(900, "Xorg", "ann", "nvidia0"));
        assertThat(x99.readDeviceUsers(List.of(GTX)))
                .extracting(DeviceUser::program)
                .containsExactly("Xorg");

        assertThat(unbind(x99, "nvidia", GTX)).isEqualTo(new Kernel.WriteResult.TimedOut());
        x99.endProcess(900);
        x99.advance(Duration.ofDays(1));

        assertThat(x99.readSetting(new Setting.DriverOverride(GTX))).isEqualTo(Kernel.UNKNOWN_VALUE);
    }

    @Test
    void nvidiaDriverKeepsTheFramebuffer() {
        SimulatedKernel x99 = new SimulatedKernel(TestSnapshots.load("x99-gtx1080"));
        MachineSnapshot before = x99.readSnapshot();

        assertThat(unbind(x99, "nvidia", GTX)).isEqualTo(DONE);
        assertThat(firmwareOverlaps(x99, GTX)).containsExactly("BOOTFB");
        assertThat(x99.write(KernelWrite.of(new Setting.Driver(GTX), "", "nvidia"), LONG, waited -> {}))
                .isEqualTo(DONE);

        assertThat(x99.readSnapshot()).isEqualTo(before);
    }

    @Test
    void bootfbRemainsAfterUnbind() throws MachineSnapshot.MalformedSnapshotException {
        SimulatedKernel simplefb = new SimulatedKernel(withBootfb("6.1.0-simplefb"));
        assertThat(firmwareOverlaps(simplefb, GPU)).containsExactly("BOOTFB", "simplefb");

        assertThat(unbindFramebuffer(simplefb)).isEqualTo(DONE);

        assertThat(firmwareOverlaps(simplefb, GPU)).containsExactly("BOOTFB");
        bindToVfio(simplefb);
        assertThat(simplefb.verifyVfio(List.of(GPU, AUDIO)))
                .isInstanceOfSatisfying(Kernel.VfioCheck.Failed.class, failed -> assertThat(failed.reason())
                        .isEqualTo("BAR 0: EBUSY"));
    }

    @Test
    void nativeDriverReleasesBootfbSince60() throws MachineSnapshot.MalformedSnapshotException {
        for (String release : List.of("5.10.0-simplefb", "6.1.0-simplefb")) {
            SimulatedKernel simplefb = new SimulatedKernel(withBootfb(release));
            simplefb.addNativeDriver(GPU, "amdgpu");

            simplefb.write(KernelWrite.probeAny(GPU), LONG, waited -> {});

            assertThat(firmwareOverlaps(simplefb, GPU).contains("BOOTFB"))
                    .as(release)
                    .isEqualTo(release.startsWith("5"));
            assertThat(firmwareOverlaps(simplefb, GPU)).doesNotContain("simplefb");
        }
    }

    @Test
    void nativeDriverKeepsUnboundBootfbOnNonVgaBefore611() throws MachineSnapshot.MalformedSnapshotException {
        for (String release : List.of("6.1.0-simplefb", "6.12.0-simplefb")) {
            SimulatedKernel simplefb = new SimulatedKernel(withBootfb(release));
            unbindFramebuffer(simplefb);
            simplefb.addNativeDriver(GPU, "amdgpu");

            simplefb.write(KernelWrite.probeAny(GPU), LONG, waited -> {});

            assertThat(firmwareOverlaps(simplefb, GPU).contains("BOOTFB"))
                    .as(release)
                    .isEqualTo(release.startsWith("6.1."));
        }
    }

    @Test
    void barSizedRegionBlocksVfioOnlyWhenBusy() throws MachineSnapshot.MalformedSnapshotException {
        // __request_region descends into a region that is not busy and contains all of the BAR.
        for (String release : List.of("5.10.0-simplefb", "6.1.0-simplefb")) {
            MachineSnapshot barSizedBootfb = MachineSnapshot.parse(
                    withBootfb(release).toText().replace("c0000000-c03e7fff : BOOTFB", "c0000000-c0ffffff : BOOTFB"));
            SimulatedKernel simplefb = new SimulatedKernel(barSizedBootfb);
            unbindFramebuffer(simplefb);
            bindToVfio(simplefb);

            assertThat(simplefb.verifyVfio(List.of(GPU, AUDIO)) instanceof Kernel.VfioCheck.Passed)
                    .as(release)
                    .isEqualTo(release.startsWith("6"));
        }
    }

    @Test
    void framebufferBoundWhileVmRunsGetsNoRegion() {
        SimulatedKernel withoutFramebuffer = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380-vfio"));
        SimulatedKernel withFramebuffer = new SimulatedKernel(TestSnapshots.load("q35-6.1-0380-vfio-blocked"));
        withFramebuffer.write(
                KernelWrite.of(new Setting.FramebufferDriver("efi-framebuffer.0"), "efi-framebuffer", ""),
                LONG,
                waited -> {});
        withFramebuffer.addDeviceUser(new DeviceUser(99, "qemu-system-x86", "libvirt-qemu", "vfio/4"));

        assertThat(withFramebuffer.write(
                        KernelWrite.of(new Setting.FramebufferDriver("efi-framebuffer.0"), "", "efi-framebuffer"),
                        LONG,
                        waited -> {}))
                .isEqualTo(DONE);

        assertThat(firmwareOverlaps(withFramebuffer, GPU)).isEmpty();
        withFramebuffer.endProcess(99);
        assertThat(withFramebuffer.verifyVfio(List.of(GPU, AUDIO)))
                .isEqualTo(withoutFramebuffer.verifyVfio(List.of(GPU, AUDIO)));
    }

    @Test
    void oldKernelOopsesOnHostDriverInGroupOfRunningVm() {
        SimulatedKernel old = new SimulatedKernel(TestSnapshots.load("q35-5.10-0380-native"));
        old.write(new KernelWrite.LoadModule("vfio-pci"), LONG, waited -> {});
        unbind(old, "snd_hda_intel", AUDIO);
        unbind(old, "bochs-drm", GPU);
        old.write(KernelWrite.of(new Setting.DriverOverride(GPU), "", "vfio-pci"), LONG, waited -> {});
        old.write(KernelWrite.probeAny(GPU), LONG, waited -> {});
        old.addDeviceUser(new DeviceUser(99, "qemu-system-x86", "libvirt-qemu", "vfio/4"));

        assertThat(old.write(KernelWrite.of(new Setting.Driver(AUDIO), "", "snd_hda_intel"), LONG, waited -> {}))
                .isEqualTo(new Kernel.WriteResult.TimedOut());
        assertThat(old.hasOops()).isTrue();
    }

    @Test
    void openSoundStreamBlocksUnbind() {
        kernel.addDeviceUser(new DeviceUser(77, "pipewire", "ann", "snd/controlC0"));
        kernel.addDeviceUser(new DeviceUser(77, "pipewire", "ann", "snd/pcmC0D3p"));

        assertThat(unbind("snd_hda_intel", AUDIO)).isEqualTo(new Kernel.WriteResult.TimedOut());
        kernel.endProcess(77);

        assertThat(kernel.readSetting(new Setting.DriverOverride(AUDIO))).isEmpty();
        assertThat(SnapshotParser.parse(kernel.readSnapshot())
                        .device(AUDIO)
                        .orElseThrow()
                        .driver())
                .isEmpty();
    }

    @Test
    void vfioBindsNothingWithoutIommu() {
        SimulatedKernel off = new SimulatedKernel(TestSnapshots.load("iommu-off"));
        PciAddress gpu =
                SnapshotParser.parse(off.readSnapshot()).gpus().getFirst().address();
        String driver = off.readSetting(new Setting.Driver(gpu));
        off.write(new KernelWrite.LoadModule("vfio-pci"), LONG, waited -> {});
        off.write(KernelWrite.of(new Setting.DriverOverride(gpu), "", "vfio-pci"), LONG, waited -> {});
        unbind(off, driver, gpu);

        assertThat(off.write(KernelWrite.probeAny(gpu), LONG, waited -> {})).isEqualTo(DONE);
        assertThat(off.readSetting(new Setting.Driver(gpu))).isEmpty();
    }

    @Test
    void loadedDriverBindsMatchingDevices() {
        writeOverride("vfio-pci");
        unbind("bochs-drm", GPU);
        assertThat(kernel.readSetting(new Setting.Driver(GPU))).isEmpty();

        kernel.write(new KernelWrite.LoadModule("vfio-pci"), LONG, waited -> {});

        assertThat(kernel.readSetting(new Setting.Driver(GPU))).isEqualTo("vfio-pci");
    }

    private static MachineSnapshot withBootfb(String release) throws MachineSnapshot.MalformedSnapshotException {
        return MachineSnapshot.parse(TestSnapshots.withBootfb().toText().replace("6.1.0-56-amd64", release));
    }

    @Test
    void signatureEnforcementRejectsUnsignedModule() {
        for (String[] pathTextErrno : new String[][] {
            {"/sys/kernel/security/lockdown", "none [integrity] confidentiality", "EPERM"},
            {"/sys/module/module/parameters/sig_enforce", "Y", "EKEYREJECTED"}
        }) {
            MachineSnapshot strict = TestSnapshots.withBootfb()
                    .withChanges(
                            Map.of(pathTextErrno[0], Optional.of(new MachineSnapshot.TextEntry(pathTextErrno[1]))));
            KernelWrite load = new KernelWrite.LoadModule("switchback_bootfb");
            assertThat(new SimulatedKernel(strict).write(load, LONG, waited -> {}))
                    .isEqualTo(new Kernel.WriteResult.WriteFailed(pathTextErrno[2]));
            MachineSnapshot signed = strict.withChanges(Map.of(
                    "/lib/modules/6.1.0-56-amd64/switchback_bootfb",
                    Optional.of(new MachineSnapshot.TextEntry("signed"))));
            assertThat(new SimulatedKernel(signed).write(load, LONG, waited -> {}))
                    .isEqualTo(DONE);
        }
    }

    @Test
    void oldKernelOopsesOnUnbindOfTakenOverFramebuffer() throws MachineSnapshot.MalformedSnapshotException {
        SimulatedKernel old = new SimulatedKernel(withBootfb("5.10.0-simplefb"));
        old.addNativeDriver(GPU, "bochs-drm");
        old.write(KernelWrite.probeAny(GPU), LONG, waited -> {});
        assertThat(old.readSetting(new Setting.FramebufferDriver("simple-framebuffer.0")))
                .isEmpty();

        old.write(
                new KernelWrite.WriteSysfs(
                        "/sys/bus/platform/drivers/simple-framebuffer/unbind", "simple-framebuffer.0"),
                LONG,
                waited -> {});

        assertThat(old.hasOops()).isTrue();
    }

    @Test
    void moduleRejectsTakenOverFramebufferOnOldKernel() throws MachineSnapshot.MalformedSnapshotException {
        SimulatedKernel old = new SimulatedKernel(withBootfb("5.10.0-simplefb")
                .withChanges(Map.of(
                        "/lib/modules/5.10.0-simplefb/switchback_bootfb",
                        Optional.of(new MachineSnapshot.TextEntry("unsigned")))));
        old.write(new KernelWrite.LoadModule("switchback_bootfb"), LONG, waited -> {});
        old.addNativeDriver(GPU, "bochs-drm");
        old.write(KernelWrite.probeAny(GPU), LONG, waited -> {});
        unbind(old, "bochs-drm", GPU);

        assertThat(old.write(
                        new KernelWrite.WriteSysfs(
                                "/sys/module/switchback_bootfb/parameters/release", GPU + " c0000000-c03e7fff"),
                        LONG,
                        waited -> {}))
                .isEqualTo(new Kernel.WriteResult.WriteFailed("EBUSY"));
        assertThat(old.hasOops()).isFalse();
    }

    private static void bindToVfio(SimulatedKernel kernel) {
        kernel.write(new KernelWrite.LoadModule("vfio-pci"), LONG, waited -> {});
        unbind(kernel, "snd_hda_intel", AUDIO);
        for (PciAddress function : List.of(GPU, AUDIO)) {
            kernel.write(KernelWrite.of(new Setting.DriverOverride(function), "", "vfio-pci"), LONG, waited -> {});
            kernel.write(KernelWrite.probeAny(function), LONG, waited -> {});
        }
    }

    /** Names of the firmware regions inside the BARs. */
    private static List<String> firmwareOverlaps(SimulatedKernel kernel, PciAddress gpu) {
        return SnapshotParser.parse(kernel.readSnapshot()).gpu(gpu).orElseThrow().overlaps().stream()
                .filter(Overlap::isFromFirmware)
                .flatMap(overlap -> overlap.regions().stream())
                .map(region -> region.name())
                .toList();
    }

    /** All regions inside the BARs, whatever their owner. */
    private List<Overlap> barOverlaps(PciAddress gpu) {
        return SnapshotParser.parse(kernel.readSnapshot())
                .gpu(gpu)
                .orElseThrow()
                .overlaps();
    }

    private static Kernel.WriteResult unbindFramebuffer(SimulatedKernel kernel) {
        return kernel.write(
                KernelWrite.of(new Setting.FramebufferDriver("simple-framebuffer.0"), "simple-framebuffer", ""),
                LONG,
                waited -> {});
    }

    private Kernel.WriteResult writeOverride(String driver) {
        return kernel.write(KernelWrite.of(new Setting.DriverOverride(GPU), "", driver), LONG, waited -> {});
    }

    private Kernel.WriteResult unbind(String driver, PciAddress function) {
        return unbind(kernel, driver, function);
    }

    private Kernel.WriteResult bind(String driver, PciAddress function) {
        return kernel.write(KernelWrite.of(new Setting.Driver(function), "", driver), LONG, waited -> {});
    }

    private static Kernel.WriteResult unbind(SimulatedKernel kernel, String driver, PciAddress function) {
        return kernel.write(KernelWrite.of(new Setting.Driver(function), driver, ""), LONG, waited -> {});
    }
}
