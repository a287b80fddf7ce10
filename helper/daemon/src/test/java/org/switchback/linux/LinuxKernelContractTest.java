package org.switchback.linux;

import org.switchback.kernel.Kernel;
import org.switchback.simulator.KernelContract;

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

/**
 * The running kernel keeps the contract of the port. For a virtual machine made for it only, as root:
 * {@code switchback.guest=true}, {@code switchback.gpu} is the address of its GPU, {@code switchback.vfio.client} the
 * program that holds functions as a virtual machine does (packaging/vm/vfio-client.c).
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
        List<String> command = new ArrayList<>(List.of(System.getProperty("switchback.vfio.client"), "--hold-until-stdin"));
        functions.forEach(function -> command.add(function.toString()));
        return awaitHolding(new ProcessBuilder(command).redirectErrorStream(true).start());
    }

    /** Waits until the program says that it has what it wants; it ends with its input. */
    private static AutoCloseable awaitHolding(Process process) throws Exception {
        BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        List<String> said = new ArrayList<>();
        String line = output.readLine();
        while (line != null && !line.equals("holding")) {
            said.add(line);
            line = output.readLine();
        }
        assertThat(line).as("%s", said).isEqualTo("holding");
        return () -> {
            process.getOutputStream().close();
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        };
    }
}
