package org.switchback.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.NativeLong;
import com.sun.jna.Pointer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.switchback.hardware.MachineSnapshot.LinkEntry;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.SnapshotParser;
import org.switchback.kernel.Kernel;
import org.switchback.kernel.Kernel.VfioCheck;

/**
 * A small VFIO client that does what a virtual machine monitor does first with a passed-through function: it opens the
 * container, the group, the IOMMU and the device, and maps and reads every BAR. The kernel reserves a BAR only then,
 * not when vfio-pci is bound (vfio_pci_core_mmap and vfio_pci_core_setup_barmap, drivers/vfio/pci).
 *
 * <p>A mapping is created and removed without being read: reading it while memory decoding is off, or from an unplugged
 * device, raises SIGBUS, which ends the JVM. Instead the same words are read with pread, which fails with an errno. Of
 * a BAR that is not prefetchable only the first word is read: reading other registers may have side effects, and the
 * kernel has checked everything by then.
 *
 * <p>Opening a function resets it if possible, as for a virtual machine.
 */
final class VfioClient {
    // include/uapi/linux/vfio.h: _IO(';', 100 + n)
    private static final int GET_API_VERSION = 0x3b64;
    private static final int SET_IOMMU = 0x3b66;
    private static final int GROUP_GET_STATUS = 0x3b67;
    private static final int GROUP_SET_CONTAINER = 0x3b68;
    private static final int GROUP_GET_DEVICE_FD = 0x3b6a;
    private static final int DEVICE_GET_REGION_INFO = 0x3b6c;

    private static final int API_VERSION = 0;
    private static final int TYPE1V2_IOMMU = 3;
    private static final int STATUS_VIABLE = 1;
    private static final int REGION_READ = 1;
    private static final int REGION_MMAP = 4;
    private static final int BAR_COUNT = 6;
    private static final int CONFIG_REGION_INDEX = 7;

    // include/uapi/linux/pci_regs.h
    private static final long COMMAND = 0x04;
    private static final int COMMAND_MEMORY = 0x2;
    private static final long BASE_ADDRESS_0 = 0x10;
    private static final int ADDRESS_IO = 0x1;
    private static final int ADDRESS_PREFETCH = 0x8;

    // include/uapi/asm-generic/fcntl.h, mman-common.h
    private static final int O_RDWR = 0x2;
    private static final int O_CLOEXEC = 0x80000;
    private static final int PROT_READ = 0x1;
    private static final int MAP_SHARED = 0x1;

    private static final int WORD_BYTES = 4;
    private static final int NO_FILE = -1;

    private final KernelFileReader files;
    private final LibC libc;
    private final Deque<Runnable> cleanupActions = new ArrayDeque<>();
    private final Map<String, Integer> groupFiles = new HashMap<>();
    private int containerFile = NO_FILE;

    /** @param libc from {@link LibC#openAndPreload}; shared by any number of clients */
    VfioClient(KernelFileReader files, LibC libc) {
        this.files = files;
        this.libc = libc;
    }

    /** The kernel rejected a request. */
    private static final class VfioException extends Exception {
        private static final long serialVersionUID = 1;
        private final String reason;

        VfioException(String reason) {
            super(reason, null, false, false);
            this.reason = reason;
        }
    }

    /** Description of a region of a device; size and offset in bytes. */
    private record VfioRegionInfo(int flags, long size, long offset) {
        boolean hasFlag(int flag) {
            return (flags & flag) != 0;
        }
    }

    /** Verifies the functions one after the other in one container, and closes everything. */
    VfioCheck verifyVfio(List<PciAddress> functions) {
        KernelLog log = new KernelLog(libc, files);
        VfioCheck result = verifyFunctions(functions);
        String records = log.readNewRecords();
        return result instanceof VfioCheck.Failed(PciAddress function, String reason, var failures)
                ? new VfioCheck.Failed(function, reason, Kernel.ReservationFailure.parse(records))
                : result;
    }

    private VfioCheck verifyFunctions(List<PciAddress> functions) {
        int bars = 0;
        try {
            List<Integer> devices = new ArrayList<>();
            for (PciAddress function : functions) {
                try {
                    devices.add(openDevice(function));
                } catch (VfioException e) {
                    return new VfioCheck.Failed(function, e.reason);
                }
            }
            for (int i = 0; i < devices.size(); i++) {
                try {
                    bars += verifyBars(devices.get(i));
                } catch (VfioException e) {
                    return new VfioCheck.Failed(functions.get(i), e.reason);
                }
            }
            return new VfioCheck.Passed(bars);
        } finally {
            while (!cleanupActions.isEmpty()) {
                cleanupActions.pop().run();
            }
        }
    }

    private int openDevice(PciAddress function) throws VfioException {
        String folder = SnapshotParser.PCI_DEVICES + function;
        if (!linkTargetName(folder + "/driver").equals(PciDevice.VFIO_PCI)) {
            throw new VfioException(VfioCheck.Failed.NOT_ON_VFIO);
        }
        String number = linkTargetName(folder + "/iommu_group");
        Integer group = groupFiles.get(number);
        if (group == null) {
            group = openGroup(number);
            groupFiles.put(number, group);
        }
        try {
            return closeLater(libc.ioctl(group, ioctlRequest(GROUP_GET_DEVICE_FD), function.toString()));
        } catch (LastErrorException e) {
            throw toException("device", e);
        }
    }

    private String linkTargetName(String path) {
        return files.readLink(path)
                .map(entry ->
                        entry instanceof LinkEntry(String target) ? target.substring(target.lastIndexOf('/') + 1) : "")
                .orElse("");
    }

