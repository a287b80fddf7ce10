package org.switchback.hardware;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PciAddressTest {
    @Test
    void shortFormMeansDomainZero() {
        assertThat(PciAddress.of("04:00.1")).isEqualTo(PciAddress.of("0000:04:00.1"));
        assertThat(PciAddress.of("04:00.1").toString()).isEqualTo("0000:04:00.1");
        assertThat(PciAddress.of("0000:04:00.1").toShortString()).isEqualTo("04:00.1");
    }

    @Test
    void nonZeroDomainStaysInShortForm() {
        assertThat(PciAddress.of("10000:e1:1f.7").toShortString()).isEqualTo("10000:e1:1f.7");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0000:00:00.0", "ffff:ff:1f.7", "00ab:0c:0d.1", "10000:e1:1f.7", "7fffffff:80:10.0"})
    void parsingAndFormattingRoundTrips(String text) {
        assertThat(PciAddress.of(text).toString()).isEqualTo(text);
    }

    @Test
    void addressesAreOrderedByDomainBusDeviceFunction() {
        List<PciAddress> inOrder = Stream.of(
                        "0000:00:00.7",
                        "0000:00:01.0",
                        "0000:00:1f.7",
                        "0000:01:00.0",
                        "0000:ff:00.0",
                        "0001:00:00.0",
                        "7fff:00:00.0",
                        "8000:00:00.0",
                        "10000:00:00.0",
                        "7fffffff:00:00.0")
                .map(PciAddress::of)
                .toList();

        assertThat(inOrder.reversed().stream().sorted()).isEqualTo(inOrder);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "04:00",
                "4:00.0",
                "04:00.8",
                "04:20.0",
                "0000:04:00.0 ",
                "000:04:00.0",
                "0000:04:00.00",
                "../../../../etc",
                "0000:04:00.0\n",
                "fffffffff:04:00.0",
                "ffffffff:04:00.0",
                "04-00.0",
                "zz:00.0"
            })
    void invalidAddressesAreRejected(String text) {
        assertThat(PciAddress.parse(text)).isEmpty();
    }

    @Test
    void functionsOfOneSlotShareIt() {
        assertThat(PciAddress.of("04:00.0").isSameSlot(PciAddress.of("04:00.1")))
                .isTrue();
        assertThat(PciAddress.of("04:00.0").isSameSlot(PciAddress.of("04:01.0")))
                .isFalse();
        assertThat(PciAddress.of("04:00.0").isSameSlot(PciAddress.of("0001:04:00.0")))
                .isFalse();
    }
}
