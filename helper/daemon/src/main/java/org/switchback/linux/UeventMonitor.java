package org.switchback.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.NativeLong;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.switchback.kernel.Kernel;

/**
 * Listens to the kernel's events about devices (lib/kobject_uevent.c): a device was added or removed, a driver was
 * bound or unbound, a screen was connected. Needs no privileges.
 */
public final class UeventMonitor implements Kernel.DeviceWatch {
    /** Subsystems whose events change the state of a GPU. */
    private static final Set<String> SUBSYSTEMS = Set.of("pci", "platform", "drm", "graphics", "vfio");
    /** Events are reported after this long without further ones: binding a driver causes a dozen at once. */
    private static final Duration QUIET_PERIOD = Duration.ofMillis(150);

    // include/linux/socket.h, include/uapi/linux/netlink.h
    private static final int AF_NETLINK = 16;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int NETLINK_KOBJECT_UEVENT = 15;
    /** Multicast group of the kernel's own messages; those of udev use another. */
    private static final int KERNEL_GROUP = 1;

    private static final int ADDRESS_BYTES = 12;
    private static final int GROUPS_OFFSET = 8;
    // include/uapi/linux/eventfd.h, include/uapi/asm-generic/poll.h
    private static final int EFD_CLOEXEC = 0x80000;
    private static final short POLLIN = 1;
    private static final int POLLFD_BYTES = 8;
    private static final int EVENTS_OFFSET = 4;
    private static final int REVENTS_OFFSET = 6;
    private static final int NO_TIMEOUT = -1;

    /** More than UEVENT_BUFFER_SIZE and the header. */
    private static final int MAX_MESSAGE_BYTES = 8192;

    private final LibC libc;
    private final int socket;
    private final int stopEventFd;
    private final Set<String> subsystems;
    private final Runnable onChange;
    private final Thread thread;

    private UeventMonitor(LibC libc, int socket, int stopEventFd, Set<String> subsystems, Runnable onChange) {
        this.libc = libc;
        this.socket = socket;
        this.stopEventFd = stopEventFd;
        this.subsystems = subsystems;
        this.onChange = onChange;
        this.thread = new Thread(this::run, "uevents");
        thread.setDaemon(true);
    }

    /**
     * Starts listening.
     *
     * @param onChange called on a separate thread shortly after a change, once for changes close together
     * @return empty when the kernel does not permit it
     */
    public static Optional<UeventMonitor> start(Runnable onChange) {
        return start(SUBSYSTEMS, onChange);
    }

    static Optional<UeventMonitor> start(Set<String> subsystems, Runnable onChange) {
        int socket = -1;
        try {
            LibC libc = LibC.open();
            socket = libc.socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
            try (Memory address = new Memory(ADDRESS_BYTES)) {
                address.clear();
                address.setShort(0, (short) AF_NETLINK);
                address.setInt(GROUPS_OFFSET, KERNEL_GROUP);
                libc.bind(socket, address, ADDRESS_BYTES);
            } catch (LastErrorException e) {
                libc.close(socket);
                return Optional.empty();
            }
            UeventMonitor monitor = new UeventMonitor(libc, socket, libc.eventfd(0, EFD_CLOEXEC), subsystems, onChange);
            monitor.thread.start();
            return Optional.of(monitor);
        } catch (LastErrorException | UnsatisfiedLinkError e) {
            return Optional.empty();
        }
    }

    private void run() {
        try (Memory pollFds = new Memory(2L * POLLFD_BYTES);
                Memory buffer = new Memory(MAX_MESSAGE_BYTES)) {
            boolean pending = false;
            while (poll(pollFds, pending ? (int) QUIET_PERIOD.toMillis() : NO_TIMEOUT)) {
                if (pollFds.getShort(REVENTS_OFFSET) == 0) {
                    // No event since the last one.
                    pending = false;
                    onChange.run();
                } else {
                    pending |= receiveMessage(buffer);
                }
            }
        } finally {
            libc.close(socket);
            libc.close(stopEventFd);
        }
    }

    /** @return false when the monitor was closed */
    private boolean poll(Memory pollFds, int timeoutMillis) {
        pollFds.clear();
        pollFds.setInt(0, socket);
        pollFds.setShort(EVENTS_OFFSET, POLLIN);
        pollFds.setInt(POLLFD_BYTES, stopEventFd);
        pollFds.setShort(POLLFD_BYTES + EVENTS_OFFSET, POLLIN);
        libc.poll(pollFds, new NativeLong(2), timeoutMillis);
        return pollFds.getShort(POLLFD_BYTES + REVENTS_OFFSET) == 0;
    }

    private boolean receiveMessage(Memory buffer) {
        try {
            int length = libc.recv(socket, buffer, new NativeLong(MAX_MESSAGE_BYTES), 0)
                    .intValue();
            return isFromSubsystem(buffer.getByteArray(0, length), subsystems);
        } catch (LastErrorException e) {
            // ENOBUFS: events were lost, so something has changed.
            return true;
        }
    }

    /**
     * Whether a message is about one of the subsystems. A message consists of {@code ACTION@PATH} and {@code KEY=VALUE}
     * fields, each terminated by 0.
     */
    static boolean isFromSubsystem(byte[] message, Set<String> subsystems) {
        for (String field : new String(message, StandardCharsets.UTF_8).split("\0", -1)) {
            if (field.startsWith("SUBSYSTEM=") && subsystems.contains(field.substring("SUBSYSTEM=".length()))) {
                return true;
            }
        }
        return false;
    }

    /** Stops listening. Returns at once; a running callback finishes. */
    @Override
    public void close() {
        try (Memory increment = new Memory(Long.BYTES)) {
            increment.setLong(0, 1);
            libc.write(stopEventFd, increment, new NativeLong(Long.BYTES));
        } catch (LastErrorException ignored) {
            // The monitor has stopped already.
        }
    }
}
