package org.switchback.kernel;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.PciAddress;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;

/**
 * What the helper may ask of a kernel. Implementations may be called from one thread at a time; {@link #readSnapshot} from
 * any.
 */
public interface Kernel {
    /** Makes ready for writes and a proof that are likely to follow, and waits for that. May be left out. */
    default void prepare() {}

    /** Everything about the machine, as far as this process may read it. Never fails: what can't be read is missing. */
    MachineSnapshot readSnapshot();

    /**
     * The part of a capture that a switch of the functions rests on, but for the programs that use them. Two equal ones
     * say that nothing of it has changed in between; different ones say nothing yet.
     */
    default MachineSnapshot readSwitchSnapshot(List<PciAddress> functions) {
        return readSnapshot();
    }

    /** Identifies the boot: a journal of another one is history. */
    String bootId();

    /** What {@link #readSetting} answers when the kernel does not: a write that is stuck has the device locked. */
    String UNKNOWN_VALUE = "?";

    /**
     * The value a setting has now; the empty text for none, and also when the device itself is gone. Never waits long:
     * {@link #UNKNOWN_VALUE} when the kernel does not tell.
     */
    String readSetting(Setting setting);

    /** Whether a function is on the machine. */
    default boolean hasDevice(PciAddress function) {
        return readSnapshot().childNames(SnapshotParser.PCI_DEVICES).contains(function.toString());
    }

    /** Programs that use any of the functions at this moment. */
    List<DeviceUser> readDeviceUsers(List<PciAddress> functions);

    /** Whether the kernel has had an oops since it was started. */
    boolean hasOops();

    /**
     * Writes, in a process of its own, and waits for the answer. The answer says what the write returned, not what is
     * true now: read the setting.
     *
     * @param patience how long to wait at the most
     * @param waiting  told about every second how long the write has lasted; never told when it is quick
     */
    WriteResult write(KernelWrite write, Duration patience, Consumer<Duration> waiting);

    /** Opens the functions' groups as a virtual machine would and maps and reads every BAR. */
    VfioCheck verifyVfio(List<PciAddress> functions);

    /**
     * Tells from now on when a device or its driver has changed, by whose hand ever.
     *
     * @param changed called on another thread, once for what changes together
     * @return empty when this kernel can't tell
     */
    default Optional<DeviceWatch> watchDevices(Runnable changed) {
        return Optional.empty();
    }

    /** Goes on until it is closed. */
    interface DeviceWatch extends AutoCloseable {
        @Override
        void close();
    }

    /** What a write came to. */
    sealed interface WriteResult {
        /** The kernel took it. */
        record Done() implements WriteResult {}

        /** @param errno the kernel's name for it: {@code EBUSY}; {@code ?} when it could not be told */
        record WriteFailed(String errno) implements WriteResult {}

        /** It has not returned within the time given; it may still do so, or never. */
        record TimedOut() implements WriteResult {}
    }

    /**
     * A BAR that the kernel could not reserve ({@code can't reserve}, __pci_request_region, drivers/pci/pci.c).
     *
     * @param barName   as the kernel calls it: {@code BAR 0}
     * @param range where it lies
     */
    record ReservationFailure(PciAddress function, String barName, AddressRange range) {
        private static final Pattern LOG_LINE = Pattern.compile(
                "([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]): (BAR \\d|ROM)(?: \\[[^]]*])?: can't reserve"
                        + " \\[(?:mem|io) +0x([0-9a-f]{1,16})-0x([0-9a-f]{1,16})[^]]*]");

        /** Finds all of them in a part of the kernel's log, each once. */
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

    /** What a VFIO client got. */
    sealed interface VfioCheck {
        /** @param barCount number of BARs that were mapped or read */
        record Passed(int barCount) implements VfioCheck {}

        /**
         * @param function the one that failed
         * @param reason     in a few words of the field: {@code group not viable}, {@code BAR 0: EBUSY}
         * @param reservationFailures   the BARs that the kernel's log says it could not reserve; empty also when the log may not be read
         */
        record Failed(PciAddress function, String reason, List<ReservationFailure> reservationFailures) implements VfioCheck {
            public Failed {
                reservationFailures = List.copyOf(reservationFailures);
            }

            public Failed(PciAddress function, String reason) {
                this(function, reason, List.of());
            }

            public static final String NOT_ON_VFIO = "not on vfio-pci";
            public static final String GROUP_NOT_VIABLE = "group not viable";
            /** Another program has the group open. */
            public static final String GROUP_BUSY = "group: EBUSY";
            /** Config space reads as ones: the function has fallen off the bus. */
            public static final String CONFIG_SPACE_UNREADABLE = "config space does not answer";

            /** The kernel did not come back in time. */
            public static final String TIMED_OUT = "no answer";

            /** @param errno what the kernel answered when the BAR was asked for */
            public static String barError(int index, String errno) {
                return "BAR " + index + ": " + errno;
            }
        }
    }
}
