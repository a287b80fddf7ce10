package org.switchback.kernel;

import java.util.ArrayList;
import java.util.List;
import org.switchback.hardware.Bar;
import org.switchback.hardware.Capture;
import org.switchback.hardware.Holder;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.Region;
import org.switchback.kernel.Kernel.Proof;

/** VFIO in a simulated kernel: who may have a group, and which BARs a virtual machine is given (drivers/vfio). */
final class VfioGroups {
    private final SimulatedMachine machine;

    VfioGroups(SimulatedMachine machine) {
        this.machine = machine;
    }

    /** What a client gets of the functions: first the checks of their groups, then every BAR. */
    Proof prove(List<PciAddress> functions) {
        List<PciDevice> wanted = new ArrayList<>();
        for (PciAddress function : functions) {
            PciDevice device = machine.devices().get(function);
            if (device == null || !machine.driver(function).equals(PciDevice.VFIO_PCI)) {
                return new Proof.Broken(function, Proof.Broken.NOT_ON_VFIO);
            }
            if (!users(device).isEmpty()) {
                // vfio_group_fops_open lets one in at a time.
                return new Proof.Broken(function, Proof.Broken.GROUP_BUSY);
            }
            if (!isViable(device)) {
                return new Proof.Broken(function, Proof.Broken.NOT_VIABLE);
            }
            if (machine.files().get(SimulatedMachine.folder(function) + "/config") instanceof Capture.Bytes(String hex)
                    && hex.startsWith("ffff")) {
                return new Proof.Broken(function, Proof.Broken.NO_CONFIG);
            }
            wanted.add(device);
        }
        try {
            return reserveAll(wanted);
        } finally {
            wanted.forEach(this::release);
        }
    }

    private Proof reserveAll(List<PciDevice> wanted) {
        int bars = 0;
        for (PciDevice device : wanted) {
            for (Bar bar : bars(device)) {
                if (!reserve(bar)) {
                    return new Proof.Broken(
                            device.address(),
                            Proof.Broken.bar(bar.index(), "EBUSY"),
                            List.of(new Kernel.Denied(device.address(), "BAR " + bar.index(), bar.range())));
                }
                bars++;
            }
        }
        return new Proof.Whole(bars);
    }

    /** {@code pci_request_selected_regions}, from vfio_pci_core_mmap and vfio_pci_core_setup_barmap. */
    private boolean reserve(Bar bar) {
        return bar.space() == Bar.Space.PORTS || machine.memory().request(bar.range(), PciDevice.VFIO_PCI);
    }

    private void release(PciDevice device) {
        for (Bar bar : bars(device)) {
            machine.memory().release(new Region(bar.range(), PciDevice.VFIO_PCI, List.of())::equals);
        }
    }

    private static List<Bar> bars(PciDevice device) {
        return device.bars().stream().filter(bar -> bar.index() < Bar.ROM).toList();
    }

    /**
     * Whether nobody in the group is on a driver of the host (vfio_dev_viable, drivers/vfio/vfio.c; since 5.19 drivers
     * with driver_managed_dma count as none). Bridges do not count, having no DMA of their own.
     */
    private boolean isViable(PciDevice device) {
        return machine.devices().values().stream()
                .filter(member -> member.group().equals(device.group()) && !member.isBridge())
                .map(member -> machine.driver(member.address()))
                .allMatch(driver ->
                        driver.isEmpty() || driver.equals(PciDevice.VFIO_PCI) || driver.equals("pci-stub"));
    }

    /** Programs that have the function's group open, and so, as a virtual machine has, every function in it. */
    List<Holder> users(PciDevice device) {
        return machine.programs().stream()
                .filter(holder -> isGroupOf(holder.node(), device))
                .toList();
    }

    private static boolean isGroupOf(String node, PciDevice device) {
        return device.group().filter(number -> node.equals("vfio/" + number)).isPresent();
    }

    /** A program opens a node; one that opens a group reserves the BARs in it. */
    void open(Holder holder) {
        machine.open(holder);
        machine.devices().values().stream()
                .filter(device -> isGroupOf(holder.node(), device))
                .filter(device -> machine.driver(device.address()).equals(PciDevice.VFIO_PCI))
                .flatMap(device -> bars(device).stream())
                .forEach(this::reserve);
    }

    /** A program ends. */
    void end(int pid) {
        machine.programs().stream()
                .filter(holder -> holder.pid() == pid)
                .forEach(holder -> machine.devices().values().stream()
                        .filter(device -> isGroupOf(holder.node(), device))
                        .forEach(this::release));
        machine.end(pid);
    }
}
