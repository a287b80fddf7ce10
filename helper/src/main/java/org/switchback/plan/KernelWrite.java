package org.switchback.plan;

import org.switchback.hardware.AddressRange;
import org.switchback.hardware.BootfbModule;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;

/** One write that gives a {@link Setting} its new value: what the helper does and what a person would type. */
public sealed interface KernelWrite {
    /** Where the parameters of modules are. */
    String MODULES = "/sys/module/";

    /** The command a person with sudo could type instead. */
    String shell();

    /**
     * @param path  absolute
     * @param value without line feed; empty to clear
     */
    record Sysfs(String path, String value) implements KernelWrite {
        @Override
        public String shell() {
            return "echo " + (value.isEmpty() ? "''" : value) + " | sudo tee " + path;
        }
    }

    /** @param module its name */
    record Modprobe(String module) implements KernelWrite {
        @Override
        public String shell() {
            return "sudo modprobe " + module;
        }
    }

    /** @param module its name; it is unloaded */
    record Unload(String module) implements KernelWrite {
        @Override
        public String shell() {
            return "sudo modprobe -r " + module;
        }
    }

    /** Loads what the kernel's modules name for a function, as udev does when it appears. */
    record LoadDriver(PciAddress function) implements KernelWrite {
        @Override
        public String shell() {
            return "sudo modprobe \"$(cat " + MachineReader.PCI_DEVICES + function + "/modalias)\"";
        }
    }

    /** Unbinds whatever driver a function has. */
    static KernelWrite withdraw(PciAddress function) {
        return new Sysfs(MachineReader.PCI_DEVICES + function + "/driver/unbind", function.toString());
    }

    /** Asks the kernel to find a driver for a function by itself. */
    static KernelWrite offer(PciAddress function) {
        return new Sysfs("/sys/bus/pci/drivers_probe", function.toString());
    }

    /**
     * The write that takes a setting from one value to another.
     *
     * @throws IllegalArgumentException when no single write can: from one driver straight to another, or a framebuffer's region back
     */
    static KernelWrite of(Setting setting, String from, String to) {
        return switch (setting) {
            case Setting.Override(PciAddress function) ->
                new Sysfs(MachineReader.PCI_DEVICES + function + "/driver_override", to);
            case Setting.PowerControl(PciAddress function) ->
                new Sysfs(MachineReader.PCI_DEVICES + function + "/power/control", to);
            // With the override in place only vfio-pci matches; a host's driver is named, since several may match.
            case Setting.Driver(PciAddress function) when from.isEmpty() && to.equals(PciDevice.VFIO_PCI) ->
                offer(function);
            case Setting.Driver(PciAddress function) -> binding(MachineReader.PCI_DRIVERS, function.toString(), from, to);
            case Setting.FramebufferDriver(String device) ->
                binding("/sys/bus/platform/drivers/", device, from, to);
            case Setting.Module(String name) when to.equals(Setting.Module.LOADED) -> new Modprobe(name);
            case Setting.Module(String name) -> new Unload(name);
            case Setting.FirmwareRegion(PciAddress function, AddressRange range) when to.isEmpty() ->
                new Sysfs(MODULES + BootfbModule.NAME + "/parameters/release", function + " " + range);
            case Setting.FirmwareRegion region ->
                throw new IllegalArgumentException(region.range() + " does not come back");
        };
    }

    private static KernelWrite binding(String drivers, String device, String from, String to) {
        if (from.isEmpty() == to.isEmpty()) {
            throw new IllegalArgumentException("one write binds or unbinds, it does not do both");
        }
        return to.isEmpty() ? new Sysfs(drivers + from + "/unbind", device) : new Sysfs(drivers + to + "/bind", device);
    }
}
