package org.switchback.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.switchback.protocol.DBusNames;

/** Tests the systemd units of the helper, of the module loaders and of the switch at boot. */
class UnitFilesTest {
    private static final Path UNITS = Path.of("../../packaging/systemd");
    private static final String HELPER = "switchback-helper.service";
    private static final String BOOT = "switchback-boot@.service";

    private static List<String> lines(String unit) throws IOException {
        return Files.readAllLines(UNITS.resolve(unit));
    }

    /** Returns all values of a setting, which may be given on several lines. */
    private static List<String> values(String unit, String setting) throws IOException {
        return lines(unit).stream()
                .filter(line -> line.startsWith(setting + "="))
                .flatMap(line ->
                        Arrays.stream(line.substring(setting.length() + 1).split(" ", -1)))
                .toList();
    }

    @Test
    void busActivatesTheHelperThroughSystemd() throws Exception {
        List<String> service = Files.readAllLines(Path.of("../../packaging/dbus/org.switchback.Helper1.service"));

        assertThat(service).contains("SystemdService=" + HELPER);
        assertThat(values(HELPER, "Type")).containsExactly("dbus");
        assertThat(values(HELPER, "BusName")).containsExactly(DBusNames.BUS_NAME);
        assertThat(service).contains("Exec=" + values(HELPER, "ExecStart").getFirst());
    }

    @Test
    void helperHasOnlyTheCapabilitiesItNeeds() throws Exception {
        assertThat(values(HELPER, "CapabilityBoundingSet"))
                .containsExactlyInAnyOrder("CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_SYSLOG");
    }

    @Test
    void helperCanWriteOnlyToTheNeededSysfsPaths() throws Exception {
        assertThat(lines(HELPER)).contains("ProtectSystem=strict");
        assertThat(values(HELPER, "ReadOnlyPaths")).contains("/sys", "/proc/sys");
        assertThat(values(HELPER, "ReadWritePaths"))
                .containsExactlyInAnyOrder("/sys/bus", "/sys/devices", "/sys/module");
    }

    @Test
    void helperHasNoNetwork() throws Exception {
        assertThat(lines(HELPER)).contains("PrivateNetwork=yes");
        assertThat(values(HELPER, "RestrictAddressFamilies")).containsExactlyInAnyOrder("AF_UNIX", "AF_NETLINK");
    }

    @Test
    void journalIsKeptAfterTheHelperExits() throws Exception {
        assertThat(lines(HELPER))
                .contains("RuntimeDirectory=switchback", "RuntimeDirectoryMode=0700", "RuntimeDirectoryPreserve=yes");
    }

    @Test
    void stopTimeoutExceedsWriteTimeoutAndChildrenAreKept() throws Exception {
        assertThat(lines(HELPER)).contains("KillMode=process", "SuccessExitStatus=143");
        assertThat(lines(HELPER)).as("no caller can use up its starts").contains("StartLimitIntervalSec=0");
        assertThat(Integer.parseInt(values(HELPER, "TimeoutStopSec").getFirst()))
                .isGreaterThan(200);
    }

    @Test
    void moduleUnitsHaveOnlyTheModuleCapability() throws Exception {
        for (String unit : moduleUnits()) {
            assertThat(values(unit, "CapabilityBoundingSet")).as(unit).containsExactly("CAP_SYS_MODULE");
            assertThat(values(unit, "SystemCallFilter")).as(unit).contains("@module");
        }
        assertThat(values(HELPER, "SystemCallFilter")).doesNotContain("@module");
        assertThat(moduleUnits()).hasSize(3);
    }

    @Test
    void bootUnitRunsBeforeDisplayManagerUnlessDisabledOnKernelCommandLine() throws Exception {
        assertThat(values(BOOT, "Before")).containsExactly("display-manager.service");
        assertThat(values(BOOT, "ConditionKernelCommandLine")).containsExactly("!switchback.host");
        assertThat(lines(BOOT)).contains("ExecStart=/usr/lib/switchback/bin/switchback switch vm %i --yes --wait");
    }

    @Test
    void bootUnitHasAStartLimit() throws Exception {
        assertThat(lines(BOOT)).contains("StartLimitIntervalSec=10min", "StartLimitBurst=3");
    }

    @Test
    void bootUnitWaitsForHostDrivers() throws Exception {
        assertThat(lines(BOOT)).contains("ExecStartPre=-/usr/bin/udevadm settle --timeout=20");
    }

    @Test
    void bootUnitIsUnprivileged() throws Exception {
        assertThat(values(BOOT, "CapabilityBoundingSet")).containsExactly("");
        assertThat(lines(BOOT)).contains("PrivateDevices=yes", "ProtectKernelTunables=yes");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "NoNewPrivileges=yes",
                "ProtectHome=yes",
                "PrivateTmp=yes",
                "RestrictNamespaces=yes",
                "RestrictSUIDSGID=yes",
                "LockPersonality=yes",
                "SystemCallArchitectures=native"
            })
    void everyUnitIsSandboxed(String setting) throws Exception {
        for (String unit :
                Stream.concat(Stream.of(HELPER, BOOT), moduleUnits().stream()).toList()) {
            assertThat(lines(unit)).as(unit).contains(setting);
        }
    }

    private static List<String> moduleUnits() throws IOException {
        try (Stream<Path> units = Files.list(UNITS)) {
            return units.map(unit -> unit.getFileName().toString())
                    .filter(name -> !name.equals(HELPER) && !name.equals(BOOT))
                    .toList();
        }
    }
}
