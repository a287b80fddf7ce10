package org.switchback.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.switchback.client.HelperException;
import org.switchback.client.samples.SampleMachines;

class IomemCommandTest extends CommandTestCase {
    /** A map as users post it: on one line, with omissions. */
    private static final String SINGLE_LINE_MAP =
            "# cat /proc/iomem <snip> 60000000-6fffffff : PCI MMCONFIG 0000 [bus 00-ff]"
                    + " 60000000-6fffffff : reserved 70000000-fbffbfff : PCI Bus 0000:00 c0000000-d1ffffff : PCI "
                    + "Bus 0000:04"
                    + " c0000000-cfffffff : 0000:04:00.0 c0000000-c086ffff : BOOTFB d0000000-d1ffffff : "
                    + "0000:04:00.0 <snip>";

    private static final String NESTED_MAP = """
            60000000-6fffffff : PCI MMCONFIG 0000 [bus 00-ff]
              60000000-6fffffff : reserved
            70000000-fbffbfff : PCI Bus 0000:00
              c0000000-d1ffffff : PCI Bus 0000:04
                c0000000-cfffffff : 0000:04:00.0
                  c0000000-c086ffff : BOOTFB
                d0000000-d1ffffff : 0000:04:00.0
            """;

    @Test
    void singleLineMapIsNestedAgain() throws IOException {
        CliRunner.CliResult result = run("iomem", writeFile("mail", SINGLE_LINE_MAP));
        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).isEqualTo(NESTED_MAP);
        assertThat(result.err())
                .isEqualTo("Read 7 regions. 2 parts were left out by the author (<snip>).\n"
                        + "BOOTFB c0000000-c086ffff (8.4 MiB) lies in c0000000-cfffffff of 04:00.0.\n");
    }

    @Test
    void mapIsReadFromStandardInput() {
        CliRunner.CliResult result = new CliRunner(connectionsTo(SampleMachines.DEFAULT))
                .withPipedInput(SINGLE_LINE_MAP.getBytes(StandardCharsets.UTF_8))
                .run("iomem", "-");
        assertThat(result.out()).isEqualTo(NESTED_MAP);
    }

    @Test
    void errorsNameStandardInput() {
        CliRunner runner = new CliRunner(connectionsTo(SampleMachines.DEFAULT)).withPipedInput(new byte[0]);
        assertErrorMessage(
                runner.run("iomem", "-"),
                ExitCode.FAILED,
                "No region of a memory map was found in \"-\" (standard input).");
        assertErrorMessage(
                runner.run("iomem", "--machine", "-"),
                ExitCode.FAILED,
                "\"-\" (standard input) is not a Switchback report.");
    }

    @Test
    void oneByteRegionHasSingularUnit() {
        assertThat(new CliRunner(connectionsTo(SampleMachines.DEFAULT))
                        .withPipedInput(
                                "00000010-00000010 : one\n00000020-00000021 : two\n".getBytes(StandardCharsets.UTF_8))
                        .run("iomem", "-", "--sizes")
                        .out())
                .isEqualTo("00000010-00000010     1 byte  one\n00000020-00000021    2 bytes  two\n");
    }

    @Test
    void printedMapCanBeReadBack() throws IOException {
        assertThat(run("iomem", writeFile("nested", NESTED_MAP)).out()).isEqualTo(NESTED_MAP);
    }

    @Test
    void diffOfOneRegionIsOneSentence() throws IOException {
        String after = SINGLE_LINE_MAP.replace(" c0000000-c086ffff : BOOTFB", "");
        CliRunner.CliResult result =
                run("iomem", "--diff", writeFile("before", SINGLE_LINE_MAP), writeFile("after", after));
        assertThat(result.out()).isEqualTo("1 region removed: BOOTFB (8.4 MiB). Nothing else changed.\n");
        assertThat(result.exitCode()).isZero();
        assertThat(run("iomem", "--diff", writeFile("b", SINGLE_LINE_MAP), writeFile("b", SINGLE_LINE_MAP))
                        .out())
                .isEqualTo("Nothing changed.\n");
    }

    @Test
    void diffOfSeveralRegionsListsThem() throws IOException {
        String after = SINGLE_LINE_MAP
                .replace(" c0000000-c086ffff : BOOTFB", "")
                .replace("d0000000-d1ffffff : 0000:04:00.0", "d0000000-d0ffffff : 0000:04:00.0");
        assertThat(run("iomem", "--diff", writeFile("before", SINGLE_LINE_MAP), writeFile("after", after))
                        .out())
                .isEqualTo("""
                        2 regions removed: BOOTFB (8.4 MiB) and 0000:04:00.0 (32 MiB). \
                        1 region added: 0000:04:00.0 (16 MiB). Nothing else changed.
                        - c0000000-c086ffff : BOOTFB
                        - d0000000-d1ffffff : 0000:04:00.0
                        + d0000000-d0ffffff : 0000:04:00.0
                        """);
    }

    @Test
    void diffOfManyRegionsCountsTheRest() throws IOException {
        StringBuilder many = new StringBuilder(NESTED_MAP);
        for (int i = 0; i < 9; i++) {
            many.append(String.format("%x0000000-%x0ffffff : thing %d\n", 0x10 + i, 0x10 + i, i));
        }
        assertThat(run("iomem", "--diff", writeFile("few", NESTED_MAP), writeFile("many", many.toString()))
                        .out())
                .startsWith("9 regions added: thing 0 (16 MiB), thing 1 (16 MiB), thing 2 (16 MiB), thing 3 (16 MiB)"
                        + " and 5 more. Nothing else changed.\n");
    }

    @Test
    void mapWithHiddenAddressesShowsNamesAndNesting() throws IOException {
        String hidden = NESTED_MAP.replaceAll("[0-9a-f]{8}-[0-9a-f]{8}", "00000000-00000000");
        CliRunner.CliResult result = run("iomem", writeFile("hidden", hidden));
        assertThat(result.out()).isEqualTo(hidden);
        assertThat(result.err())
                .contains("This dump has no addresses: it was read without root. Names and nesting are shown; sizes are"
                        + " not.\n")
                .contains("BOOTFB lies in a BAR of 04:00.0.\n");
        assertThat(run("iomem", "--sizes", writeFile("hidden", hidden)).out())
                .contains("      BOOTFB\n")
                .doesNotContain("MiB");
        JsonObject json = JsonParser.parseString(
                        run("iomem", "--json", writeFile("hidden", hidden)).out())
                .getAsJsonObject();
        assertThat(json.get("hidden").getAsBoolean()).isTrue();
        assertThat(json.getAsJsonArray("map").get(0).getAsJsonObject().has("size"))
                .isFalse();
    }

    @Test
    void machineMapIsNestedAndNotesFirmwareRegions() {
        CliRunner.CliResult result = runOnSample("x99-gtx1080", "iomem");
        assertThat(result.out()).contains(NESTED_MAP.lines().skip(2).limit(5).reduce("", (a, b) -> a + b + "\n"));
        assertThat(result.err()).endsWith("BOOTFB c0000000-c086ffff (8.4 MiB) lies in c0000000-cfffffff of 04:00.0.\n");
    }

    @Test
    void gpuOptionShowsSizesAndOwners() {
        assertThat(runOnSample(SampleMachines.DEFAULT, "iomem", "--gpu", "gtx")
                        .out()
                        .lines()
                        .toList())
                .containsSubsequence(
                        "c0000000-d1ffffff    288 MiB  PCI Bus 0000:04",
                        "c0000000-cfffffff    256 MiB    0000:04:00.0  BAR 1 of NVIDIA GeForce GTX 1080",
                        "c0000000-c086ffff    8.4 MiB      efifb  covers 3.3% of BAR 1",
                        "fa000000-faffffff     16 MiB      nvidia",
                        "fb080000-fb083fff     16 KiB    0000:04:00.1  BAR 0")
                .noneMatch(line -> line.contains("System RAM"));
    }

    @Test
    void gpuOptionShowsNoPercentageForHiddenAddresses() {
        assertThat(new CliRunner(connectionsTo(SampleMachines.DEFAULT))
                        .run(
                                "--machine",
                                "../../helper/model/src/test/resources/captures/q35-6.1-0380-user.capture",
                                "iomem",
                                "--gpu",
                                "01:00.0")
                        .out())
                .contains("    efifb  lies in BAR 0\n")
                .doesNotContain("%");
    }

    @Test
    void deniedFullMapFallsBackToThePartAroundGpus() {
        CliRunner.CliResult result = new CliRunner(connectionsTo(SampleMachines.DEFAULT)
                        .withFullInspectFailure(HelperException.FailureKind.REFUSED))
                .run("iomem");
        assertThat(result.exitCode()).isZero();
        assertThat(result.err())
                .startsWith("Denied: permission was not granted. Only the part of the memory map around the GPUs is "
                        + "shown.\n");
        assertThat(result.out()).contains("efifb");
    }

    @Test
    void mapIsReadFromASavedReport() throws IOException {
        String report = runOnSample("x99-gtx1080", "report").out();
        assertThat(run("iomem", writeFile("report", report)).out()).contains("      c0000000-c086ffff : BOOTFB\n");
    }

    @Test
    void sixteenLevelsAreParsed() throws IOException {
        StringBuilder nest = new StringBuilder();
        for (int i = 0; i < 16; i++) {
            // The kernel stops indenting at level 5.
            nest.append("  ".repeat(Math.min(i, 5)))
                    .append(String.format("%08x-%08x : level %d\n", i << 12, 0x10000000 - (i << 12), i));
        }
        CliRunner.CliResult result = run("iomem", writeFile("nest", nest.toString()));
        for (int i = 0; i < 16; i++) {
            assertThat(result.out().lines().toList().get(i))
                    .startsWith("  ".repeat(i) + "0")
                    .endsWith("level " + i);
        }
        JsonElement level = JsonParser.parseString(run("iomem", "--json", writeFile("nest", nest.toString()))
                        .out())
                .getAsJsonObject()
                .getAsJsonArray("map")
                .get(0);
        int depth = 1;
        while (!level.getAsJsonObject().getAsJsonArray("children").isEmpty()) {
            level = level.getAsJsonObject().getAsJsonArray("children").get(0);
            depth++;
        }
        assertThat(depth).isEqualTo(16);
    }

    @Test
    @Timeout(30)
    void hundredThousandRegionsAreHandledInTime() throws IOException {
        StringBuilder big = new StringBuilder();
        for (long i = 0; i < 50_000; i++) {
            long start = i << 20;
            big.append(String.format("%08x-%08x : region %d\n", start, start + 0xfffff, i))
                    .append(String.format("  %08x-%08x : inner\n", start, start + 0xfff));
        }
        CliRunner.CliResult result = run("iomem", writeFile("big", big.toString()));
        assertThat(result.out()).isEqualTo(big.toString());
        assertThat(result.err()).isEqualTo("Read 100000 regions.\n");
        assertThat(JsonParser.parseString(run("iomem", "--json", writeFile("big", big.toString()))
                                .out())
                        .getAsJsonObject()
                        .get("regions")
                        .getAsInt())
                .isEqualTo(100_000);
    }

    @Test
    void fullAddressSpaceHasASize() throws IOException {
        String all = writeFile("all", "00000000-ffffffffffffffff : everything\n");
        assertThat(run("iomem", "--sizes", all).out()).contains("   16 EiB  everything\n");
        assertThat(run("iomem", "--json", all).out()).contains("\"size\": 18446744073709551616");
    }

    @Test
    void randomBytesAreRejected() throws IOException {
        Random random = new Random(29);
        for (int i = 0; i < 50; i++) {
            byte[] bytes = new byte[random.nextInt(20_000)];
            random.nextBytes(bytes);
            Path file = Files.write(directory.resolve("random" + i), bytes);
            assertErrorMessage(
                    run("iomem", file.toString()),
                    ExitCode.FAILED,
                    "No region of a memory map was found in \"" + file + "\".");
            assertErrorMessage(
                    run("--machine", file.toString(), "status"),
                    ExitCode.FAILED,
                    "\"" + file + "\" is not a Switchback report.");
        }
    }

    @Test
    void mapWithColorCodesOrUtf16IsRead() throws IOException {
        String map = "c0000000-d1ffffff : PCI Bus 0000:04\n  c0000000-c086ffff : BOOTFB\n";
        String colored = map.replace("c0000000", "\u001b[01;31m\u001b[Kc0000000\u001b[m\u001b[K");
        Path utf16File =
                Files.write(directory.resolve("wide"), map.replace("\n", "\r\n").getBytes(StandardCharsets.UTF_16));
        assertThat(run("iomem", writeFile("coloured", colored)).out()).startsWith(map);
        assertThat(run("iomem", utf16File.toString()).out()).startsWith(map);
    }

    @Test
    void escapeSequencesInNamesAreRemoved() throws IOException {
        assertThat(run("iomem", writeFile("evil", "c0000000-cfffffff : \u001b[2Jgone\n"))
                        .out())
                .doesNotContain("\u001b");
    }

    private CliRunner.CliResult run(String... args) {
        return new CliRunner(connectionsTo(SampleMachines.DEFAULT)).run(args);
    }

    private String writeFile(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text).toString();
    }
}
