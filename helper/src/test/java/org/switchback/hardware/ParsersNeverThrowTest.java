package org.switchback.hardware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Whatever a kernel, a file or a bug report holds, reading it ends and does not throw. */
class ParsersNeverThrowTest {
    @Property(tries = 2_000)
    void noTextBreaksTheMemoryMap(@ForAll String text) {
        assertThatCode(() -> MemoryMap.parse(text)).doesNotThrowAnyException();
    }

    @Property(tries = 5_000)
    void noListingBreaksTheMemoryMap(@ForAll("listings") String text) {
        MemoryMap map = MemoryMap.parse(text);
        assertThat(map.find(region -> true)).hasSize(map.regions());
        assertThat(MemoryMap.parse(map.toText()).regions()).isEqualTo(map.regions());
    }

    @Provide
    Arbitrary<String> listings() {
        Arbitrary<String> line = Combinators.combine(
                        Arbitraries.integers().between(0, 6),
                        Arbitraries.longs(),
                        Arbitraries.longs(),
                        Arbitraries.of("System RAM", "BOOTFB", "0000:04:00.0", "<snip>", "", " : ", "a - b", "…"))
                .as((depth, from, to, name) -> "  ".repeat(depth) + Long.toHexString(from) + "-" + Long.toHexString(to)
                        + " : " + name);
        return line.list().ofMaxSize(30).map(lines -> String.join("\n", lines));
    }

    @Property(tries = 3_000)
    void noContentOfAFileBreaksTheMachine(@ForAll("captures") Capture capture) {
        assertThatCode(() -> MachineReader.read(capture)).doesNotThrowAnyException();
    }

    @Provide
    Arbitrary<Capture> captures() {
        Capture real = Captures.named("q35-6.1-0380");
        Arbitrary<String> content = Arbitraries.oneOf(
                Arbitraries.strings().ofMaxLength(60),
                Arbitraries.strings().withChars("0123456789abcdefx \n").ofMaxLength(60),
                Arbitraries.of("(null)", "-1", "0xffffffffffffffffff", "99999999999999999999", "0x", "+5"));
        Arbitrary<Capture.Entry> entry = Arbitraries.oneOf(
                content.map(Capture.Text::new),
                content.map(Capture.Link::new),
                Arbitraries.strings().withChars("0123456789abcdef").ofMaxLength(40).map(Capture.Bytes::new));
        return Arbitraries.maps(Arbitraries.of(real.entries().keySet()), entry)
                .ofMaxSize(12)
                .map(changes -> {
                    Map<String, Capture.Entry> all = new TreeMap<>(real.entries());
                    all.putAll(changes);
                    return new Capture(new TreeMap<>(all));
                });
    }

    @Property(tries = 2_000)
    void aTextIsACaptureOrSaysWhichLineIsNot(@ForAll String text) {
        try {
            Capture.parse(Capture.FIRST_LINE + "\n" + text);
        } catch (Capture.MalformedCapture malformed) {
            assertThat(malformed.line()).isPositive();
        }
    }

    @Property(tries = 2_000)
    void noTextBreaksTheSmallParsers(@ForAll String text) {
        assertThatCode(() -> {
                    PciAddress.parse(text);
                    Bar.parse(text);
                    KernelVersion.parse(text);
                    Lockdown.parse(text);
                    PciIds.parse(text);
                    PciIds.excerpt(text, java.util.Set.of("10de:1b80"));
                })
                .doesNotThrowAnyException();
    }
}
