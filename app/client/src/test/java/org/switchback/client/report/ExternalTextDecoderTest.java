package org.switchback.client.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExternalTextDecoderTest {
    @ParameterizedTest
    @ValueSource(strings = {"UTF-8", "UTF-16", "x-UTF-16LE-BOM"})
    void utf8AndUtf16AreDecoded(String charset) {
        assertThat(ExternalTextDecoder.decode("c0000000 : Grüße\r\n".getBytes(Charset.forName(charset))))
                .isEqualTo("c0000000 : Grüße\r\n");
    }

    @Test
    void malformedBytesAreReplaced() {
        assertThat(ExternalTextDecoder.decode("a\u00e9b".getBytes(StandardCharsets.ISO_8859_1)))
                .isEqualTo("a\ufffdb");
        assertThat(ExternalTextDecoder.decode(new byte[] {(byte) 0xff})).isEqualTo("\ufffd");
        assertThat(ExternalTextDecoder.decode(new byte[0])).isEmpty();
    }

    @Test
    void controlSequencesAreRemoved() {
        assertThat(ExternalTextDecoder.removeControlSequences(
                        "\u001b[01;31m\u001b[Kc0000000\u001b[m\u001b[K-d1ffffff : PCI Bus [bus 00]"))
                .isEqualTo("c0000000-d1ffffff : PCI Bus [bus 00]");
    }
}
