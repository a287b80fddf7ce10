package org.switchback.hardware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;

/**
 * Verifies that parsers accept any content of kernels, files and bug reports: they terminate and do not throw.
 * {@code -Djqwik.tries.default=2000000} runs each property that many times.
 */
class ParsersNeverThrowTest {
    @Property
    void memoryMapAcceptsAnyText(@ForAll String text) {
        assertThatCode(() -> MemoryMap.parse(text)).doesNotThrowAnyException();
    }

    @Property
    void memoryMapAcceptsAnyListing(@ForAll("listings") String text) {
        MemoryMap map = MemoryMap.parse(text);
        assertThat(map.find(region -> true)).hasSize(map.regionCount());
        assertThat(MemoryMap.parse(map.toText()).regionCount()).isEqualTo(map.regionCount());
    }

    @Provide
    Arbitrary<String> listings() {
        Arbitrary<String> line = Combinators.combine(
                        Arbitraries.integers().between(0, 6),
                        Arbitraries.longs(),
                        Arbitraries.longs(),
                        Arbitraries.of("System RAM", "BOOTFB", "0000:04:00.0", "<snip>", "", " : ", "a - b", "…"))
                .as((depth, from, to, name) ->
                        "  ".repeat(depth) + Long.toHexString(from) + "-" + Long.toHexString(to) + " : " + name);
        return line.list().ofMaxSize(30).map(lines -> String.join("\n", lines));
    }

    @Property
    void snapshotParserAcceptsAnyFileContent(@ForAll("snapshots") MachineSnapshot snapshot) {
        assertThatCode(() -> SnapshotParser.parse(snapshot)).doesNotThrowAnyException();
    }

    @Provide
    Arbitrary<MachineSnapshot> snapshots() {
        MachineSnapshot real = TestSnapshots.load("q35-6.1-0380");
        Arbitrary<String> content = Arbitraries.oneOf(
                Arbitraries.strings().ofMaxLength(60),
                Arbitraries.strings().withChars("0123456789abcdefx \n").ofMaxLength(60),
                Arbitraries.of("(null)", "-1", "0xffffffffffffffffff", "99999999999999999999", "0x", "+5"));
        Arbitrary<MachineSnapshot.SnapshotEntry> entry = Arbitraries.oneOf(
                content.map(MachineSnapshot.TextEntry::new),
                content.map(MachineSnapshot.LinkEntry::new),
                Arbitraries.strings()
                        .withChars("0123456789abcdef")
                        .ofMaxLength(40)
                        .map(MachineSnapshot.BinaryEntry::new));
        return Arbitraries.maps(Arbitraries.of(real.entries().keySet()), entry)
                .ofMaxSize(12)
                .map(changes -> {
                    Map<String, MachineSnapshot.SnapshotEntry> entries = new TreeMap<>(real.entries());
                    entries.putAll(changes);
                    return new MachineSnapshot(new TreeMap<>(entries));
                });
    }

    /** Corrupts the text of a real kernel, as with truncated lines and invalid bytes. */
    @Property
    void snapshotParserAcceptsCorruptedFiles(@ForAll("corruptedSnapshots") MachineSnapshot snapshot) {
        assertThatCode(() -> SnapshotParser.parse(snapshot)).doesNotThrowAnyException();
    }

    @Provide
    Arbitrary<MachineSnapshot> corruptedSnapshots() {
        MachineSnapshot real = TestSnapshots.load("q35-6.1-0380");
        Map<String, String> texts = new TreeMap<>();
        real.entries().forEach((path, entry) -> {
            if (entry instanceof MachineSnapshot.TextEntry(String text)) {
                texts.put(path, text);
            }
        });
        return Combinators.combine(
                        Arbitraries.of(texts.keySet()),
                        textCorruptions().list().ofMinSize(1).ofMaxSize(6))
                .as((path, corruptions) -> {
                    StringBuilder text = new StringBuilder(texts.get(path));
                    corruptions.forEach(corruption -> corruption.applyTo(text));
                    Map<String, MachineSnapshot.SnapshotEntry> entries = new TreeMap<>(real.entries());
                    entries.put(path, new MachineSnapshot.TextEntry(text.toString()));
                    return new MachineSnapshot(new TreeMap<>(entries));
                });
    }

    /**
     * Replaces a piece of a text.
     *
     * @param start one end of the piece, as a fraction of the text's length
     * @param end other end of the piece, as a fraction of the text's length
     * @param replacement text that replaces the piece; {@code null} duplicates the piece
     */
    private record TextCorruption(
            double start, double end, @Nullable String replacement) {
        void applyTo(StringBuilder text) {
            int from = (int) (Math.min(start, end) * text.length());
            int to = (int) (Math.max(start, end) * text.length());
            String piece = text.substring(from, Math.min(to, from + 200));
            text.replace(from, from + piece.length(), replacement == null ? piece + piece : replacement);
        }
    }

    private static Arbitrary<TextCorruption> textCorruptions() {
        Arbitrary<Double> fraction = Arbitraries.doubles().between(0, 1);
        return Combinators.combine(
                        fraction,
                        fraction,
                        Arbitraries.of("", "\n", " ", ":", "-", "0", "f", "x", "\u0000", "\ufffd", "-1", "0x")
                                .injectNull(0.1))
                .as(TextCorruption::new);
    }

    @Property
    void invalidSnapshotReportsItsLine(@ForAll String text) {
        try {
            MachineSnapshot.parse(MachineSnapshot.HEADER + "\n" + text);
        } catch (MachineSnapshot.MalformedSnapshotException e) {
            assertThat(e.lineNumber()).isPositive();
        }
    }

    @Property
    void smallParsersAcceptAnyText(@ForAll String text) {
        assertThatCode(() -> {
                    PciAddress.parse(text);
                    Bar.parse(text);
                    KernelVersion.parse(text);
                    Lockdown.parse(text);
                    PciIds.parse(text);
                    new PciIdsExcerpt(Set.of("10de:1b80")).add(text);
                })
                .doesNotThrowAnyException();
    }
}
