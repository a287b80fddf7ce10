package org.switchback.simulator;

import java.util.List;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.TestSnapshots;
import org.switchback.kernel.Kernel;

/** The simulated kernel satisfies the contract of the port, whatever machine it starts as. */
@ParameterizedClass
@ValueSource(
        strings = {
            "q35-5.10-0300",
            "q35-5.10-0380",
            "q35-5.10-0380-native",
            "q35-6.1-0300",
            "q35-6.1-0380",
            "q35-6.1-0300-native",
            "q35-6.1-0380-native",
            "q35-6.12-0300",
            "q35-6.12-0380-native",
            "q35-7.2-0300-native",
            "q35-7.2-0380",
            SimulatedKernelContractTest.BOOTFB
        })
class SimulatedKernelContractTest extends KernelContract {
    static final String BOOTFB = "BOOTFB";
    private static final int PID = 4711;

    private final SimulatedKernel kernel;

    SimulatedKernelContractTest(String machine) {
        kernel = new SimulatedKernel(machine.equals(BOOTFB) ? TestSnapshots.withBootfb() : TestSnapshots.load(machine));
    }

    @Override
    protected Kernel kernel() {
        return kernel;
    }

    @Override
    protected PciAddress gpu() {
        return new PciAddress(0, 1, 0, 0);
    }

    @Override
    protected AutoCloseable openNode(String node) {
        kernel.addDeviceUser(new DeviceUser(PID, "Xorg", "ann", node));
        return () -> kernel.endProcess(PID);
    }

    @Override
    protected AutoCloseable startVirtualMachine(List<PciAddress> functions) {
        int group = SnapshotParser.parse(kernel.readSnapshot())
                .device(functions.getFirst())
                .flatMap(device -> device.iommuGroup())
                .orElseThrow();
        return openNode("vfio/" + group);
    }
}
