package org.switchback.gui;

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

/** Tests the launcher scripts with a fake Java that prints its command line. */
class LauncherTest {
    @TempDir
    Path folder;

    private Path installation;
    private Path java25Home;

    @BeforeEach
    void copyInstallation() throws IOException {
        installation = folder.resolve("a tree");
        Path source = Path.of("../../packaging/tree");
        try (var files = Files.walk(source)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(file, installation.resolve(source.relativize(file).toString()));
            }
        }
        java25Home = createFakeJava("java 25", "25.0.3", "25.0.3+9");
    }

    @Test
    void runsThroughSymlinksFromAnyDirectory() throws Exception {
        Files.createSymbolicLink(folder.resolve("link"), installation.resolve("bin/switchback"));
        Path secondLink = Files.createSymbolicLink(folder.resolve("second"), Path.of("link"));
        LauncherResult result = runLauncher(secondLink, java25Home, "status", "two words");
        assertThat(result.lines().getFirst()).isEqualTo(java25Home + "/bin/java");
        assertThat(result.lines()).endsWith("org.switchback.cli.CommandLineMain", "status", "two words");
        assertThat(result.lines()).contains("-Djna.boot.library.path=" + installation.toRealPath() + "/lib/native");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "--sample|x99", "--sample=x99", "--sample|status", "--in-tray", "--in-tray|--sample=x99"})
    void onlyWindowOptionsOpenTheWindow(String joined) throws Exception {
        assertWindow(joined, true);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "status",
                "--sample|x99|status",
                "--version",
                "--sample=x99|--help",
                "-h",
                "--sample",
                "--in-tray|status"
            })
    void anythingElseIsForTheCommandLine(String joined) throws Exception {
        assertWindow(joined, false);
    }

    private void assertWindow(String joined, boolean expected) throws Exception {
        String[] args = joined.isEmpty() ? new String[0] : joined.split("\\|", -1);
        List<String> lines = runLauncher(installation.resolve("bin/switchback"), java25Home, args)
                .lines();
        assertThat(lines.contains("--module-path")).isEqualTo(expected);
        assertThat(lines.contains("--class-path")).isNotEqualTo(expected);
    }

    @Test
    void usesTheCliCacheOnlyWithTheSameJavaBuild() throws Exception {
        Files.createFile(installation.resolve("lib/cli.aot"));
        Path cacheInfo = installation.resolve("lib/aot-made");
        String option = "-XX:AOTCache=" + installation.toRealPath() + "/lib/cli.aot";
        Files.writeString(cacheInfo, "25.0.3+9\n/elsewhere\n");
        assertThat(runLauncher(installation.resolve("bin/switchback"), java25Home, "status")
                        .lines())
                .contains(option);
        Files.writeString(cacheInfo, "25.0.2+1\n/elsewhere\n");
        assertThat(runLauncher(installation.resolve("bin/switchback"), java25Home, "status")
                        .lines())
                .doesNotContain(option);
    }

    @Test
    void usesTheWindowCacheOnlyAtItsOriginalPath() throws Exception {
        Files.createFile(installation.resolve("lib/window.aot"));
        Path cacheInfo = installation.resolve("lib/aot-made");
        String option = "-XX:AOTCache=" + installation.toRealPath() + "/lib/window.aot";
        Files.writeString(cacheInfo, "25.0.3+9\n" + installation.toRealPath() + "\n");
        assertThat(runLauncher(installation.resolve("bin/switchback"), java25Home)
                        .lines())
                .contains(option);
        Files.writeString(cacheInfo, "25.0.3+9\n/elsewhere\n");
        assertThat(runLauncher(installation.resolve("bin/switchback"), java25Home)
                        .lines())
                .doesNotContain(option);
    }

    @Test
    void rejectsOlderJavaWithOneMessage() throws Exception {
        Path java17 = createFakeJava("java17", "17.0.15", "17.0.15+6");
        LauncherResult result = runLauncher(installation.resolve("bin/switchback"), java17, "status");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.lines())
                .containsExactly("switchback: SWITCHBACK_JAVA names " + java17 + ", which is not a Java 25 or later.");
    }

    @Test
    void prefersTheBundledRuntimeImage() throws Exception {
        Files.move(java25Home, installation.resolve("runtime"));
        LauncherResult result = runLauncher(installation.resolve("bin/switchback-helper"), null);
        assertThat(result.lines().getFirst()).isEqualTo(installation.toRealPath() + "/runtime/bin/java");
        assertThat(result.lines()).endsWith("org.switchback.service.HelperMain");
    }

    @ParameterizedTest
    @ValueSource(strings = {"switchback", "switchback status", "switchback-helper"})
    void aLinkedRuntimeImageNeedsNoClassOrModulePath(String command) throws Exception {
        Path runtime = Files.move(java25Home, installation.resolve("runtime"));
        Files.writeString(
                runtime.resolve("release"),
                "MODULES=\"java.base org.switchback.daemon org.switchback.gui\"\n",
                StandardOpenOption.APPEND);
        List<String> lines =
                runLauncher(command, createFakeJava("other", "26", "26+1")).lines();
        assertThat(lines.getFirst()).isEqualTo(installation.toRealPath() + "/runtime/bin/java");
        assertThat(lines)
                .contains("--module", "-Djna.boot.library.path=" + installation.toRealPath() + "/runtime/lib")
                .doesNotContain("--class-path", "--module-path");
    }

    @ParameterizedTest
    @CsvSource({"x86_64, true", "aarch64, false"})
    void theHelperReducesStackShadowPagesOnX86(String architecture, boolean reduced) throws Exception {
        Files.writeString(
                java25Home.resolve("release"), "OS_ARCH=\"" + architecture + "\"\n", StandardOpenOption.APPEND);
        List<String> lines = runLauncher(installation.resolve("bin/switchback-helper"), java25Home)
                .lines();
        assertThat(lines.contains("-XX:StackShadowPages=10")).isEqualTo(reduced);
    }

    @ParameterizedTest
    @ValueSource(strings = {"switchback", "switchback status", "switchback-helper"})
    void localeProvidersExcludeUnicodeCollationTables(String command) throws Exception {
        assertThat(runLauncher(command, java25Home).lines()).contains("-Djava.locale.providers=CLDR,SPI");
    }

    private Path createFakeJava(String name, String version, String build) throws IOException {
        Path javaHome = folder.resolve(name);
        Files.createDirectories(javaHome.resolve("bin"));
        Files.writeString(
                javaHome.resolve("release"),
                "IMPLEMENTOR=\"Test\"\nJAVA_RUNTIME_VERSION=\"" + build + "\"\nJAVA_VERSION=\"" + version + "\"\n");
        Path program = javaHome.resolve("bin/java");
        Files.writeString(program, "#!/bin/sh\nprintf '%s\\n' \"$0\" \"$@\"\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        return javaHome;
    }

    private LauncherResult runLauncher(String command, Path javaHome) throws Exception {
        String[] words = command.split(" ");
        return runLauncher(
                installation.resolve("bin").resolve(words[0]), javaHome, Arrays.copyOfRange(words, 1, words.length));
    }

    private LauncherResult runLauncher(Path launcher, Path javaHome, String... args) throws Exception {
        List<String> command = new ArrayList<>(List.of("sh", launcher.toString()));
        command.addAll(List.of(args));
        Path output = folder.resolve("output");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(Path.of("/").toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().remove("JAVA_HOME");
        builder.environment().remove("SWITCHBACK_JAVA");
        if (javaHome != null) {
            builder.environment().put("SWITCHBACK_JAVA", javaHome.toString());
        }
        Process process = builder.start();
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return new LauncherResult(process.exitValue(), Files.readAllLines(output));
    }

    private record LauncherResult(int exitCode, List<String> lines) {}
}
