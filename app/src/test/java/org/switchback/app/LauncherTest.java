package org.switchback.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The launchers, with a stand-in for Java that prints what it was started with. */
class LauncherTest {
    @TempDir
    Path folder;

    private Path home;
    private Path java25;

    @BeforeEach
    void copyTree() throws IOException {
        home = folder.resolve("a tree");
        Path source = Path.of("..", "packaging", "tree");
        try (var files = Files.walk(source)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(file, home.resolve(source.relativize(file).toString()));
            }
        }
        java25 = java("java 25", "25.0.3", "25.0.3+9");
    }

    @Test
    void runsACommandThroughALinkFromAnyFolder() throws Exception {
        Files.createSymbolicLink(folder.resolve("link"), home.resolve("bin/switchback"));
        Path second = Files.createSymbolicLink(folder.resolve("second"), Path.of("link"));
        Run run = run(second, java25, "status", "two words");
        assertThat(run.lines().getFirst()).isEqualTo(java25 + "/bin/java");
        assertThat(run.lines()).endsWith("org.switchback.app.Main", "status", "two words");
        assertThat(run.lines()).contains("-Djna.boot.library.path=" + home.toRealPath() + "/lib/native");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "--sample|x99", "--sample=x99", "--sample|status", "status", "--sample|x99|status", "--version",
                "--sample=x99|--help", "-h", "--sample", "--in-tray", "--in-tray|--sample=x99", "--in-tray|status"
            })
    void agreesWithMainOnWhatIsAWindow(String joined) throws Exception {
        String[] args = joined.isEmpty() ? new String[0] : joined.split("\\|", -1);
        List<String> lines = run(home.resolve("bin/switchback"), java25, args).lines();
        assertThat(lines.contains("--module-path")).isEqualTo(Main.wantsWindow(args));
        assertThat(lines.contains("--class-path")).isNotEqualTo(Main.wantsWindow(args));
    }

    @Test
    void takesACacheOnlyFromTheVeryBuildThatMadeIt() throws Exception {
        Files.createFile(home.resolve("lib/cli.aot"));
        Path made = home.resolve("lib/aot-made");
        String option = "-XX:AOTCache=" + home.toRealPath() + "/lib/cli.aot";
        Files.writeString(made, "25.0.3+9\n/elsewhere\n");
        assertThat(run(home.resolve("bin/switchback"), java25, "status").lines()).contains(option);
        Files.writeString(made, "25.0.2+1\n/elsewhere\n");
        assertThat(run(home.resolve("bin/switchback"), java25, "status").lines()).doesNotContain(option);
    }

    @Test
    void takesTheCacheOfTheWindowOnlyWhereItWasMade() throws Exception {
        Files.createFile(home.resolve("lib/window.aot"));
        Path made = home.resolve("lib/aot-made");
        String option = "-XX:AOTCache=" + home.toRealPath() + "/lib/window.aot";
        Files.writeString(made, "25.0.3+9\n" + home.toRealPath() + "\n");
        assertThat(run(home.resolve("bin/switchback"), java25).lines()).contains(option);
        Files.writeString(made, "25.0.3+9\n/elsewhere\n");
        assertThat(run(home.resolve("bin/switchback"), java25).lines()).doesNotContain(option);
    }

    @Test
    void refusesAnOlderJavaInOneSentence() throws Exception {
        Path java17 = java("java17", "17.0.15", "17.0.15+6");
        Run run = run(home.resolve("bin/switchback"), java17, "status");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.lines())
                .containsExactly(
                        "switchback: SWITCHBACK_JAVA names " + java17 + ", which is not a Java 25 or later.");
    }

    @Test
    void prefersAnImageInsideTheTree() throws Exception {
        Files.move(java25, home.resolve("runtime"));
        Run run = run(home.resolve("bin/switchback-helper"), null);
        assertThat(run.lines().getFirst()).isEqualTo(home.toRealPath() + "/runtime/bin/java");
        assertThat(run.lines()).endsWith("org.switchback.service.HelperMain");
    }

    @ParameterizedTest
    @ValueSource(strings = {"switchback", "switchback status", "switchback-helper"})
    void anImageThatTheProgramIsLinkedIntoNeedsNoOtherFile(String command) throws Exception {
        Path runtime = Files.move(java25, home.resolve("runtime"));
        Files.writeString(
                runtime.resolve("release"),
                "MODULES=\"java.base org.switchback.helper org.switchback.app\"\n",
                StandardOpenOption.APPEND);
        List<String> lines = run(command, java("other", "26", "26+1")).lines();
        assertThat(lines.getFirst()).isEqualTo(home.toRealPath() + "/runtime/bin/java");
        assertThat(lines)
                .contains("--module", "-Djna.boot.library.path=" + home.toRealPath() + "/runtime/lib")
                .doesNotContain("--class-path", "--module-path");
    }

    @ParameterizedTest
    @CsvSource({"x86_64, true", "aarch64, false"})
    void theHelperTouchesLessOfItsStacksWhereTheJvmAllowsIt(String architecture, boolean less) throws Exception {
        Files.writeString(
                java25.resolve("release"), "OS_ARCH=\"" + architecture + "\"\n", StandardOpenOption.APPEND);
        List<String> lines = run(home.resolve("bin/switchback-helper"), java25).lines();
        assertThat(lines.contains("-XX:StackShadowPages=10")).isEqualTo(less);
    }

    @ParameterizedTest
    @ValueSource(strings = {"switchback", "switchback status", "switchback-helper"})
    void aHandshakeOnTheBusNeedsNoTablesOfUnicode(String command) throws Exception {
        assertThat(run(command, java25).lines()).contains("-Djava.locale.providers=CLDR,SPI");
    }

    private Path java(String name, String version, String build) throws IOException {
        Path java = folder.resolve(name);
        Files.createDirectories(java.resolve("bin"));
        Files.writeString(
                java.resolve("release"),
                "IMPLEMENTOR=\"Test\"\nJAVA_RUNTIME_VERSION=\"" + build + "\"\nJAVA_VERSION=\"" + version + "\"\n");
        Path program = java.resolve("bin/java");
        Files.writeString(program, "#!/bin/sh\nprintf '%s\\n' \"$0\" \"$@\"\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        return java;
    }

    private Run run(String command, Path java) throws Exception {
        String[] words = command.split(" ");
        return run(home.resolve("bin").resolve(words[0]), java, Arrays.copyOfRange(words, 1, words.length));
    }

    private Run run(Path launcher, Path java, String... args) throws Exception {
        List<String> command = new ArrayList<>(List.of("sh", launcher.toString()));
        command.addAll(List.of(args));
        Path output = folder.resolve("output");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(Path.of("/").toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().remove("JAVA_HOME");
        builder.environment().remove("SWITCHBACK_JAVA");
        if (java != null) {
            builder.environment().put("SWITCHBACK_JAVA", java.toString());
        }
        Process process = builder.start();
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return new Run(process.exitValue(), Files.readAllLines(output));
    }

    private record Run(int code, List<String> lines) {}
}
