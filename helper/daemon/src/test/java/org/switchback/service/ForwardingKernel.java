package org.switchback.service;

import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.kernel.Kernel;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;
import org.switchback.simulator.SimulatedKernel;

/** Forwards every call to a simulated kernel; subclasses override the calls that differ. */
abstract class ForwardingKernel implements Kernel {
    private final SimulatedKernel simulated;

    ForwardingKernel(SimulatedKernel simulated) {
        this.simulated = simulated;
    }

    public SimulatedKernel simulated() {
        return simulated;
    }

    @Override
    public MachineSnapshot readSnapshot() {
        return simulated.readSnapshot();
    }

    @Override
    public String bootId() {
        return simulated.bootId();
    }

    @Override
    public String readSetting(Setting setting) {
        return simulated.readSetting(setting);
    }

    @Override
    public List<DeviceUser> readDeviceUsers(List<PciAddress> functions) {
        return simulated.readDeviceUsers(functions);
    }

    @Override
    public boolean hasOops() {
        return simulated.hasOops();
    }

    @Override
    public WriteResult write(KernelWrite write, Duration timeout, Consumer<Duration> onProgress) {
        return simulated.write(write, timeout, onProgress);
    }

    @Override
    public VfioCheck verifyVfio(List<PciAddress> functions) {
        return simulated.verifyVfio(functions);
    }
}
