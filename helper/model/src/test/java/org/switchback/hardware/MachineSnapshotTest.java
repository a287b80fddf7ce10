package org.switchback.hardware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MachineSnapshotTest {
    static List<String> realKernelNames() {
        return TestSnapshots.realKernelNames();
    }

    @ParameterizedTest
    @MethodSource("realKernelNames")
    void formattingAndParsingRoundTrips(String name) throws MachineSnapshot.MalformedSnapshotException {
        MachineSnapshot snapshot = TestSnapshots.load(name);
        assertThat(MachineSnapshot.parse(snapshot.toText())).isEqualTo(snapshot);
    }

    @Test
    void driverNamesWithSpacesSurviveARoundTrip() throws Exception {
        MachineSnapshot snapshot = new MachineSnapshot(new TreeMap<>(Map.of(
                "/sys/bus/pci/drivers/MTD PCI", new MachineSnapshot.DirectoryEntry(),
                "/sys/bus/pci/drivers/budget dvb/note", new MachineSnapshot.TextEntry("two\nlines"),
                "/sys/bus/pci/devices/0000:04:00.0/driver",
                        new MachineSnapshot.LinkEntry("../bus/pci/drivers/MTD PCI"))));
        MachineSnapshot parsed = MachineSnapshot.parse(snapshot.toText());
        assertThat(parsed).isEqualTo(snapshot);
        assertThat(parsed.childNames("/sys/bus/pci/drivers")).containsExactly("MTD PCI", "budget dvb");
        assertThat(parsed.linkTargetName("/sys/bus/pci/devices/0000:04:00.0/driver"))
                .contains("MTD PCI");
    }

    @Test
    void allLineFormsAreParsed() throws MachineSnapshot.MalformedSnapshotException {
        MachineSnapshot snapshot = MachineSnapshot.parse("""
                switchback-capture 1
                /empty =
                /one = a line : with = signs -> in it
                /several :
                | first
                |   second, indented
                /link -> ../../bus/pci/drivers/nvidia
                /folder /
                /bytes # DE10801b
                /secret ! Permission denied
                """);
        assertThat(snapshot.text("/empty")).contains("");
        assertThat(snapshot.text("/one")).contains("a line : with = signs -> in it");
        assertThat(snapshot.text("/several")).contains("first\n  second, indented");
        assertThat(snapshot.linkTargetName("/link")).contains("nvidia");
        assertThat(snapshot.entries().get("/bytes")).isEqualTo(new MachineSnapshot.BinaryEntry("de10801b"));
        assertThat(snapshot.hasPath("/folder")).isTrue();
        assertThat(snapshot.text("/secret")).isEmpty();
    }

    @Test
    void malformedLineNumberIsReported() {
        assertThatThrownBy(() -> MachineSnapshot.parse("switchback-capture 1\n/fine = yes\nnonsense\n"))
                .isInstanceOfSatisfying(
                        MachineSnapshot.MalformedSnapshotException.class,
                        e -> assertThat(e.lineNumber()).isEqualTo(3));
        assertThatThrownBy(() -> MachineSnapshot.parse("switchback-capture 2\n"))
                .isInstanceOf(MachineSnapshot.MalformedSnapshotException.class);
    }

    @Test
    void childNamesAreDirectEntriesOnly() throws MachineSnapshot.MalformedSnapshotException {
        MachineSnapshot snapshot =
                MachineSnapshot.parse("switchback-capture 1\n/a/b/c = 1\n/a/b/d = 2\n/a/e = 3\n/ab/f = 4\n");
        assertThat(snapshot.childNames("/a")).containsExactly("b", "e");
        assertThat(snapshot.childNames("/a/b/")).containsExactly("c", "d");
        assertThat(snapshot.childNames("/nothing")).isEmpty();
    }
}
