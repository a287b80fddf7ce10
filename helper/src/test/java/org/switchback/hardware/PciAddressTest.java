package org.switchback.hardware;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PciAddressTest {
    @Test
    void theShortFormMeansDomainZero() {
        assertThat(PciAddress.of("04:00.1")).isEqualTo(PciAddress.of("0000:04:00.1"));
        assertThat(PciAddress.of("04:00.1").toString()).isEqualTo("0000:04:00.1");
        assertThat(PciAddress.of("0000:04:00.1").brief()).isEqualTo("04:00.1");
    }

    @Test
    void aDomainOfItsOwnStaysInTheShortForm() {
        assertThat(PciAddress.of("10000:e1:1f.7").brief()).isEqualTo("10000:e1:1f.7");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "04:00", "4:00.0", "04:00.8", "04:20.0", "0000:04:00.0 ", "000:04:00.0", "0000:04:00.00",
                "../../../../etc", "0000:04:00.0\n", "fffffffff:04:00.0", "ffffffff:04:00.0", "04-00.0", "zz:00.0"
            })
    void everythingElseIsNoAddress(String text) {
        assertThat(PciAddress.parse(text)).isEmpty();
    }

    @Test
    void functionsOfASlotBelongTogether() {
        assertThat(PciAddress.of("04:00.0").sameSlot(PciAddress.of("04:00.1"))).isTrue();
        assertThat(PciAddress.of("04:00.0").sameSlot(PciAddress.of("04:01.0"))).isFalse();
        assertThat(PciAddress.of("04:00.0").sameSlot(PciAddress.of("0001:04:00.0")))
                .isFalse();
    }
}
