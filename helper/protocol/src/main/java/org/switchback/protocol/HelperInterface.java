package org.switchback.protocol;

import java.util.List;
import org.freedesktop.dbus.DBusPath;
import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.interfaces.DBusInterface;

/** The helper itself, at {@link DBusNames#HELPER_PATH}. Errors are those of {@code org.switchback.Helper1.Error}. */
@DBusInterfaceName("org.switchback.Helper1")
public interface HelperInterface extends DBusInterface {
    /** Returns {@link DBusNames#PROTOCOL_VERSION}. */
    int Version();

    /** Whether a switch or a rollback is running. It must not be interrupted by stopping the helper. */
    boolean IsSwitching();

    /**
     * Returns the machine as the text of a {@link org.switchback.hardware.MachineSnapshot}. Its memory map contains
     * only the BARs of graphics functions, with the regions that contain them or lie in them. polkit action
     * {@code inspect}.
     */
    String Inspect();

    /**
     * Returns the machine with its whole memory map, which contains the kernel's own addresses. polkit action
     * {@code inspect-all}.
     */
    String InspectAll();

    /**
     * Plans a switch. Changes nothing. polkit action {@code inspect}.
     *
     * @param gpu PCI address of the graphics function
     * @param target {@code vm} or {@code host}
     * @param with PCI addresses of functions outside the slot to switch together with the GPU
     * @param nativeDriver whether the GPU's own driver may be bound temporarily, where that removes the firmware
     *     framebuffer and makes the kernel module unnecessary
     */
    PlanReplyTuple Plan(String gpu, String target, List<String> with, Boolean nativeDriver);

    /**
     * Executes a plan. Returns immediately; the job first requests the authorization that the plan requires.
     *
     * @param plan id returned by {@link #Plan}; valid once, for ten minutes, and only for the sender that requested it
     * @return object path of the job
     */
    DBusPath Apply(String plan);

    /**
     * Rolls back an interrupted switch of the GPU; if there is none, switches the GPU to host mode. polkit action
     * {@code restore}.
     *
     * @return object path of the job
     */
    DBusPath Restore(String gpu);
}
