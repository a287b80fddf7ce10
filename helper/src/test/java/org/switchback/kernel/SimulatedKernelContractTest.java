package org.switchback.kernel;

import java.util.List;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import org.switchback.hardware.Captures;
import org.switchback.hardware.Holder;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;

/** The simulated kernel keeps the contract of the port, whatever real machine it begins as. */
@ParameterizedClass
@ValueSource(
        strings = {
            "q35-5.10-0300", "q35-5.10-0380", "q35-5.10-0380-native",
            "q35-6.1-0300", "q35-6.1-0380", "q35-6.1-0300-native", "q35-6.1-0380-native",
            "q35-6.12-0300", "q35-6.12-0380-native",
            "q35-7.2-0300-native", "q35-7.2-0380",
            SimulatedKernelContractTest.BOOTFB
        })
class SimulatedKernelContractTest extends KernelContract {
    static final String BOOTFB = "BOOTFB";
    private static final int PROGRAM = 4711;

    private final SimulatedKernel kernel;

    SimulatedKernelContractTest(String machine) {
        kernel = new SimulatedKernel(machine.equals(BOOTFB) ? Captures.withBootfb() : Captures.named(machine));
    }

    @Override
    Kernel kernel() {
        return kernel;
    }

    @Override
    PciAddress gpu() {
        return new PciAddress(0, 1, 0, 0);
    }

    @Override
    AutoCloseable open(String node) {
        kernel.hold(new Holder(PROGRAM, "Xorg", "ann", node));
        return () -> kernel.end(PROGRAM);
    }

    @Override
    AutoCloseable virtualMachine(List<PciAddress> functions) {
        int group = MachineReader.read(kernel.capture())
                .device(functions.getFirst())
                .flatMap(device -> device.group())
                .orElseThrow();
        return open("vfio/" + group);
    }
}
