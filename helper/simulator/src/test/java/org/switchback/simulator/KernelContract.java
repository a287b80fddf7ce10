package org.switchback.simulator;

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
import org.switchback.hardware.BootFramebuffer;
import org.switchback.hardware.BootfbModule;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.FirmwareRegionKind;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.KernelVersion;
import org.switchback.hardware.Machine;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;
import org.switchback.hardware.SnapshotParser;
import org.switchback.kernel.Kernel;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;

/**
 * Contract of the kernel port, tested with the simulated kernel in every build, with the real one in a virtual machine.
 * The machine has a GPU and, in its slot and group, an audio function bound to its native driver.
 *
 * <p>Each test restores the initial state, except for a framebuffer that vfio-pci has evicted. It is missing until
 * restart, so the tests that need it run first.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(300)
public abstract class KernelContract {
    private static final Kernel.WriteResult DONE = new Kernel.WriteResult.Done();
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final String VFIO = PciDevice.VFIO_PCI;

    private Kernel kernel;
    private Gpu before;
    private List<BootFramebuffer> framebuffersBefore;
    private PciAddress gpu;
    private PciAddress audio;
    private String audioDriver;
    private final List<AutoCloseable> programs = new ArrayList<>();

    /** The kernel in its initial state. */
    protected abstract Kernel kernel();

    /** The GPU that the tests use. */
    protected abstract PciAddress gpu();

    /** Starts a program that keeps a node open. Closing the result ends it. */
    protected abstract AutoCloseable openNode(String node) throws Exception;

    /** Starts a virtual machine, or a similar VFIO client, that uses the functions. Closing the result ends it. */
    protected abstract AutoCloseable startVirtualMachine(List<PciAddress> functions) throws Exception;

    @BeforeEach
    void readInitialState() {
        kernel = kernel();
        gpu = gpu();
        write(new KernelWrite.LoadModule(VFIO));
        before = readMachine().gpu(gpu).orElseThrow();
        framebuffersBefore = readMachine().bootFramebuffers();
        PciDevice companion = before.companions().getFirst();
        audio = companion.address();
        audioDriver = companion.driver().orElseThrow();
    }

    @AfterEach
    void restoreInitialState() throws Exception {
        for (AutoCloseable program : programs) {
            program.close();
        }
        for (PciDevice function : before.functions()) {
            changeSetting(
                    new Setting.DriverOverride(function.address()),
                    function.driverOverride().orElse(""));
            String driver = function.driver().orElse("");
            if (!readDriver(function.address()).equals(driver)) {
                changeSetting(new Setting.Driver(function.address()), "");
            }
        }
        for (BootFramebuffer framebuffer : framebuffersBefore) {
            String device = framebuffer.platformDevice();
            if (!framebuffer.isTakenOver()
                    && readMachine().bootFramebuffers().stream()
                            .anyMatch(current -> current.platformDevice().equals(device))) {
                changeSetting(
                        new Setting.FramebufferDriver(device),
                        framebuffer.driver().orElse(""));
            }
        }
        for (PciDevice function : before.functions()) {
            changeSetting(
                    new Setting.Driver(function.address()), function.driver().orElse(""));
            changeSetting(
                    new Setting.PowerControl(function.address()),
                    function.power().control());
        }
    }

    @Test
    @Order(1)
    void framebufferRegionFollowsItsDriver() {
        BootFramebuffer framebuffer = assumeFramebufferInBar();
        Setting setting = new Setting.FramebufferDriver(framebuffer.platformDevice());
        List<Region> regionsBefore = firmwareRegionsInBars();

        changeSetting(setting, "");
        assertThat(kernel.readSetting(setting)).isEmpty();
        assertThat(firmwareRegionsInBars()).isEmpty();
        assertThat(write(KernelWrite.of(setting, framebuffer.driver().orElseThrow(), "")))
                .isEqualTo(new Kernel.WriteResult.WriteFailed("ENODEV"));

        changeSetting(setting, framebuffer.driver().orElseThrow());
        assertThat(kernel.readSetting(setting)).isEqualTo(framebuffer.driver().orElseThrow());
        assertThat(firmwareRegionsInBars()).isEqualTo(regionsBefore);
        assertThat(write(KernelWrite.of(setting, "", framebuffer.driver().orElseThrow())))
                .isEqualTo(alreadyBoundResult());
    }

    @Test
    @Order(2)
    void barReservationFailsUntilFramebufferIsRemoved() {
        BootFramebuffer framebuffer = assumeFramebufferInBar();
        assumeThat(vfioEvictsFramebuffer()).isFalse();
        bindToVfio(List.of(gpu, audio));

        assertReservationFails();

        changeSetting(new Setting.FramebufferDriver(framebuffer.platformDevice()), "");
        assertThat(kernel.verifyVfio(List.of(gpu, audio))).isEqualTo(passedWithAllBars());
    }

    @Test
    @Order(3)
    void framebufferRebindBlocksVfioAgain() {
        BootFramebuffer framebuffer = assumeFramebufferInBar();
        assumeThat(vfioEvictsFramebuffer()).isFalse();
        Setting setting = new Setting.FramebufferDriver(framebuffer.platformDevice());
        changeSetting(setting, "");
        bindToVfio(List.of(gpu, audio));

        changeSetting(setting, framebuffer.driver().orElseThrow());

        assertReservationFails();
    }

    @Test
    @Order(4)
    void vfioEvictsVgaFramebufferUntilRestart() {
        assumeFramebufferInBar();
        assumeThat(vfioEvictsFramebuffer()).isTrue();
        bindToVfio(List.of(gpu, audio));

        assertThat(kernel.verifyVfio(List.of(gpu, audio))).isEqualTo(passedWithAllBars());
        assertThat(readMachine().bootFramebuffers()).isEmpty();

        changeSetting(new Setting.DriverOverride(gpu), "");
        changeSetting(new Setting.Driver(gpu), "");
        assertThat(firmwareRegionsInBars()).isEmpty();
        assertThat(readMachine().bootFramebuffers()).isEmpty();
    }

    @Test
    @Order(5)
    void moduleReleasesBootfb() {
        Region bootfb = firmwareRegionsInBars().stream()
                .filter(KernelContract::isBootfb)
                .findFirst()
                .orElse(null);
        assumeThat(bootfb).isNotNull();
        assumeThat(write(new KernelWrite.LoadModule(BootfbModule.NAME))).isEqualTo(DONE);
        Setting region = new Setting.FramebufferRegion(gpu, bootfb.range());
        changeSetting(new Setting.Driver(gpu), "");
        long last = bootfb.range().last();

        assertThat(kernel.readSetting(region)).isEqualTo("BOOTFB");
        assertThat(writeRelease("nonsense")).isEqualTo("EINVAL");
        assertThat(writeRelease("0000:7f:1f.7 " + bootfb.range())).isEqualTo("ENODEV");
        assertThat(writeRelease(audio + " " + bootfb.range())).isEqualTo("EOPNOTSUPP");
        assertThat(writeRelease(gpu + " 00000000-00000fff")).isEqualTo("ERANGE");
        assertThat(writeRelease(gpu + " " + new AddressRange(bootfb.range().first(), last - 1)))
                .isEqualTo("ESTALE");
        assertThat(firmwareRegionsInBars()).as("unchanged").contains(bootfb);

        assertThat(write(KernelWrite.of(region, "BOOTFB", ""))).isEqualTo(DONE);

        assertThat(kernel.readSetting(region)).isEmpty();
        assertThat(firmwareRegionsInBars()).isEmpty();
        assertThat(readMachine().bootFramebuffers()).isEmpty();
        assertThat(writeRelease(gpu + " " + bootfb.range())).isEqualTo("ENOENT");
        assertThat(write(new KernelWrite.UnloadModule(BootfbModule.NAME))).isEqualTo(DONE);
        assertThat(kernel.readSetting(new Setting.KernelModule(BootfbModule.NAME)))
                .isEmpty();
        bindToVfio(List.of(gpu, audio));
        assertThat(kernel.verifyVfio(List.of(gpu, audio))).isEqualTo(passedWithAllBars());
        assertThat(kernel.hasOops()).isFalse();
    }

    /** The errno of a text written to the parameter of the module. */
    private String writeRelease(String text) {
        Kernel.WriteResult result =
                write(new KernelWrite.WriteSysfs("/sys/module/" + BootfbModule.NAME + "/parameters/release", text));
        return result instanceof Kernel.WriteResult.WriteFailed(String errno) ? errno : result.toString();
    }

    private static boolean isBootfb(Region region) {
        return region.name().equals("BOOTFB");
    }

    @Test
    void overrideIsReadBack() {
        Setting setting = new Setting.DriverOverride(audio);

        changeSetting(setting, VFIO);
        assertThat(kernel.readSetting(setting)).isEqualTo(VFIO);
        assertThat(readDevice(audio).driverOverride()).hasValue(VFIO);

        changeSetting(setting, "");
        assertThat(kernel.readSetting(setting)).isEmpty();
        assertThat(readDevice(audio).driverOverride()).isEmpty();
    }

    @Test
    void overrideDoesNotRebind() {
        changeSetting(new Setting.DriverOverride(audio), VFIO);

        assertThat(readDriver(audio)).isEqualTo(audioDriver);
    }

    @Test
    void unknownOverrideMatchesNoDriver() {
        changeSetting(new Setting.Driver(audio), "");
        changeSetting(new Setting.DriverOverride(audio), "switchback-nonsense");

        assertThat(write(KernelWrite.probeAny(audio))).isEqualTo(DONE);
        assertThat(readDriver(audio)).isEmpty();
        assertThat(bind(audioDriver, audio)).isEqualTo(new Kernel.WriteResult.WriteFailed("ENODEV"));
    }

    @Test
    void unboundFunctionCanBeBoundByDriverName() {
        changeSetting(new Setting.Driver(audio), "");
        assertThat(readDriver(audio)).isEmpty();
        assertThat(readDevice(audio).driver()).isEmpty();

        assertThat(bind(audioDriver, audio)).isEqualTo(DONE);
        assertThat(readDriver(audio)).isEqualTo(audioDriver);
        assertThat(readDevice(audio).driver()).hasValue(audioDriver);
    }

    @Test
    void probeBindsTheNativeDriver() {
        changeSetting(new Setting.Driver(audio), "");

        assertThat(write(KernelWrite.probeAny(audio))).isEqualTo(DONE);

        assertThat(readDriver(audio)).isEqualTo(audioDriver);
    }

    @Test
    void unboundFunctionCannotBeUnbound() {
        changeSetting(new Setting.Driver(audio), "");

        assertThat(unbind(audioDriver, audio)).isEqualTo(new Kernel.WriteResult.WriteFailed("ENODEV"));
    }

    @Test
    void boundFunctionCannotBeBoundAgain() {
        assertThat(bind(audioDriver, audio)).isEqualTo(alreadyBoundResult());
        assertThat(write(KernelWrite.probeAny(audio))).isEqualTo(DONE);
        assertThat(readDriver(audio)).isEqualTo(audioDriver);
    }

    @Test
    void unbindFromAnotherDriverFails() {
        assertThat(unbind(VFIO, audio)).isEqualTo(new Kernel.WriteResult.WriteFailed("ENODEV"));
        assertThat(readDriver(audio)).isEqualTo(audioDriver);
    }

    @Test
    void vfioRequiresOverride() {
        changeSetting(new Setting.Driver(audio), "");

        assertThat(bind(VFIO, audio)).isEqualTo(new Kernel.WriteResult.WriteFailed("ENODEV"));
    }

    @Test
    void missingFunctionFailsWithEnodev() {
        PciAddress missing = new PciAddress(0, 0xfe, 0x1f, 7);

        assertThat(unbind(audioDriver, missing)).isEqualTo(new Kernel.WriteResult.WriteFailed("ENODEV"));
        assertThat(bind(audioDriver, missing)).isEqualTo(new Kernel.WriteResult.WriteFailed("ENODEV"));
        assertThat(write(KernelWrite.probeAny(missing))).isEqualTo(new Kernel.WriteResult.WriteFailed("ENODEV"));
        assertThat(write(KernelWrite.of(new Setting.DriverOverride(missing), "", VFIO)))
                .isEqualTo(new Kernel.WriteResult.WriteFailed("ENOENT"));
        assertThat(kernel.readSetting(new Setting.Driver(missing))).isEmpty();
        assertThat(kernel.readSetting(new Setting.DriverOverride(missing))).isEmpty();
        assertThat(kernel.readSetting(new Setting.PowerControl(missing))).isEmpty();
    }

    @Test
    void missingDriverFailsWithEnoent() {
        assertThat(unbind("switchback-nonsense", audio)).isEqualTo(new Kernel.WriteResult.WriteFailed("ENOENT"));
    }

    @Test
    void powerControlAcceptsOnAndAuto() {
        Setting setting = new Setting.PowerControl(audio);

        changeSetting(setting, "auto");
        assertThat(kernel.readSetting(setting)).isEqualTo("auto");
        changeSetting(setting, "on");
        assertThat(readDevice(audio).power().control()).isEqualTo("on");
        assertThat(write(KernelWrite.of(setting, "on", "off"))).isEqualTo(new Kernel.WriteResult.WriteFailed("EINVAL"));
        assertThat(kernel.readSetting(setting)).isEqualTo("on");
    }

    @Test
    void vfioChangesPowerControl() {
        changeSetting(new Setting.PowerControl(audio), "on");
        bindToVfio(List.of(audio));
        String onVfio = kernel.readSetting(new Setting.PowerControl(audio));
        changeSetting(new Setting.Driver(audio), "");

        assertThat(onVfio).isEqualTo(kernelVersion().isAtLeast(5, 19) ? "auto" : "on");
        assertThat(kernel.readSetting(new Setting.PowerControl(audio))).isEqualTo("on");
    }

    @Test
    void moduleCanBeLoadedTwice() {
        assertThat(write(new KernelWrite.LoadModule(VFIO))).isEqualTo(DONE);
        assertThat(kernel.readSetting(new Setting.KernelModule(VFIO))).isEqualTo(Setting.KernelModule.LOADED);
        assertThat(readMachine().vfioDriverState()).isEqualTo(Machine.VfioDriverState.LOADED);
    }

    @Test
    void missingModuleFailsWithEnoent() {
        assertThat(write(new KernelWrite.LoadModule("switchback-nonsense")))
                .isEqualTo(new Kernel.WriteResult.WriteFailed("ENOENT"));
        assertThat(kernel.readSetting(new Setting.KernelModule("switchback-nonsense")))
                .isEmpty();
    }

    @Test
    void bootIdIsStableAndThereIsNoOops() {
        assertThat(kernel.bootId()).isNotEmpty().isEqualTo(kernel.bootId());
        assertThat(kernel.hasOops()).isFalse();
    }

    @Test
    void vfioCheckFailsWithoutVfioDriver() {
        assertThat(kernel.verifyVfio(List.of(audio))).isEqualTo(new Kernel.VfioCheck.Failed(audio, "not on vfio-pci"));
    }

    @Test
    void groupWithHostDriverIsNotViable() {
        bindToVfio(List.of(gpu));

        assertThat(kernel.verifyVfio(List.of(gpu))).isEqualTo(new Kernel.VfioCheck.Failed(gpu, "group not viable"));
    }

    @Test
    void groupWithUnboundMemberIsViable() {
        bindToVfio(List.of(audio));
        changeSetting(new Setting.Driver(gpu), "");

        assertThat(kernel.verifyVfio(List.of(audio))).isInstanceOf(Kernel.VfioCheck.Passed.class);
    }

    @Test
    void vfioCheckIsRepeatable() {
        bindToVfio(List.of(audio));
        changeSetting(new Setting.Driver(gpu), "");
        kernel.verifyVfio(List.of(audio));

        assertThat(kernel.verifyVfio(List.of(audio))).isInstanceOf(Kernel.VfioCheck.Passed.class);
        assertThat(unbind(VFIO, audio)).isEqualTo(DONE);
    }

    @Test
    void vfioCheckFailsWhileVmRuns() throws Exception {
        bindToVfio(List.of(audio));
        changeSetting(new Setting.Driver(gpu), "");
        closeAfterTest(startVirtualMachine(List.of(audio)));

        assertThat(kernel.verifyVfio(List.of(audio))).isEqualTo(new Kernel.VfioCheck.Failed(audio, "group: EBUSY"));
        assertThat(kernel.readDeviceUsers(List.of(audio)))
                .extracting(DeviceUser::deviceNode)
                .containsExactly("vfio/" + readDevice(audio).iommuGroup().orElseThrow());
    }

    @Test
    void hostDriverCannotBindInGroupOfRunningVm() throws Exception {
        // Before 5.19 this is a BUG_ON.
        assumeThat(kernelVersion().isAtLeast(5, 19)).isTrue();
        bindToVfio(List.of(gpu));
        changeSetting(new Setting.Driver(audio), "");
        changeSetting(new Setting.Driver(gpu), VFIO);
        closeAfterTest(startVirtualMachine(List.of(gpu)));

        assertThat(bind(audioDriver, audio)).isEqualTo(new Kernel.WriteResult.WriteFailed("EBUSY"));
        assertThat(readDriver(audio)).isEmpty();
    }

    @Test
    void blockedWriteTimesOutAndOthersSucceed() throws Exception {
        bindToVfio(List.of(audio));
        changeSetting(new Setting.Driver(gpu), "");
        AutoCloseable virtualMachine = startVirtualMachine(List.of(audio));
        closeAfterTest(virtualMachine);
        List<Duration> reported = new ArrayList<>();

        Kernel.WriteResult result = kernel.write(
                KernelWrite.of(new Setting.Driver(audio), VFIO, ""), Duration.ofMillis(2500), reported::add);

        assertThat(result).isEqualTo(new Kernel.WriteResult.TimedOut());
        assertThat(reported).containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(2));
        // The missing link does not prove that the driver is unbound: the unbind still waits.
        assertThat(readDriver(audio)).isEmpty();
        // Where the override is protected by the lock of the device it is unreadable; reading it never blocks.
        assertThat(kernel.readSetting(new Setting.DriverOverride(audio))).isIn(Kernel.UNKNOWN_VALUE, VFIO);
        assertThat(kernel.readSnapshot().entries().get(SnapshotParser.PCI_DEVICES + audio + "/driver_override"))
                .isIn(new MachineSnapshot.UnreadableEntry("no answer"), new MachineSnapshot.TextEntry(VFIO));
        assertThat(write(KernelWrite.of(new Setting.DriverOverride(gpu), "", VFIO)))
                .isEqualTo(DONE);

        virtualMachine.close();
        // A second unbind has nothing to do. If the first has not finished yet, the second waits for it and succeeds
        // (unbind_store, drivers/base/bus.c, compares the driver before it takes the lock of the device).
        assertThat(unbind(VFIO, audio)).isIn(DONE, new Kernel.WriteResult.WriteFailed("ENODEV"));
        assertThat(kernel.readSetting(new Setting.DriverOverride(audio))).isEqualTo(VFIO);
    }

    @Test
    void gpuUsersAreListed() throws Exception {
        Gpu used = readMachine().gpus().stream()
                .filter(candidate ->
                        candidate.graphics().deviceNodes().stream().anyMatch(node -> node.startsWith("dri/card")))
                .findFirst()
                .orElse(null);
        assumeThat(used).isNotNull();
        String node = used.graphics().deviceNodes().stream()
                .filter(name -> name.startsWith("dri/card"))
                .findFirst()
                .orElseThrow();
        assertThat(kernel.readDeviceUsers(List.of(used.address()))).isEmpty();

        closeAfterTest(openNode(node));

        assertThat(kernel.readDeviceUsers(List.of(used.address()))).isNotEmpty().allSatisfy(user -> {
            assertThat(user.deviceNode()).isEqualTo(node);
            assertThat(user.program()).isNotEmpty();
            assertThat(user.pid()).isPositive();
            assertThat(user.owner()).isNotEmpty();
        });
        assertThat(readMachine().deviceUsersOf(readDevice(used.address())))
                .isEqualTo(kernel.readDeviceUsers(List.of(used.address())));
        assertThat(kernel.readDeviceUsers(List.of(audio))).isEmpty();
    }

    @Test
    void unbindSucceedsWhileGpuIsInUse() throws Exception {
        Optional<String> node = before.graphics().deviceNodes().stream()
                .filter(name -> name.startsWith("dri/card"))
                .findFirst();
        assumeThat(node).isPresent();
        closeAfterTest(openNode(node.orElseThrow()));

        changeSetting(new Setting.Driver(gpu), "");

        assertThat(readDriver(gpu)).isEmpty();
    }

    @Test
    void switchSnapshotChangesWithEverySetting() {
        List<PciAddress> functions = List.of(gpu, audio);
        List<MachineSnapshot> snapshots = new ArrayList<>(List.of(kernel.readSwitchSnapshot(functions)));
        assertThat(kernel.readSwitchSnapshot(functions)).isEqualTo(snapshots.getFirst());

        changeSetting(new Setting.DriverOverride(audio), VFIO);
        snapshots.add(kernel.readSwitchSnapshot(functions));
        changeSetting(new Setting.Driver(audio), "");
        snapshots.add(kernel.readSwitchSnapshot(functions));
        changeSetting(new Setting.Driver(audio), VFIO);
        snapshots.add(kernel.readSwitchSnapshot(functions));

        assertThat(snapshots).doesNotHaveDuplicates();
    }

    private Machine readMachine() {
        return SnapshotParser.parse(kernel.readSnapshot());
    }

    private PciDevice readDevice(PciAddress function) {
        return readMachine().device(function).orElseThrow();
    }

    private KernelVersion kernelVersion() {
        return readMachine().kernelVersion();
    }

    private String readDriver(PciAddress function) {
        return kernel.readSetting(new Setting.Driver(function));
    }

    private boolean vfioEvictsFramebuffer() {
        return before.graphics().pciClass().isVga() && kernelVersion().vfioEvictsVgaFramebuffer();
    }

    private Kernel.WriteResult alreadyBoundResult() {
        return new Kernel.WriteResult.WriteFailed(kernelVersion().isAtLeast(5, 14) ? "EBUSY" : "ENODEV");
    }

    /** The result for both functions with all their BARs. */
    private Kernel.VfioCheck passedWithAllBars() {
        return new Kernel.VfioCheck.Passed((int) before.functions().stream()
                .flatMap(function -> function.bars().stream())
                .filter(bar -> bar.index() < 6)
                .count());
    }

    /** Reserving BAR 0 fails, and the kernel log names it with its range. */
    private void assertReservationFails() {
        Bar bar = readDevice(gpu).bars().getFirst();
        assertThat(kernel.verifyVfio(List.of(gpu, audio)))
                .isEqualTo(new Kernel.VfioCheck.Failed(
                        gpu, "BAR 0: EBUSY", List.of(new Kernel.ReservationFailure(gpu, "BAR 0", bar.range()))));
    }

    private BootFramebuffer assumeFramebufferInBar() {
        Optional<BootFramebuffer> bound = framebuffersBefore.stream()
                .filter(framebuffer -> framebuffer.driver().isPresent()
                        && !firmwareRegionsInBars().isEmpty())
                // BOOTFB stays without a driver.
                .filter(framebuffer -> firmwareRegionsInBars().stream().noneMatch(KernelContract::isBootfb))
                .findFirst();
        assumeThat(bound).isPresent();
        return bound.orElseThrow();
    }

    /** Regions of the firmware in the BARs of the GPU. */
    private List<Region> firmwareRegionsInBars() {
        return readMachine().gpu(gpu).orElseThrow().overlaps().stream()
                .map(overlap -> overlap.outermostRegion())
                .filter(region ->
                        FirmwareRegionKind.fromRegionName(region.name()).isPresent())
                .toList();
    }

    private void bindToVfio(List<PciAddress> functions) {
        for (PciAddress function : functions) {
            changeSetting(new Setting.DriverOverride(function), VFIO);
            changeSetting(new Setting.Driver(function), "");
        }
        for (PciAddress function : functions) {
            changeSetting(new Setting.Driver(function), VFIO);
        }
    }

    /** Changes a setting unless it has the value already, and verifies the change. */
    private void changeSetting(Setting setting, String value) {
        String current = kernel.readSetting(setting);
        if (!current.equals(value)) {
            assertThat(write(KernelWrite.of(setting, current, value)))
                    .as("%s to '%s'", setting, value)
                    .isEqualTo(DONE);
            assertThat(kernel.readSetting(setting)).as("%s", setting).isEqualTo(value);
        }
    }

    private Kernel.WriteResult bind(String driver, PciAddress function) {
        return write(new KernelWrite.WriteSysfs("/sys/bus/pci/drivers/" + driver + "/bind", function.toString()));
    }

    private Kernel.WriteResult unbind(String driver, PciAddress function) {
        return write(new KernelWrite.WriteSysfs("/sys/bus/pci/drivers/" + driver + "/unbind", function.toString()));
    }

    private Kernel.WriteResult write(KernelWrite write) {
        return kernel.write(write, LONG, waited -> {});
    }

    private void closeAfterTest(AutoCloseable program) {
        programs.add(program);
    }
}
