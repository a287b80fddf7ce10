package org.switchback.plan;

import org.switchback.hardware.AddressRange;
import org.switchback.hardware.BootfbModule;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;

/** One write that gives a {@link Setting} its new value: what the helper does and what a person would type. */
public sealed interface KernelWrite {
    /** Where the parameters of modules are. */
    String MODULES_PATH = "/sys/module/";

    /** The command a person with sudo could type instead. */
    String shellCommand();

    /**
     * @param path  absolute
     * @param value without line feed; empty to clear
     */
    record WriteSysfs(String path, String value) implements KernelWrite {
        @Override
        public String shellCommand() {
            return "echo " + (value.isEmpty() ? "''" : value) + " | sudo tee " + path;
        }
    }

    /** @param module its name */
    record LoadModule(String module) implements KernelWrite {
        @Override
        public String shellCommand() {
            return "sudo modprobe " + module;
        }
    }

    /** @param module its name; it is unloaded */
    record UnloadModule(String module) implements KernelWrite {
        @Override
        public String shellCommand() {
            return "sudo modprobe -r " + module;
        }
    }

    /** Loads what the kernel's modules name for a function, as udev does when it appears. */
    record LoadByModalias(PciAddress function) implements KernelWrite {
        @Override
        public String shellCommand() {
            return "sudo modprobe \"$(cat " + SnapshotParser.PCI_DEVICES + function + "/modalias)\"";
        }
    }

    /** Unbinds whatever driver a function has. */
    static KernelWrite unbindAny(PciAddress function) {
        return new WriteSysfs(SnapshotParser.PCI_DEVICES + function + "/driver/unbind", function.toString());
    }

    /** Asks the kernel to find a driver for a function by itself. */
    static KernelWrite probeAny(PciAddress function) {
        return new WriteSysfs("/sys/bus/pci/drivers_probe", function.toString());
    }

    /**
     * The write that takes a setting from one value to another.
     *
     * @throws IllegalArgumentException when no single write can: from one driver straight to another, or a framebuffer's region back
     */
    static KernelWrite of(Setting setting, String from, String to) {
        return switch (setting) {
            case Setting.DriverOverride(PciAddress function) ->
                new WriteSysfs(SnapshotParser.PCI_DEVICES + function + "/driver_override", to);
            case Setting.PowerControl(PciAddress function) ->
                new WriteSysfs(SnapshotParser.PCI_DEVICES + function + "/power/control", to);
            // With the override in place only vfio-pci matches; a host's driver is named, since several may match.
            case Setting.Driver(PciAddress function) when from.isEmpty() && to.equals(PciDevice.VFIO_PCI) ->
                probeAny(function);
            case Setting.Driver(PciAddress function) -> bindOrUnbind(SnapshotParser.PCI_DRIVERS, function.toString(), from, to);
            case Setting.FramebufferDriver(String device) ->
                bindOrUnbind("/sys/bus/platform/drivers/", device, from, to);
            case Setting.KernelModule(String name) when to.equals(Setting.KernelModule.LOADED) -> new LoadModule(name);
            case Setting.KernelModule(String name) -> new UnloadModule(name);
            case Setting.FramebufferRegion(PciAddress function, AddressRange range) when to.isEmpty() ->
                new WriteSysfs(MODULES_PATH + BootfbModule.NAME + "/parameters/release", function + " " + range);
            case Setting.FramebufferRegion region ->
                throw new IllegalArgumentException(region.range() + " does not come back");
        };
    }

    private static KernelWrite bindOrUnbind(String drivers, String device, String from, String to) {
        if (from.isEmpty() == to.isEmpty()) {
            throw new IllegalArgumentException("one write binds or unbinds, it does not do both");
        }
        return to.isEmpty() ? new WriteSysfs(drivers + from + "/unbind", device) : new WriteSysfs(drivers + to + "/bind", device);
    }
}
