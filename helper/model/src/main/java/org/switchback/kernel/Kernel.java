package org.switchback.kernel;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;

/**
 * The kernel port: everything the helper reads from and writes to a kernel. Only one thread at a time may call it,
 * except for {@link #readSnapshot}, which any thread may call.
 */
public interface Kernel {
    /**
     * Prepares for writes and a VFIO check that are likely to follow, and waits until that is done. Calling it is
     * optional.
     */
    default void prepare() {}

    /** Reads everything about the machine that this process may read. Never fails: what cannot be read is missing. */
    MachineSnapshot readSnapshot();

    /**
     * Reads the part of a snapshot that a switch of the functions depends on, without the processes that use them. If
     * two are equal, nothing relevant has changed in between; if they differ, something may have changed.
     */
    default MachineSnapshot readSwitchSnapshot(List<PciAddress> functions) {
        return readSnapshot();
    }

    /** ID of the current boot. A journal of another boot is obsolete. */
    String bootId();

    /**
     * Returned by {@link #readSetting} if the kernel does not reply in time: a blocked write keeps the device locked.
     */
    String UNKNOWN_VALUE = "?";

    /**
     * Reads the current value of a setting; the empty text if it has none or if the device is gone. Never waits long:
     * returns {@link #UNKNOWN_VALUE} if the kernel does not reply in time.
     */
    String readSetting(Setting setting);

    /** Whether the machine has the function. */
    default boolean hasDevice(PciAddress function) {
        return readSnapshot().childNames(SnapshotParser.PCI_DEVICES).contains(function.toString());
    }

    /** Reads which processes use any of the functions. */
    List<DeviceUser> readDeviceUsers(List<PciAddress> functions);

    /** Whether the kernel has had an oops since boot. */
    boolean hasOops();

    /**
     * Writes in a separate process and waits for the result. The result tells what the write returned, not the new
     * state: read the setting for that.
     *
     * @param timeout longest time to wait
     * @param onProgress called about every second with the time since the write began; not called if the write is quick
     */
    WriteResult write(KernelWrite write, Duration timeout, Consumer<Duration> onProgress);

    /** Opens the functions' IOMMU groups like a virtual machine does, and maps and reads every BAR. */
    VfioCheck verifyVfio(List<PciAddress> functions);

    /**
     * Watches for changes of devices and their drivers, whatever causes them, until the watch is closed.
     *
     * @param onChange called on another thread, once for changes that occur together
     * @return empty if this kernel cannot report changes
     */
    default Optional<DeviceWatch> watchDevices(Runnable onChange) {
        return Optional.empty();
    }

    /** A watch started by {@link #watchDevices}; stopped by closing it. */
    interface DeviceWatch extends AutoCloseable {
        @Override
        void close();
    }

    /** Result of a write. */
    sealed interface WriteResult {
        /** The write succeeded. */
        record Done() implements WriteResult {}

        /**
         * The write failed.
         *
         * @param errno symbolic error name: {@code EBUSY}; {@code ?} if unknown
         */
        record WriteFailed(String errno) implements WriteResult {}

        /** The write has not returned within the timeout. It may still return, or never. */
        record TimedOut() implements WriteResult {}
    }

    /**
     * A BAR that the kernel could not reserve ({@code can't reserve}, __pci_request_region, drivers/pci/pci.c).
     *
     * @param function function with the BAR
     * @param barName name of the BAR in the kernel log: {@code BAR 0}
     * @param range addresses of the BAR
     */
    record ReservationFailure(PciAddress function, String barName, AddressRange range) {
        private static final Pattern LOG_LINE = Pattern.compile(
                "([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]): (BAR \\d|ROM)(?: \\[[^]]*])?: can't reserve"
                        + " \\[(?:mem|io) +0x([0-9a-f]{1,16})-0x([0-9a-f]{1,16})[^]]*]");

        /** Finds all reservation failures in a part of the kernel log, each once. */
        public static List<ReservationFailure> parse(String log) {
            return LOG_LINE.matcher(log)
                    .results()
                    .map(line -> new ReservationFailure(
                            PciAddress.of(line.group(1)),
                            line.group(2),
                            new AddressRange(
                                    Long.parseUnsignedLong(line.group(3), 16),
                                    Long.parseUnsignedLong(line.group(4), 16))))
                    .distinct()
                    .toList();
        }
    }

    /** Result of a VFIO check. */
    sealed interface VfioCheck {
        /**
         * Every BAR could be mapped or read.
         *
         * @param barCount number of BARs
         */
        record Passed(int barCount) implements VfioCheck {}

        /**
         * The check failed.
         *
         * @param function function that failed
         * @param reason short technical reason: {@code group not viable}, {@code BAR 0: EBUSY}
         * @param reservationFailures BARs that the kernel could not reserve according to its log; also empty if the log
         *     cannot be read
         */
        record Failed(PciAddress function, String reason, List<ReservationFailure> reservationFailures)
                implements VfioCheck {
            public Failed {
                reservationFailures = List.copyOf(reservationFailures);
            }

            public Failed(PciAddress function, String reason) {
                this(function, reason, List.of());
            }

            public static final String NOT_ON_VFIO = "not on vfio-pci";
            public static final String GROUP_NOT_VIABLE = "group not viable";
            /** Another process has the group open. */
            public static final String GROUP_BUSY = "group: EBUSY";
            /** Config space reads as all ones: the function has fallen off the bus. */
            public static final String CONFIG_SPACE_UNREADABLE = "config space does not answer";
            /** The kernel did not return within the timeout. */
            public static final String TIMED_OUT = "no answer";

            /**
             * Returns the reason for a BAR that could not be mapped.
             *
             * @param index index of the BAR
             * @param errno error that the kernel returned for the BAR
             */
            public static String barError(int index, String errno) {
                return "BAR " + index + ": " + errno;
            }
        }
    }
}
