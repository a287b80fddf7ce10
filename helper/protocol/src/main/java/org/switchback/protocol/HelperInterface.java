package org.switchback.protocol;

import java.util.List;
import org.freedesktop.dbus.DBusPath;
import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.interfaces.DBusInterface;

/** The helper itself, at {@link DBusNames#HELPER_PATH}. Errors are those of {@code org.switchback.Helper1.Error}. */
@DBusInterfaceName("org.switchback.Helper1")
public interface HelperInterface extends DBusInterface {
    /** {@link DBusNames#PROTOCOL_VERSION}. */
    int Version();

    /**
     * The machine as a capture (see {@code org.switchback.hardware.Capture}); of the memory map only what lies in and
     * above the BARs of graphics functions. Action {@code inspect}.
     */
    String Inspect();

    /** The machine with its whole memory map, which holds the kernel's own addresses. Action {@code inspect-all}. */
    String InspectAll();

    /**
     * What a switch would take. Changes nothing. Action {@code inspect}.
     *
     * @param gpu PCI address of the graphics function
     * @param target {@code vm} or {@code host}
     * @param with PCI addresses of functions outside the slot that should go along
     * @param nativeDriver whether the GPU's own driver may be bound for a moment, where that removes the firmware's
     *     framebuffer and spares the kernel module
     */
    PlanReplyTuple Plan(String gpu, String target, List<String> with, Boolean nativeDriver);

    /**
     * Carries a plan out. The answer comes at once; the job first asks for the permission the plan needs.
     *
     * @param plan the id from {@link #Plan}: good for the same sender only, once, for ten minutes
     */
    DBusPath Apply(String plan);

    /**
     * Puts back what a switch left half done; where nothing is half done, switches the GPU to host mode. Action
     * {@code restore}.
     */
    DBusPath Restore(String gpu);
}
