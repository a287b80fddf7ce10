package org.switchback.hardware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CaptureTest {
    static java.util.List<String> realKernels() {
        return Captures.ofRealKernels();
    }

    @ParameterizedTest
    @MethodSource("realKernels")
    void writingAndReadingAgainLosesNothing(String name) throws Capture.MalformedCapture {
        Capture capture = Captures.named(name);
        assertThat(Capture.parse(capture.toText())).isEqualTo(capture);
    }

    @Test
    void aDriverWithABlankInItsNameKeepsNoMachineFromBeingRead() throws Exception {
        Capture capture = new Capture(new TreeMap<>(Map.of(
                "/sys/bus/pci/drivers/MTD PCI", new Capture.Directory(),
                "/sys/bus/pci/drivers/budget dvb/note", new Capture.Text("two\nlines"),
                "/sys/bus/pci/devices/0000:04:00.0/driver", new Capture.Link("../bus/pci/drivers/MTD PCI"))));
        Capture read = Capture.parse(capture.toText());
        assertThat(read).isEqualTo(capture);
        assertThat(read.names("/sys/bus/pci/drivers")).containsExactly("MTD PCI", "budget dvb");
        assertThat(read.linkName("/sys/bus/pci/devices/0000:04:00.0/driver")).contains("MTD PCI");
    }

    @Test
    void everyFormOfLineIsRead() throws Capture.MalformedCapture {
        Capture capture = Capture.parse(
                """
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
        assertThat(capture.text("/empty")).contains("");
        assertThat(capture.text("/one")).contains("a line : with = signs -> in it");
        assertThat(capture.text("/several")).contains("first\n  second, indented");
        assertThat(capture.linkName("/link")).contains("nvidia");
        assertThat(capture.entries().get("/bytes")).isEqualTo(new Capture.Bytes("de10801b"));
        assertThat(capture.has("/folder")).isTrue();
        assertThat(capture.text("/secret")).isEmpty();
    }

    @Test
    void aWrongLineIsNamed() {
        assertThatThrownBy(() -> Capture.parse("switchback-capture 1\n/fine = yes\nnonsense\n"))
                .isInstanceOfSatisfying(
                        Capture.MalformedCapture.class,
                        malformed -> assertThat(malformed.line()).isEqualTo(3));
        assertThatThrownBy(() -> Capture.parse("switchback-capture 2\n")).isInstanceOf(Capture.MalformedCapture.class);
    }

    @Test
    void namesOfAFolderAreThoseOfItsDirectEntries() throws Capture.MalformedCapture {
        Capture capture = Capture.parse("switchback-capture 1\n/a/b/c = 1\n/a/b/d = 2\n/a/e = 3\n/ab/f = 4\n");
        assertThat(capture.names("/a")).containsExactly("b", "e");
        assertThat(capture.names("/a/b/")).containsExactly("c", "d");
        assertThat(capture.names("/nothing")).isEmpty();
    }
}