    private int openGroup(String number) throws VfioException {
        if (containerFile == NO_FILE) {
            containerFile = openContainer();
        }
        int group = open("/dev/vfio/" + number, "group");
        try (Memory status = new Memory(8)) {
            status.setInt(0, 8);
            status.setInt(4, 0);
            libc.ioctl(group, ioctlRequest(GROUP_GET_STATUS), status);
            if ((status.getInt(4) & STATUS_VIABLE) == 0) {
                throw new VfioException(VfioCheck.Failed.GROUP_NOT_VIABLE);
            }
            try (Memory argument = new Memory(4)) {
                argument.setInt(0, containerFile);
                libc.ioctl(group, ioctlRequest(GROUP_SET_CONTAINER), argument);
            }
            // The IOMMU driver of a container can be set once it has a group.
            if (groupFiles.isEmpty()) {
                libc.ioctl(containerFile, ioctlRequest(SET_IOMMU), TYPE1V2_IOMMU);
            }
            return group;
        } catch (LastErrorException e) {
            throw toException("group", e);
        }
    }

    private int openContainer() throws VfioException {
        int file = open("/dev/vfio/vfio", "container");
        try {
            if (libc.ioctl(file, ioctlRequest(GET_API_VERSION)) != API_VERSION) {
                throw new VfioException("container: another version");
            }
            return file;
        } catch (LastErrorException e) {
            throw toException("container", e);
        }
    }

    private int verifyBars(int device) throws VfioException {
        VfioRegionInfo config = readRegionInfo(device, CONFIG_REGION_INDEX, "config space");
        try (Memory word = new Memory(WORD_BYTES)) {
            if ((int) readWord(device, config.offset, word) == -1) {
                throw new VfioException(VfioCheck.Failed.CONFIG_SPACE_UNREADABLE);
            }
            // Without memory decoding the kernel fails with EIO for every BAR; a VMM enables it the same way.
            libc.pread(device, word, new NativeLong(2), new NativeLong(config.offset + COMMAND));
            short command = word.getShort(0);
            word.setShort(0, (short) (command | COMMAND_MEMORY));
            libc.pwrite(device, word, new NativeLong(2), new NativeLong(config.offset + COMMAND));
            int bars = 0;
            try {
                for (int bar = 0; bar < BAR_COUNT; bar++) {
                    long offset = config.offset + BASE_ADDRESS_0 + (long) WORD_BYTES * bar;
                    int address = (int) readWord(device, offset, word);
                    bars += verifyBar(device, bar, address) ? 1 : 0;
                }
            } finally {
                word.setShort(0, command);
                libc.pwrite(device, word, new NativeLong(2), new NativeLong(config.offset + COMMAND));
            }
            return bars;
        } catch (LastErrorException e) {
            throw toException("config space", e);
        }
    }

    /** @return false when the function has no such BAR */
    private boolean verifyBar(int device, int bar, int address) throws VfioException {
        VfioRegionInfo region = readRegionInfo(device, bar, "BAR " + bar);
        if (region.size == 0) {
            return false;
        }
        try (Memory word = new Memory(WORD_BYTES)) {
            if (region.hasFlag(REGION_MMAP)) {
                NativeLong length = new NativeLong(region.size);
                Pointer mapping =
                        libc.mmap(Pointer.NULL, length, PROT_READ, MAP_SHARED, device, new NativeLong(region.offset));
                libc.munmap(mapping, length);
            }
            if (region.hasFlag(REGION_READ)) {
                boolean isPrefetchable = (address & ADDRESS_IO) == 0 && (address & ADDRESS_PREFETCH) != 0;
                long last = (region.size - WORD_BYTES) & -WORD_BYTES;
                long[] offsets = isPrefetchable ? new long[] {0, last / 2 & -WORD_BYTES, last} : new long[] {0};
                for (long offset : offsets) {
                    readWord(device, region.offset + offset, word);
                }
            }
            return true;
        } catch (LastErrorException e) {
            throw toException("BAR " + bar, e);
        }
    }

    private long readWord(int device, long offset, Memory word) {
        long count = libc.pread(device, word, new NativeLong(WORD_BYTES), new NativeLong(offset))
                .longValue();
        if (count != WORD_BYTES) {
            // EIO
            throw new LastErrorException(5);
        }
        return word.getInt(0);
    }

    private VfioRegionInfo readRegionInfo(int device, int index, String operation) throws VfioException {
        int size = 32;
        try (Memory info = new Memory(size)) {
            info.clear();
            info.setInt(0, size);
            info.setInt(8, index);
            libc.ioctl(device, ioctlRequest(DEVICE_GET_REGION_INFO), info);
            return new VfioRegionInfo(info.getInt(4), info.getLong(16), info.getLong(24));
        } catch (LastErrorException e) {
            throw toException(operation, e);
        }
    }

    private int open(String path, String operation) throws VfioException {
        try {
            return closeLater(libc.open(files.resolve(path), O_RDWR | O_CLOEXEC));
        } catch (LastErrorException e) {
            throw toException(operation, e);
        }
    }

    private int closeLater(int file) {
        cleanupActions.push(() -> {
            try {
                libc.close(file);
            } catch (LastErrorException ignored) {
                // The descriptor is closed despite the error.
            }
        });
        return file;
    }

    private static NativeLong ioctlRequest(int number) {
        return new NativeLong(number);
    }

    private static VfioException toException(String operation, LastErrorException e) {
        return new VfioException(operation + ": " + Errno.nameOf(e.getErrorCode()));
    }
}
