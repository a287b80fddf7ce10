package org.switchback.gui;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.switchback.cli.CommandLineMain;
import org.switchback.client.samples.SampleMachines;

/** Runs the program in a separate process, as a terminal does. */
@Timeout(60)
class ApplicationProcessTest {
    @TempDir
    Path folder;

    @Test
    void missingDisplayPrintsOneLineAndExitsWithTwo() throws Exception {
        ProcessBuilder builder = processBuilder(Main.class);
        builder.environment().remove("DISPLAY");
        builder.environment().remove("WAYLAND_DISPLAY");
        Process process = builder.start();
        assertThat(process.waitFor()).isEqualTo(2);
        assertThat(Files.readAllLines(folder.resolve("errors")))
                .containsExactly(
                        "switchback: There is no display for the window: neither DISPLAY nor WAYLAND_DISPLAY is set.");
        assertThat(process.inputReader().readLine()).as("standard output").isNull();
    }

    @Test
    void sigtermDuringASampleSwitchLeavesNoOutputAndNoFiles() throws Exception {
        Process process = processBuilder(
                        CommandLineMain.class, "--sample", SampleMachines.DEFAULT, "switch", "vm", "04:00.0", "--yes")
                .start();
        BufferedReader output = process.inputReader();
        String line = output.readLine();
        while (line != null && !line.contains("Load vfio-pci")) {
            line = output.readLine();
        }
        assertThat(line).as("line of the step").isNotNull();
        process.destroy();
        assertThat(process.waitFor()).as("SIGTERM").isEqualTo(128 + 15);
        assertThat(Files.readAllLines(folder.resolve("errors")))
                .as("standard error")
                .containsExactly("Sample machine " + SampleMachines.DEFAULT + ". Nothing here touches this computer.");
        try (var files = Files.list(folder.resolve("tmp"))) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void failedOutputExitsWithOne() throws Exception {
        Process process = processBuilder(CommandLineMain.class, "--sample", SampleMachines.DEFAULT, "status")
                .redirectOutput(new File("/dev/full"))
                .start();
        assertThat(process.waitFor()).isEqualTo(1);
        assertThat(Files.readAllLines(folder.resolve("errors")).getLast())
                .isEqualTo("switchback: The output could not be written completely.");
    }

    @Test
    void closedPipeIsNotAFailure() throws Exception {
        Process process = processBuilder(CommandLineMain.class, "--sample", SampleMachines.DEFAULT, "iomem")
                .start();
        process.getInputStream().close();
        assertThat(process.waitFor()).isZero();
    }

    @Test
    void sampleOptionWithoutNameIsRejected() throws Exception {
        Process process = processBuilder(CommandLineMain.class, "--sample").start();
        assertThat(process.waitFor()).isEqualTo(2);
        assertThat(Files.readAllLines(folder.resolve("errors"))).hasSize(1);
    }

    private ProcessBuilder processBuilder(Class<?> mainClass, String... args) throws IOException {
        Path tmp = Files.createDirectories(folder.resolve("tmp"));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-Djava.io.tmpdir=" + tmp,
                "-Djna.tmpdir=" + folder,
                "-cp",
                System.getProperty("java.class.path"),
                mainClass.getName()));
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectError(folder.resolve("errors").toFile());
        builder.environment().put("LC_ALL", "C.UTF-8");
        builder.environment().put("HOME", folder.toString());
        builder.environment().remove("XDG_STATE_HOME");
        return builder;
    }
}
