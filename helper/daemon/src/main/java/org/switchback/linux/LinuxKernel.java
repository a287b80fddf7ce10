package org.switchback.linux;

import org.switchback.kernel.Kernel;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.BootfbModule;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.MachineSnapshot.SnapshotEntry;
import org.switchback.hardware.MachineSnapshot.LinkEntry;
import org.switchback.hardware.MachineSnapshot.TextEntry;
import org.switchback.hardware.FirmwareRegion;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.SnapshotParser;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.KernelTaint;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;

/**
 * The running kernel, through sysfs, /proc and VFIO. Nothing here writes from within this JVM, and nothing waits for the
 * kernel without a deadline.
 */
public final class LinuxKernel implements Kernel, AutoCloseable {
    /** A file that is read has this long to answer. */
    private static final Duration FILE_TIMEOUT = Duration.ofSeconds(1);

    /** To open a function resets it, which takes a second or more; one that does not come back takes longer. */
    private static final Duration VFIO_CHECK_TIMEOUT = Duration.ofSeconds(60);

    /** So many files that do not answer are passed over in one capture; what comes after a further one is missing. */
    private static final int MAX_UNRESPONSIVE_FILES = 3;

    /** Bash has this long to start; one that takes longer is not used. */
    private static final Duration START_TIMEOUT = Duration.ofSeconds(2);

    private static final Duration SECOND = Duration.ofSeconds(1);

    /** What a PCI function calls itself, with which modprobe finds its drivers (pci_uevent, drivers/pci/pci-driver.c). */
    private static final Pattern MODALIAS = Pattern.compile("pci:[0-9a-zA-Z]{1,80}");

