package org.switchback.linux;

import org.switchback.kernel.Kernel;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.NativeLong;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * What the kernel says about its devices as it happens (lib/kobject_uevent.c): one came or went, a driver was bound or
 * unbound, a screen was plugged in. Every user may listen.
 */
public final class UeventMonitor implements Kernel.DeviceWatch {
    /** Those that change what is known about a GPU. */
    private static final Set<String> SUBSYSTEMS = Set.of("pci", "platform", "drm", "graphics", "vfio");
    /** A driver that binds says a dozen things at once. */
    private static final Duration QUIET_PERIOD = Duration.ofMillis(150);

    // include/linux/socket.h, include/uapi/linux/netlink.h
    private static final int AF_NETLINK = 16;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int NETLINK_KOBJECT_UEVENT = 15;
    /** Group of the kernel's own messages; those of udev have another. */
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

    /** UEVENT_BUFFER_SIZE and the header, generously. */
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
     * Begins to listen.
     *
     * @param changed called on a thread of its own soon after something has changed, once for what changes together
     * @return empty where the kernel does not let this process listen
     */
    public static Optional<UeventMonitor> start(Runnable changed) {
        return start(SUBSYSTEMS, changed);
    }

    static Optional<UeventMonitor> start(Set<String> subsystems, Runnable changed) {
        int socket = -1;
        try {
            LibC libc = LibC.open();
            socket = libc.socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
            try (Memory address = new Memory(ADDRESS_BYTES)) {
                address.clear();
                address.setShort(0, (short) AF_NETLINK);
                address.setInt(GROUPS_OFFSET, KERNEL_GROUP);
                libc.bind(socket, address, ADDRESS_BYTES);
            } catch (LastErrorException refused) {
                libc.close(socket);
                return Optional.empty();
            }
            UeventMonitor uevents = new UeventMonitor(libc, socket, libc.eventfd(0, EFD_CLOEXEC), subsystems, changed);
            uevents.thread.start();
            return Optional.of(uevents);
        } catch (LastErrorException | UnsatisfiedLinkError refused) {
            return Optional.empty();
        }
    }

    private void run() {
        try (Memory files = new Memory(2L * POLLFD_BYTES);
                Memory buffer = new Memory(MAX_MESSAGE_BYTES)) {
            boolean pending = false;
            while (poll(files, pending ? (int) QUIET_PERIOD.toMillis() : NO_TIMEOUT)) {
                if (files.getShort(REVENTS_OFFSET) == 0) {
                    // Quiet since the last one.
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

    /** @return false when it is over */
    private boolean poll(Memory files, int timeoutMillis) {
        files.clear();
        files.setInt(0, socket);
        files.setShort(EVENTS_OFFSET, POLLIN);
        files.setInt(POLLFD_BYTES, stopEventFd);
        files.setShort(POLLFD_BYTES + EVENTS_OFFSET, POLLIN);
        libc.poll(files, new NativeLong(2), timeoutMillis);
        return files.getShort(POLLFD_BYTES + REVENTS_OFFSET) == 0;
    }

    private boolean receiveMessage(Memory buffer) {
        try {
            int length = libc.recv(socket, buffer, new NativeLong(MAX_MESSAGE_BYTES), 0).intValue();
            return isFromSubsystem(buffer.getByteArray(0, length), subsystems);
        } catch (LastErrorException lost) {
            // ENOBUFS: more was said than there was room for, so something has changed.
            return true;
        }
    }

    /** Whether a message is about one of these subsystems: {@code ACTION@PATH}, then {@code KEY=VALUE}, each ended by 0. */
    static boolean isFromSubsystem(byte[] message, Set<String> subsystems) {
        for (String field : new String(message, StandardCharsets.UTF_8).split("\0", -1)) {
            if (field.startsWith("SUBSYSTEM=") && subsystems.contains(field.substring("SUBSYSTEM=".length()))) {
                return true;
            }
        }
        return false;
    }

    /** Stops listening. Returns at once; what is being told is told to its end. */
    @Override
    public void close() {
        try (Memory one = new Memory(Long.BYTES)) {
            one.setLong(0, 1);
            libc.write(stopEventFd, one, new NativeLong(Long.BYTES));
        } catch (LastErrorException over) {
            // It has ended before.
        }
    }
}
