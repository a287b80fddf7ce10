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
import org.jspecify.annotations.Nullable;

/**
 * Whatever a kernel, a file or a bug report holds, reading it ends and does not throw. With
 * {@code -Djqwik.tries.default=2000000} each is tried so often.
 */
class ParsersNeverThrowTest {
    @Property
    void noTextBreaksTheMemoryMap(@ForAll String text) {
        assertThatCode(() -> MemoryMap.parse(text)).doesNotThrowAnyException();
    }

    @Property
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

    @Property
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

    /** What a torn line or a bad byte makes of what a real kernel has said. */
    @Property
    void noDamageToARealFileBreaksTheMachine(@ForAll("damaged") Capture capture) {
        assertThatCode(() -> MachineReader.read(capture)).doesNotThrowAnyException();
    }

    @Provide
    Arbitrary<Capture> damaged() {
        Capture real = Captures.named("q35-6.1-0380");
        Map<String, String> texts = new TreeMap<>();
        real.entries().forEach((path, entry) -> {
            if (entry instanceof Capture.Text(String text)) {
                texts.put(path, text);
            }
        });
        return Combinators.combine(
                        Arbitraries.of(texts.keySet()), damage().list().ofMinSize(1).ofMaxSize(6))
                .as((path, damages) -> {
                    StringBuilder text = new StringBuilder(texts.get(path));
                    damages.forEach(damage -> damage.to(text));
                    Map<String, Capture.Entry> all = new TreeMap<>(real.entries());
                    all.put(path, new Capture.Text(text.toString()));
                    return new Capture(new TreeMap<>(all));
                });
    }

    /**
     * @param where  beginning and end of a piece, as fractions of the text
     * @param instead what stands there then; the piece itself, twice, for {@code null}
     */
    private record Damage(double where, double until, @Nullable String instead) {
        void to(StringBuilder text) {
            int from = (int) (Math.min(where, until) * text.length());
            int to = (int) (Math.max(where, until) * text.length());
            String piece = text.substring(from, Math.min(to, from + 200));
            text.replace(from, from + piece.length(), instead == null ? piece + piece : instead);
        }
    }

    private static Arbitrary<Damage> damage() {
        Arbitrary<Double> place = Arbitraries.doubles().between(0, 1);
        return Combinators.combine(
                        place,
                        place,
                        Arbitraries.of("", "\n", " ", ":", "-", "0", "f", "x", "\u0000", "\ufffd", "-1", "0x")
                                .injectNull(0.1))
                .as(Damage::new);
    }

    @Property
    void aTextIsACaptureOrSaysWhichLineIsNot(@ForAll String text) {
        try {
            Capture.parse(Capture.FIRST_LINE + "\n" + text);
        } catch (Capture.MalformedCapture malformed) {
            assertThat(malformed.line()).isPositive();
        }
    }

    @Property
    void noTextBreaksTheSmallParsers(@ForAll String text) {
        assertThatCode(() -> {
                    PciAddress.parse(text);
                    Bar.parse(text);
                    KernelVersion.parse(text);
                    Lockdown.parse(text);
                    PciIds.parse(text);
                    new PciIdsExcerpt(java.util.Set.of("10de:1b80")).add(text);
                })
                .doesNotThrowAnyException();
    }
}
