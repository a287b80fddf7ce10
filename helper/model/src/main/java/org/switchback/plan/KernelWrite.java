package org.switchback.plan;

import org.switchback.hardware.AddressRange;
import org.switchback.hardware.BootfbModule;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.SnapshotParser;

/** One write that changes a {@link Setting}: the operation of the helper, and the equivalent shell command. */
public sealed interface KernelWrite {
    /** Folder of the loaded modules and their parameters. */
    String MODULES_PATH = "/sys/module/";

    /** The equivalent shell command for a user with sudo. */
    String shellCommand();

    /**
     * Writes a value to a sysfs file.
     *
     * @param path absolute path
     * @param value value without line feed; empty to clear
     */
    record WriteSysfs(String path, String value) implements KernelWrite {
        @Override
        public String shellCommand() {
            return "echo " + (value.isEmpty() ? "''" : value) + " | sudo tee " + path;
        }
    }

    /**
     * Loads a kernel module.
     *
     * @param module name of the module
     */
    record LoadModule(String module) implements KernelWrite {
        @Override
        public String shellCommand() {
            return "sudo modprobe " + module;
        }
    }

    /**
     * Unloads a kernel module.
     *
     * @param module name of the module
     */
    record UnloadModule(String module) implements KernelWrite {
        @Override
        public String shellCommand() {
            return "sudo modprobe -r " + module;
        }
    }

    /** Loads the modules that match a function, as udev does when a device appears. */
    record LoadByModalias(PciAddress function) implements KernelWrite {
        @Override
        public String shellCommand() {
            return "sudo modprobe \"$(cat " + SnapshotParser.PCI_DEVICES + function + "/modalias)\"";
        }
    }

    /** Returns the write that unbinds a function from any driver. */
    static KernelWrite unbindAny(PciAddress function) {
        return new WriteSysfs(SnapshotParser.PCI_DEVICES + function + "/driver/unbind", function.toString());
    }

    /** Returns the write that makes the kernel choose and bind a driver for a function. */
    static KernelWrite probeAny(PciAddress function) {
        return new WriteSysfs("/sys/bus/pci/drivers_probe", function.toString());
    }

    /**
     * Returns the write that changes a setting from one value to another.
     *
     * @throws IllegalArgumentException if no single write can do that: from one driver directly to another, or
     *     restoring a framebuffer region
     */
    static KernelWrite of(Setting setting, String from, String to) {
        return switch (setting) {
            case Setting.DriverOverride(PciAddress function) ->
                new WriteSysfs(SnapshotParser.PCI_DEVICES + function + "/driver_override", to);
            case Setting.PowerControl(PciAddress function) ->
                new WriteSysfs(SnapshotParser.PCI_DEVICES + function + "/power/control", to);
            // With the override set, only vfio-pci matches. A driver of the host is named, because several may match.
            case Setting.Driver(PciAddress function)
            when from.isEmpty() && to.equals(PciDevice.VFIO_PCI) -> probeAny(function);
            case Setting.Driver(PciAddress function) ->
                bindOrUnbind(SnapshotParser.PCI_DRIVERS, function.toString(), from, to);
            case Setting.FramebufferDriver(String device) ->
                bindOrUnbind("/sys/bus/platform/drivers/", device, from, to);
            case Setting.KernelModule(String name) when to.equals(Setting.KernelModule.LOADED) -> new LoadModule(name);
            case Setting.KernelModule(String name) -> new UnloadModule(name);
            case Setting.FramebufferRegion(PciAddress function, AddressRange range)
            when to.isEmpty() ->
                new WriteSysfs(MODULES_PATH + BootfbModule.NAME + "/parameters/release", function + " " + range);
            case Setting.FramebufferRegion region ->
                throw new IllegalArgumentException(region.range() + " cannot be restored");
        };
    }

    private static KernelWrite bindOrUnbind(String driversFolder, String device, String from, String to) {
        if (from.isEmpty() == to.isEmpty()) {
            throw new IllegalArgumentException("a single write either binds or unbinds");
        }
        return to.isEmpty()
                ? new WriteSysfs(driversFolder + from + "/unbind", device)
                : new WriteSysfs(driversFolder + to + "/bind", device);
    }
}