    private final KernelFiles files;
    private final TimedFileReader timedReader;
    private final PciNames pciNames;
    private final ProcessTable processTable;
    private final ExecutorService executor = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("kernel").factory());
    private final Set<String> unresponsivePaths = ConcurrentHashMap.newKeySet();
    private @Nullable WriterProcess writerProcess;
    private @Nullable LibC libc;

    /** @param root {@code /}, or a folder with a tree like the kernel's below it */
    public LinuxKernel(Path root) {
        files = new KernelFiles(root);
        timedReader = new TimedFileReader(files, FILE_TIMEOUT);
        pciNames = new PciNames(files);
        processTable = new ProcessTable(files);
    }

    @Override
    public void prepare() {
        timedReader.prepare();
        try {
            WriterProcess shell = acquireWriter();
            // It answers when bash has started.
            shell.send(WriterProcess.WriterCommand.READ, "/dev/null", "");
            if (shell.awaitReply(START_TIMEOUT).isEmpty()) {
                shell.close();
            }
        } catch (IOException noBash) {
            // The first write will say so.
        }
        libc();
    }

    private synchronized LibC libc() {
        LibC open = libc;
        if (open == null) {
            open = LibC.openAndPreload();
            libc = open;
        }
        return open;
    }

    @Override
    public MachineSnapshot readSnapshot() {
        return readInThread(LinuxSnapshotReader::readMachine);
    }

    @Override
    public MachineSnapshot readSwitchSnapshot(List<PciAddress> functions) {
        return readInThread(live -> live.readSwitchState(functions));
    }

    @Override
    public List<DeviceUser> readDeviceUsers(List<PciAddress> functions) {
        return SnapshotParser.parseDeviceUsers(readInThread(live -> live.readDeviceUsers(functions)));
    }

    /** Looks from a thread of its own, so that a file which does not answer keeps that one and not the caller. */
    private MachineSnapshot readInThread(Consumer<LinuxSnapshotReader> what) {
        while (true) {
            LinuxSnapshotReader live = new LinuxSnapshotReader(files, timedReader, pciNames, processTable, Set.copyOf(unresponsivePaths));
            CompletableFuture<Void> done = new CompletableFuture<>();
            executor.execute(() -> {
                try {
                    what.accept(live);
                } finally {
                    done.complete(null);
                }
            });
            Optional<String> stuckAt = awaitOrStuckPath(done, live);
            if (stuckAt.isEmpty() || unresponsivePaths.size() >= MAX_UNRESPONSIVE_FILES) {
                return live.snapshot();
            }
            unresponsivePaths.add(stuckAt.get());
            done.thenRun(() -> unresponsivePaths.remove(stuckAt.get()));
        }
    }

    /** @return the path at which it has not moved for too long; empty when it has finished */
    private static Optional<String> awaitOrStuckPath(CompletableFuture<Void> done, LinuxSnapshotReader live) {
        while (true) {
            String at = live.currentPath();
            if (awaitCompletion(done, FILE_TIMEOUT.plus(FILE_TIMEOUT))) {
                return Optional.empty();
            }
            if (at.equals(live.currentPath())) {
                return Optional.of(at);
            }
        }
    }

    private static boolean awaitCompletion(CompletableFuture<Void> done, Duration patience) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    done.get(patience.toMillis(), TimeUnit.MILLISECONDS);
                    return true;
                } catch (TimeoutException notYet) {
                    return false;
                } catch (ExecutionException never) {
                    throw new IllegalStateException("it is not told how it ended", never);
                } catch (InterruptedException later) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public Optional<DeviceWatch> watchDevices(Runnable changed) {
        return UeventMonitor.start(changed).map(DeviceWatch.class::cast);
    }

    @Override
    public String bootId() {
        return files.readLine("/proc/sys/kernel/random/boot_id").orElse("");
    }

    @Override
    public boolean hasOops() {
        try {
            return new KernelTaint(Long.parseLong(files.readLine("/proc/sys/kernel/tainted").orElse("0"))).hasOops();
        } catch (NumberFormatException none) {
            return false;
        }
    }

    @Override
    public String readSetting(Setting setting) {
        return switch (setting) {
            case Setting.Driver(PciAddress function) -> linkTargetName(SnapshotParser.PCI_DEVICES + function + "/driver");
            case Setting.DriverOverride(PciAddress function) ->
                readWithTimeout(SnapshotParser.PCI_DEVICES + function + "/driver_override");
            case Setting.PowerControl(PciAddress function) ->
                files.readLine(SnapshotParser.PCI_DEVICES + function + "/power/control").orElse("");
            case Setting.FramebufferDriver(String device) ->
                hasRegisteredFramebuffer(SnapshotParser.PLATFORM_DEVICES + device)
                        ? linkTargetName(SnapshotParser.PLATFORM_DEVICES + device + "/driver")
                        : "";
            case Setting.FramebufferRegion(PciAddress function, AddressRange range) -> readFirmwareRegion(function, range);
            case Setting.KernelModule(String name) ->
                files.isDirectory("/sys/module/" + name.replace('-', '_'))
                                || files.isDirectory(SnapshotParser.PCI_DRIVERS + name)
                        ? Setting.KernelModule.LOADED
                        : "";
        };
    }

    /** A capture that left files out for their silence would not tell. */
    @Override
    public boolean hasDevice(PciAddress function) {
        return files.isDirectory(SnapshotParser.PCI_DEVICES + function);
    }

    /** Whether a framebuffer or a card is registered below a platform device. */
    private boolean hasRegisteredFramebuffer(String device) {
        return files.list(device + "/graphics").length > 0 || files.list(device + "/drm").length > 0;
    }

    /** Read from /proc/iomem at this moment. */
    private String readFirmwareRegion(PciAddress function, AddressRange range) {
        MemoryMap map = files.readText(LinuxSnapshotReader.IOMEM, LinuxSnapshotReader.LARGE_FILE_LIMIT)
                .map(entry -> entry instanceof TextEntry(String text) ? MemoryMap.parse(text) : MemoryMap.EMPTY)
                .orElse(MemoryMap.EMPTY);
        return map.addressesHidden() || map.equals(MemoryMap.EMPTY)
                ? UNKNOWN_VALUE
                : FirmwareRegion.findRegionName(map, function, range).orElse("");
    }

    private String linkTargetName(String path) {
        return files.readLink(path)
                .map(entry -> entry instanceof LinkEntry(String target)
                        ? target.substring(target.lastIndexOf('/') + 1)
                        : UNKNOWN_VALUE)
                .orElse("");
    }

    private String readWithTimeout(String path) {
        Map<String, SnapshotEntry> answers = timedReader.request(List.of(path)).awaitAll();
        SnapshotEntry entry = answers.getOrDefault(path, new TextEntry(""));
        return entry instanceof TextEntry(String text) ? (text.equals("(null)") ? "" : text) : UNKNOWN_VALUE;
    }

    @Override
    public WriteResult write(KernelWrite write, Duration patience, Consumer<Duration> waiting) {
        WriterProcess shell;
        try {
            shell = acquireWriter();
        } catch (IOException noBash) {
            return new WriteResult.WriteFailed("?");
        }
        switch (write) {
            case KernelWrite.WriteSysfs(String path, String value) -> {
                if (!isValidPath(path) || !isValidValue(value)) {
                    return new WriteResult.WriteFailed("EINVAL");
                }
                shell.send(WriterProcess.WriterCommand.WRITE, files.resolve(path), value);
            }
            case KernelWrite.LoadModule(String module) -> {
                if (!isValidValue(module)) {
                    return new WriteResult.WriteFailed("EINVAL");
                }
                shell.send(WriterProcess.WriterCommand.LOAD, systemdUnit(module), module);
            }
            case KernelWrite.UnloadModule(String module) -> {
                if (!isValidValue(module)) {
                    return new WriteResult.WriteFailed("EINVAL");
                }
                shell.send(WriterProcess.WriterCommand.UNLOAD, systemdUnit(module), module);
            }
            case KernelWrite.LoadByModalias(PciAddress function) -> {
                Optional<String> alias = files.readLine(SnapshotParser.PCI_DEVICES + function + "/modalias");
                if (alias.filter(MODALIAS.asMatchPredicate()).isEmpty()) {
                    return new WriteResult.WriteFailed("ENOENT");
                }
                shell.send(WriterProcess.WriterCommand.LOAD, "switchback-driver@" + function + ".service", alias.get());
            }
        }
        Optional<WriterProcess.WriterReply> reply = Optional.empty();
        try {
            reply = awaitReply(shell, patience, waiting);
        } finally {
            if (reply.isEmpty()) {
                // It writes nothing that it has not begun to write by now, and its answer is nobody's.
                shell.close();
                writerProcess = null;
            }
        }
        return reply.<WriteResult>map(r -> r.succeeded() ? new WriteResult.Done() : new WriteResult.WriteFailed(r.errno()))
                .orElse(new WriteResult.TimedOut());
    }

    /** The unit in {@code packaging/systemd} that loads a module. */
    private static String systemdUnit(String module) {
        return switch (module) {
            case BootfbModule.NAME -> "switchback-bootfb.service";
            default -> "switchback-vfio.service";
        };
    }

    /** Waits for the answer, and says every second that it does. */
    private static Optional<WriterProcess.WriterReply> awaitReply(WriterProcess shell, Duration patience, Consumer<Duration> waiting) {
        Duration waited = Duration.ZERO;
        while (waited.compareTo(patience) < 0) {
            Duration left = patience.minus(waited);
            Duration step = left.compareTo(SECOND) < 0 ? left : SECOND;
            Optional<WriterProcess.WriterReply> reply = shell.awaitReply(step);
            if (reply.isPresent()) {
                return reply;
            }
            waited = waited.plus(step);
            if (step.equals(SECOND)) {
                waiting.accept(waited);
            }
        }
        return Optional.empty();
    }

    private WriterProcess acquireWriter() throws IOException {
        WriterProcess shell = writerProcess;
        if (shell == null || shell.isTerminated()) {
            shell = WriterProcess.start();
            writerProcess = shell;
        }
        return shell;
    }

    /**
     * Whether a path is made of addresses and names as drivers have them. There are odder names, {@code MTD PCI}: a switch
     * does without those.
     */
    private static boolean isValidPath(String path) {
        boolean plain = path.chars()
                .allMatch(c -> (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                        || "/_.:-".indexOf(c) >= 0);
        return plain && path.length() <= 128 && path.startsWith("/sys/") && !path.contains("..");
    }

    /** Whether a value is one short line of text. An old override may be anything that somebody once wrote. */
    private static boolean isValidValue(String value) {
        return value.length() <= 128 && value.chars().noneMatch(Character::isISOControl);
    }

    @Override
    public VfioCheck verifyVfio(List<PciAddress> functions) {
        if (functions.isEmpty()) {
            return new VfioCheck.Passed(0);
        }
        return CompletableFuture.supplyAsync(
                        () -> new VfioClient(files, libc()).verifyVfio(functions),
                        executor)
                .completeOnTimeout(
                        new VfioCheck.Failed(functions.getFirst(), VfioCheck.Failed.TIMED_OUT),
                        VFIO_CHECK_TIMEOUT.toSeconds(),
                        TimeUnit.SECONDS)
                .join();
    }

    /** Ends the child processes; one that is stuck in the kernel ends when that lets it go. */
    @Override
    public void close() {
        timedReader.close();
        executor.shutdown();
        if (writerProcess != null) {
            writerProcess.close();
            writerProcess = null;
        }
    }
}
