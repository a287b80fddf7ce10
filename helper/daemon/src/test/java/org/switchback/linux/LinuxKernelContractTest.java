package org.switchback.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.switchback.hardware.PciAddress;
import org.switchback.kernel.Kernel;
import org.switchback.simulator.KernelContract;

/**
 * The running kernel satisfies the contract of the port. Runs only as root in a virtual machine made for this test. The
 * system properties are {@code switchback.guest=true}, {@code switchback.gpu} (the address of its GPU) and
 * {@code switchback.vfio.client} (the path of the program that uses functions as a virtual machine does,
 * packaging/vm/vfio-client.c).
 */
@EnabledIfSystemProperty(named = "switchback.guest", matches = "true")
class LinuxKernelContractTest extends KernelContract {
    private static final LinuxKernel KERNEL = new LinuxKernel(Path.of("/"));

    @AfterAll
    static void closeKernel() {
        KERNEL.close();
    }

    @Override
    protected Kernel kernel() {
        return KERNEL;
    }

    @Override
    protected PciAddress gpu() {
        return PciAddress.parse(System.getProperty("switchback.gpu")).orElseThrow();
    }

    @Override
    protected AutoCloseable openNode(String node) throws Exception {
        Process process = new ProcessBuilder("/bin/sh", "-c", "exec 3</dev/" + node + " && echo holding && read end")
                .redirectErrorStream(true)
                .start();
        return awaitHolding(process);
    }

    @Override
    protected AutoCloseable startVirtualMachine(List<PciAddress> functions) throws Exception {
        List<String> command =
                new ArrayList<>(List.of(System.getProperty("switchback.vfio.client"), "--hold-until-stdin"));
        functions.forEach(function -> command.add(function.toString()));
        return awaitHolding(
                new ProcessBuilder(command).redirectErrorStream(true).start());
    }

    /** Waits until the program prints {@code holding}. Closing the result closes its input, which ends it. */
    private static AutoCloseable awaitHolding(Process process) throws Exception {
        BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        List<String> otherLines = new ArrayList<>();
        String line = output.readLine();
        while (line != null && !line.equals("holding")) {
            otherLines.add(line);
            line = output.readLine();
        }
        assertThat(line).as("%s", otherLines).isEqualTo("holding");
        return () -> {
            process.getOutputStream().close();
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        };
    }
}
