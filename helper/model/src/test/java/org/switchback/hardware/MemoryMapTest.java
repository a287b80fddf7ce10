package org.switchback.hardware;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MemoryMapTest {
    /** The listing as posted in a mail of 2016: line breaks and indentation lost, some parts omitted. */
    private static final String ONE_LINE = "# cat /proc/iomem # before hack <snip> 60000000-6fffffff : PCI MMCONFIG"
            + " 0000 [bus 00-ff] 60000000-6fffffff : reserved 70000000-fbffbfff : PCI Bus 0000:00 c0000000-d1ffffff :"
            + " PCI Bus 0000:04 c0000000-cfffffff : 0000:04:00.0 c0000000-c086ffff : BOOTFB d0000000-d1ffffff :"
            + " 0000:04:00.0 <snip>";

    @Test
    void singleLinePasteIsNested() {
        MemoryMap map = MemoryMap.parse(ONE_LINE);
        assertThat(map.toText()).isEqualTo("""
                        60000000-6fffffff : PCI MMCONFIG 0000 [bus 00-ff]
                          60000000-6fffffff : reserved
                        70000000-fbffbfff : PCI Bus 0000:00
                          c0000000-d1ffffff : PCI Bus 0000:04
                            c0000000-cfffffff : 0000:04:00.0
                              c0000000-c086ffff : BOOTFB
                            d0000000-d1ffffff : 0000:04:00.0
                        """);
        assertThat(map.regionCount()).isEqualTo(7);
        assertThat(map.omissionCount()).isEqualTo(2);
        assertThat(map.addressesHidden()).isFalse();
    }

    @Test
    void nestingFollowsContainmentBeyondKernelIndentation() {
        StringBuilder text = new StringBuilder();
        for (int level = 0; level < 16; level++) {
            text.append("  ".repeat(Math.min(level, 4)))
                    .append(String.format("%08x-%08x : level %d%n", level << 20, 0x7fffffff - (level << 20), level));
        }
        MemoryMap map = MemoryMap.parse(text.toString());
        Region region = map.roots().getFirst();
        for (int level = 0; level < 15; level++) {
            assertThat(region.name()).isEqualTo("level " + level);
            region = region.children().getFirst();
        }
        assertThat(region.name()).isEqualTo("level 15");
    }

    @Test
    void hiddenAddressesNestByIndentation() {
        MemoryMap map = MemoryMap.parse("""
                00000000-00000000 : PCI Bus 0000:00
                  00000000-00000000 : 0000:01:00.0
                    00000000-00000000 : efifb
                  00000000-00000000 : 0000:01:00.1
                00000000-00000000 : System RAM
                """);
        assertThat(map.addressesHidden()).isTrue();
        assertThat(map.roots()).extracting(Region::name).containsExactly("PCI Bus 0000:00", "System RAM");
        assertThat(map.roots().getFirst().children())
                .extracting(Region::name)
                .containsExactly("0000:01:00.0", "0000:01:00.1");
        assertThat(map.roots().getFirst().children().getFirst().children())
                .extracting(Region::name)
                .containsExactly("efifb");
    }

    @Test
    void equalRangesNestInLineOrder() {
        MemoryMap map = MemoryMap.parse("b0000000-bfffffff : outer\nb0000000-bfffffff : inner\n");
        assertThat(map.roots()).hasSize(1);
        assertThat(map.roots().getFirst().children()).extracting(Region::name).containsExactly("inner");
    }

    @Test
    void addressesAreUnsigned() {
        MemoryMap map =
                MemoryMap.parse("00000000-ffffffffffffffff : all\n8000000000000000-ffffffffffffffff : upper half\n");
        assertThat(map.roots()).hasSize(1);
        assertThat(map.roots().getFirst().children()).extracting(Region::name).containsExactly("upper half");
        assertThat(ByteSizeFormatter.format(map.roots().getFirst().range().length(), Locale.ROOT))
                .isEqualTo("16 EiB");
    }

    @Test
    void quotedMailAndCrlfAreParsed() {
        MemoryMap map = MemoryMap.parse("> c0000000-cfffffff : 0000:04:00.0\r\n>   c0000000-c086ffff : BOOTFB\r\n");
        assertThat(map.toText()).isEqualTo("c0000000-cfffffff : 0000:04:00.0\n  c0000000-c086ffff : BOOTFB\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "quoted twice                | >> LINE1\\n>>   LINE2",
                "quoted with spaces          | > > LINE1\\n> >   LINE2",
                "quoted with a name          | ann> LINE1\\nann>   LINE2",
                "kernel log timestamp        | [    1.234567] LINE1\\n[    1.234570]   LINE2",
                "timestamp and log level     | <6>[    1.234567] LINE1\\n<6>[    1.234570]   LINE2",
                "journalctl                  | Nov 22 14:02:03 host kernel: LINE1"
                        + "\\nNov 22 14:02:03 host kernel:   LINE2",
                "tabs                        | LINE1\\n\\tLINE2",
                "indentation lost            | LINE1\\nLINE2",
                "line numbers                | 12: LINE1\\n13:   LINE2",
                "grep                        | /proc/iomem:LINE1\\n/proc/iomem:  LINE2",
                "Markdown code block         | ```\\nLINE1\\n  LINE2\\n```",
                "quoted Markdown code block  | > ```\\n> LINE1\\n>   LINE2\\n> ```",
                "no-break spaces             | \u00a0\u00a0LINE1\\n\u00a0\u00a0\u00a0\u00a0LINE2",
                "shell prompt                | $ sudo cat /proc/iomem\\nLINE1\\n  LINE2",
                "empty line                  | LINE1\\n\\n  LINE2\\n",
                "bullet points               | * LINE1\\n* LINE2",
                "diff                        | -LINE1\\n-  LINE2",
                "byte order mark             | \ufeffLINE1\\n  LINE2",
                "line numbers of grep -A     | 12-LINE1\\n13-  LINE2",
                "escaped line breaks         | LINE1BREAK  LINE2BREAK",
                "JSON string                 | \"LINE1BREAK  LINE2BREAK\"",
            })
    void pastedFormatsAreParsed(String format, String template) {
        String text = template.replace("\\n", "\n")
                .replace("\\t", "\t")
                .replace("BREAK", "\\r\\n")
                .replace("LINE1", "c0000000-cfffffff : 0000:04:00.0")
                .replace("LINE2", "c0000000-c086ffff : BOOTFB");
        MemoryMap map = MemoryMap.parse(text);
        assertThat(map.toText())
                .as(format)
                .isEqualTo("c0000000-cfffffff : 0000:04:00.0\n  c0000000-c086ffff : BOOTFB\n");
        assertThat(map.omissionCount()).as(format).isZero();
    }

    @Test
    void textBeforeARegionIsNotUnreadable() {
        assertThat(MemoryMap.parse("[    1.2] c0000000-cfffffff : BOOTFB\nann> d0000000-dfffffff : RAM\n")
                        .unreadableLineCount())
                .isZero();
        assertThat(MemoryMap.parse("c0000000-cfffffff : BOOTFB\nand so on\n").unreadableLineCount())
                .isEqualTo(1);
    }

    @Test
    void htmlIsParsed() {
        MemoryMap map = MemoryMap.parse("<pre>c0000000-cfffffff : 0000:04:00.0<br>\n"
                + "&nbsp;&nbsp;c0000000-c086ffff : BOOTFB<br/>\n&lt;snip&gt;\n"
                + "&gt; d0000000-d1ffffff : PCI &amp; more</pre>\n");
        assertThat(map.toText())
                .isEqualTo("c0000000-cfffffff : 0000:04:00.0\n  c0000000-c086ffff : BOOTFB\n"
                        + "d0000000-d1ffffff : PCI & more\n");
        assertThat(map.omissionCount()).isEqualTo(1);
        assertThat(map.unreadableLineCount()).isZero();
    }

    @Test
    void hiddenAddressesNestByTabsAndQuoteMarks() {
        MemoryMap map = MemoryMap.parse("> 00000000-00000000 : PCI Bus 0000:00\n> \t00000000-00000000 : 0000:01:00.0\n"
                + "> \t\t00000000-00000000 : efifb\n> 00000000-00000000 : System RAM\n");
        assertThat(map.roots()).extracting(Region::name).containsExactly("PCI Bus 0000:00", "System RAM");
        assertThat(map.roots().getFirst().children().getFirst().children())
                .extracting(Region::name)
                .containsExactly("efifb");
    }

    @Test
    void alternativeOmissionMarksAreCounted() {
        MemoryMap map = MemoryMap.parse(
                "[...]\n00001000-0009ffff : System RAM\n" + "...\n000a0000-000bffff : PCI Bus\n(snip)\n…\n");
        assertThat(map.omissionCount()).isEqualTo(4);
        assertThat(map.unreadableLineCount()).isZero();
        assertThat(map.regionCount()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<snip>",
                "[snip]",
                "(snip)",
                "{snip}",
                "<SNIP>",
                "<snipped>",
                "<snip RAM>",
                "[...]",
                "(...)",
                "<...>",
                "[…]",
                "[..]",
                "...",
                "....",
                "…",
                "<cut>",
                "[cut]",
                "-- cut --",
                "---8<---",
                "--- >8 ---",
                "--- cut here ---",
                "--snip--",
                "*snip*",
                "...snip...",
                "[snip 40 lines]",
                "<omitted>",
                "[truncated]",
                "(removed)",
                "[redacted]",
                "... snip ...",
                "snip",
                "... output truncated ...",
                "(lines removed)",
                "[...lots more...]",
                "<40 lines omitted>",
                ". . .",
                "8< - - - -",
                "[more of the same]"
            })
    void commonOmissionMarksCountOnce(String mark) {
        String ram = "00001000-0009ffff : System RAM";
        String bus = "000a0000-000bffff : PCI Bus 0000:00 [bus 00-ff]";
        for (String text : List.of(
                ram + "\n" + mark + "\n" + bus + "\n",
                ram + " " + mark + " " + bus,
                "  " + mark + "\n" + ram + "\n  " + bus)) {
            MemoryMap map = MemoryMap.parse(text);
            assertThat(map.omissionCount()).as(text).isEqualTo(1);
            assertThat(map.unreadableLineCount()).as(text).isZero();
            assertThat(map.roots())
                    .as(text)
                    .extracting(Region::name)
                    .containsExactly("System RAM", "PCI Bus 0000:00 [bus 00-ff]");
        }
    }

    @Test
    void grepSeparatorIsAnOmission() {
        MemoryMap map = MemoryMap.parse(
                "00001000-0009ffff : System RAM\n--\n" + "000a0000-000bffff : PCI Bus 0000:00\n-- \nAnn\n");
        assertThat(map.omissionCount()).isEqualTo(1);
        assertThat(map.unreadableLineCount())
                .as("mail signature and its separator")
                .isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\u00a0", "\u2007", "\u202f", "\u3000"})
    void unicodeSpacesAreSpaces(String space) {
        String listing = "c0000000-cfffffff : 0000:04:00.0\n  c0000000-c086ffff : BOOTFB\n";
        assertThat(MemoryMap.parse(listing.replace(" ", space)).toText()).isEqualTo(listing);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\u2010", "\u2011", "\u2012", "\u2013", "\u2212"})
    void unicodeDashesAreHyphens(String dash) {
        String listing = "c0000000-cfffffff : 0000:04:00.0\n  c0000000-c086ffff : BOOTFB\n";
        assertThat(MemoryMap.parse(listing.replace("-", dash)).toText()).isEqualTo(listing);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "PCI ECAM 0000 [bus 00-ff]",
                "Kernel (text)",
                "a - b",
                "cut",
                "pnp 00:01",
                "remove me",
                "\\\\_SB_.PCI0"
            })
    void regionNamesAreNotOmissions(String name) {
        MemoryMap map = MemoryMap.parse("00001000-0009ffff : " + name + "\n");
        assertThat(map.omissionCount()).isZero();
        assertThat(map.roots()).extracting(Region::name).containsExactly(name);
    }

    @Test
    void ioportsListingIsIgnored() {
        MemoryMap map = MemoryMap.parse("""
                $ cat /proc/ioports
                0000-0cf7 : PCI Bus 0000:00
                  0000-001f : dma1
                [...]
                  0cf8-0cff : PCI conf1
                $ cat /proc/iomem
                00000000-00000fff : Reserved
                """);
        assertThat(map.toText()).isEqualTo("00000000-00000fff : Reserved\n");
        assertThat(map.omissionCount()).as("omissions within the I/O ports").isZero();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "c0000000-c02fffff : BOOTFB 0000-0cf7 : PCI Bus 0000:00 0000-001f : dma1",
                "0000-0cf7 : PCI Bus 0000:00 0000-001f : dma1 c0000000-c02fffff : BOOTFB",
                "0000-0cf7 : PCI Bus 0000:00\n...\n0000-001f : dma1\nc0000000-c02fffff : BOOTFB",
            })
    void portsOnTheSameLineAreIgnored(String text) {
        MemoryMap map = MemoryMap.parse(text);
        assertThat(map.toText()).isEqualTo("c0000000-c02fffff : BOOTFB\n");
        assertThat(map.omissionCount()).isZero();
    }

    @Test
    void mailSignatureIsNoOmission() {
        MemoryMap map = MemoryMap.parse("-- \nAnn\n\nHere it is:\n\nc0000000-cfffffff : 0000:04:00.0\n");
        assertThat(map.omissionCount()).isZero();
        assertThat(map.unreadableLineCount()).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(strings = {",", "-", " ", "\"", "<", "8<", "- ", "(", "0-"})
    @Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void repeatedCharactersParseQuickly(String text) {
        String repeated = text.repeat(50_000);
        MemoryMap map = MemoryMap.parse("c0000000-c02fffff : BOOTFB" + repeated + "\rX\n" + repeated + "\n");
        assertThat(map.regionCount()).isEqualTo(1);
    }

    @Test
    void hiddenLineDoesNotStartAListing() {
        String window = "850000000-284fffffff : CXL Window 0\n";
        assertThat(MemoryMap.parse("00000000-00000000 : x\n" + window + "The other case:\n" + window)
                        .roots())
                .hasSize(3);
    }

    @Test
    void omissionMarksFarFromTheListingAreIgnored() {
        MemoryMap map = MemoryMap.parse("""
                [snip]
                It used to work ...
                Here it is:

                [...]

                c0000000-cfffffff : 0000:04:00.0
                <snip>
                d0000000-d1ffffff : 0000:04:00.0
                ...

                Thanks!
                ... Just now
                """);
        assertThat(map.omissionCount()).isEqualTo(3);
    }

    @Test
    void hiddenAddressDoesNotAffectOtherRegions() {
        MemoryMap map = MemoryMap.parse("""
                0009f000-000fffff : Reserved
                  000a0000-000bffff : PCI Bus 0000:00
                  00000000-00000000 : PCI Bus 0000:00
                  00000000-00000000 : PCI Bus 0000:00
                  000f0000-000fffff : System ROM
                00100000-58a36017 : System RAM
                """);
        assertThat(map.toText()).isEqualTo("""
                0009f000-000fffff : Reserved
                  000a0000-000bffff : PCI Bus 0000:00
                  000f0000-000fffff : System ROM
                00000000-00000000 : PCI Bus 0000:00
                00000000-00000000 : PCI Bus 0000:00
                00100000-58a36017 : System RAM
                """);
    }

    @Test
    void secondListingStartsAtTheRoot() {
        String listing = """
                80000000-8fffffff : PCI Bus 0000:00
                  80000000-8fffffff : 0000:00:02.0
                """;
        MemoryMap map = MemoryMap.parse("before:\n" + listing + "    80000000-802fffff : BOOTFB\n\nafter:\n" + listing);
        assertThat(map.toText()).isEqualTo(listing + "    80000000-802fffff : BOOTFB\n" + listing);
    }

    @Test
    void repeatedListingsAreKeptSeparate() {
        String first = "850000000-284fffffff : CXL Window 0\n  850000000-284fffffff : region0\n";
        String second = "850000000-284fffffff : CXL Window 0\n  850000000-284fffffff : Soft Reserved\n";
        assertThat(MemoryMap.parse(first + "The other case:\n" + second).toText())
                .isEqualTo(first + second);
    }

    @Test
    void listingOfAnotherMachineStartsAtTheRoot() {
        MemoryMap map = MemoryMap.parse("""
                80000000-ffffffff : PCI Bus 0000:00
                  c0000000-cfffffff : 0000:00:02.0
                And on the other one:
                90000000-9fffffff : PCI Bus 0000:00
                """);
        assertThat(map.roots()).hasSize(2);
    }

    @Test
    void movedLineKeepsItsParent() {
        String listing = """
                c0000000-febfffff : PCI Bus 0000:00
                  d0000000-d1ffffff : 0000:00:03.0
                  c0000000-cfffffff : 0000:00:02.0
                """;
        assertThat(MemoryMap.parse(listing).toText()).isEqualTo(listing);
    }

    @Test
    void grepContextLinesAreParsed() {
        MemoryMap map = MemoryMap.parse("""
                It says:

                1-c0000000-febfffff : PCI Bus 0000:00
                2-  c0000000-d1ffffff : PCI Bus 0000:01
                3:    c0000000-c02fffff : BOOTFB
                > 4-fec00000-fec003ff : IOAPIC 0
                """);
        assertThat(map.toText()).isEqualTo("""
                c0000000-febfffff : PCI Bus 0000:00
                  c0000000-d1ffffff : PCI Bus 0000:01
                    c0000000-c02fffff : BOOTFB
                fec00000-fec003ff : IOAPIC 0
                """);
    }

    @Test
    void lineNumberWidthDoesNotAffectNesting() {
        MemoryMap map = MemoryMap.parse("""
                  9. 00000000-00000000 : System ROM
                  10. 00000000-00000000 : PCI Bus 0000:00
                  11.   00000000-00000000 : 0000:00:02.0
                """);
        assertThat(map.roots()).extracting(Region::name).containsExactly("System ROM", "PCI Bus 0000:00");
        assertThat(map.roots().getLast().children()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"c0000000-c02fffff : BOOTFB\",",
                "    c0000000-c02fffff : BOOTFB$",
                "* `c0000000-c02fffff : BOOTFB`",
                "* **c0000000-c02fffff : BOOTFB**",
                "| c0000000-c02fffff : BOOTFB | |",
                "/* c0000000-c02fffff : BOOTFB */",
                "\u2502 c0000000-c02fffff : BOOTFB   \u2502",
                "c0000000-c02fffff : BOOTFB\t# 3 MiB",
                "c0000000-c02fffff : BOOTFB        <<-- this is in the way",
                "c0000000-c02fffff : BOOTFB <- here",
                "c0000000-c02fffff : BOOTFB    (what is this?)",
            })
    void lineDecorationIsStrippedFromName(String line) {
        assertThat(MemoryMap.parse(line + "\n").find(region -> true))
                .extracting(Region::name)
                .containsExactly("BOOTFB");
    }

    @Test
    void unionNestsRegionsByAddress() {
        MemoryMap before = MemoryMap.parse("c0000000-cfffffff : 0000:04:00.0\nd0000000-d1ffffff : 0000:04:00.0\n");
        List<Region> added = MemoryMap.parse("c0000000-c086ffff : BOOTFB\nb0000000-bfffffff : before all\n")
                .roots();
        assertThat(MemoryMap.union(before, added).toText()).isEqualTo("""
                        b0000000-bfffffff : before all
                        c0000000-cfffffff : 0000:04:00.0
                          c0000000-c086ffff : BOOTFB
                        d0000000-d1ffffff : 0000:04:00.0
                        """);
    }

    @Test
    void unrelatedTextGivesEmptyMap() {
        MemoryMap map = MemoryMap.parse("Lorem ipsum\ndolor sit amet\n");
        assertThat(map.isEmpty()).isTrue();
        assertThat(map.unreadableLineCount()).isEqualTo(2);
    }

    @Test
    void reversedRangeIsUnreadable() {
        MemoryMap map = MemoryMap.parse("00002000-00001000 : backwards\n00003000-00003fff : fine\n");
        assertThat(map.roots()).extracting(Region::name).containsExactly("fine");
        assertThat(map.unreadableLineCount()).isPositive();
    }

    @Test
    void realListingsRoundTrip() {
        for (String name : List.of("q35-6.1-0380", "q35-5.10-0300", "q35-7.2-0300-native")) {
            String text = TestSnapshots.load(name).text("/proc/iomem").orElseThrow();
            MemoryMap map = MemoryMap.parse(text);
            assertThat(map.toText().strip()).as(name).isEqualTo(text.strip());
            assertThat(map.unreadableLineCount()).isZero();
        }
    }

    @Test
    void deepNestingDoesNotOverflowTheStack() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 100_000; i++) {
            text.append("00000000-ffffffff : same range ").append(i).append('\n');
        }
        assertThat(MemoryMap.parse(text.toString()).regionCount()).isEqualTo(100_000);
    }

    @Test
    @Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void descendingRegionsParseInLinearTime() {
        StringBuilder text = new StringBuilder();
        for (int i = 100_000; i > 0; i--) {
            text.append(String.format("%08x-%08x : region %d%n", i << 4, (i << 4) + 15, i));
        }
        assertThat(MemoryMap.parse(text.toString()).roots()).hasSize(100_000);
    }
}
