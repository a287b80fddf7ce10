package org.switchback.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.switchback.hardware.Bar;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;
import org.switchback.kernel.Kernel;
import org.switchback.kernel.Kernel.VfioCheck;

/** VFIO in a simulated kernel: who may open a group, and which BARs a client gets (drivers/vfio). */
final class SimulatedVfio {
    private final SimulatedMachine machine;

    SimulatedVfio(SimulatedMachine machine) {
        this.machine = machine;
    }

    /** Checks the functions as a client would: first their groups, then every BAR. */
    VfioCheck verifyVfio(List<PciAddress> functions) {
        List<PciDevice> devices = new ArrayList<>();
        for (PciAddress function : functions) {
            PciDevice device = machine.devices().get(function);
            if (device == null || !machine.driverOf(function).equals(PciDevice.VFIO_PCI)) {
                return new VfioCheck.Failed(function, VfioCheck.Failed.NOT_ON_VFIO);
            }
            if (!groupUsers(device).isEmpty()) {
                // vfio_group_fops_open allows one client at a time.
                return new VfioCheck.Failed(function, VfioCheck.Failed.GROUP_BUSY);
            }
            if (!isViable(device)) {
                return new VfioCheck.Failed(function, VfioCheck.Failed.GROUP_NOT_VIABLE);
            }
            if (machine.files().get(SimulatedMachine.sysfsFolder(function) + "/config")
                            instanceof MachineSnapshot.BinaryEntry(String hex)
                    && hex.startsWith("ffff")) {
                return new VfioCheck.Failed(function, VfioCheck.Failed.CONFIG_SPACE_UNREADABLE);
            }
            devices.add(device);
        }
        try {
            return reserveBars(devices);
        } finally {
            devices.forEach(this::releaseBars);
        }
    }

    private VfioCheck reserveBars(List<PciDevice> devices) {
        int bars = 0;
        for (PciDevice device : devices) {
            for (Bar bar : barsWithoutRom(device)) {
                if (!reserveBar(bar)) {
                    return new VfioCheck.Failed(
                            device.address(),
                            VfioCheck.Failed.barError(bar.index(), "EBUSY"),
                            List.of(new Kernel.ReservationFailure(
                                    device.address(), "BAR " + bar.index(), bar.range())));
                }
                bars++;
            }
        }
        return new VfioCheck.Passed(bars);
    }

    /** {@code pci_request_selected_regions}, from vfio_pci_core_mmap and vfio_pci_core_setup_barmap. */
    private boolean reserveBar(Bar bar) {
        return bar.space() == Bar.AddressSpace.IO_PORTS
                || machine.resourceTree().request(bar.range(), PciDevice.VFIO_PCI);
    }

    private void releaseBars(PciDevice device) {
        for (Bar bar : barsWithoutRom(device)) {
            machine.resourceTree().release(new Region(bar.range(), PciDevice.VFIO_PCI, List.of())::equals);
        }
    }

    private static List<Bar> barsWithoutRom(PciDevice device) {
        return device.bars().stream().filter(bar -> bar.index() < Bar.ROM_INDEX).toList();
    }

    /**
     * Whether no function of the group is bound to a driver of the host (vfio_dev_viable, drivers/vfio/vfio.c; since
     * 5.19 drivers with driver_managed_dma are ignored). Bridges are ignored too: they do no DMA of their own.
     */
    private boolean isViable(PciDevice device) {
        return machine.devices().values().stream()
                .filter(member -> member.iommuGroup().equals(device.iommuGroup()) && !member.isBridge())
                .map(member -> machine.driverOf(member.address()))
                .allMatch(driver -> driver.isEmpty() || driver.equals(PciDevice.VFIO_PCI) || driver.equals("pci-stub"));
    }

    /** Programs that have the function's group open, and with it, as a virtual machine has, every function in it. */
    List<DeviceUser> groupUsers(PciDevice device) {
        return machine.deviceUsers().stream()
                .filter(user -> isGroupNodeOf(user.deviceNode(), device))
                .toList();
    }

    private static boolean isGroupNodeOf(String node, PciDevice device) {
        return device.iommuGroup().map(number -> "vfio/" + number).equals(Optional.of(node));
    }

    /** Opens a node for a program. Opening a group reserves the BARs in it. */
    void openNode(DeviceUser user) {
        machine.openNode(user);
        machine.devices().values().stream()
                .filter(device -> isGroupNodeOf(user.deviceNode(), device))
                .filter(device -> machine.driverOf(device.address()).equals(PciDevice.VFIO_PCI))
                .flatMap(device -> barsWithoutRom(device).stream())
                .forEach(this::reserveBar);
    }

    /** Ends a program. */
    void endProcess(int pid) {
        machine.deviceUsers().stream()
                .filter(user -> user.pid() == pid)
                .forEach(user -> machine.devices().values().stream()
                        .filter(device -> isGroupNodeOf(user.deviceNode(), device))
                        .forEach(this::releaseBars));
        machine.endProcess(pid);
    }
}
