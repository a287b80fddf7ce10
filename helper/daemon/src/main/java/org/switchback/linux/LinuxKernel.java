package org.switchback.linux;

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
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.FirmwareRegionKind;
import org.switchback.hardware.KernelTaint;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.MachineSnapshot.LinkEntry;
import org.switchback.hardware.MachineSnapshot.SnapshotEntry;
import org.switchback.hardware.MachineSnapshot.TextEntry;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.SnapshotParser;
import org.switchback.kernel.Kernel;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;

/**
 * The running kernel, through sysfs, /proc and VFIO. All writes happen in child processes, and every wait for the
 * kernel has a timeout.
 */
public final class LinuxKernel implements Kernel, AutoCloseable {
    /** Timeout for reading a file. */
    private static final Duration FILE_TIMEOUT = Duration.ofSeconds(1);

    /** Opening a function resets it, which takes a second or more, and longer when the function does not recover. */
    private static final Duration VFIO_CHECK_TIMEOUT = Duration.ofSeconds(60);

    /** Number of unresponsive files that a snapshot skips. After a further one the snapshot is incomplete. */
    private static final int MAX_UNRESPONSIVE_FILES = 3;

    /** Timeout for starting bash. A slower one is not used. */
    private static final Duration START_TIMEOUT = Duration.ofSeconds(2);

    private static final Duration SECOND = Duration.ofSeconds(1);

    /** The name by which modprobe finds the drivers of a function (pci_uevent, drivers/pci/pci-driver.c). */
    private static final Pattern MODALIAS = Pattern.compile("pci:[0-9a-zA-Z]{1,80}");

    private final KernelFileReader files;
    private final TimedFileReader timedReader;
    private final PciIdsExcerptReader pciNames;
    private final ProcessTable processTable;
    private final MappingScanner mappings;
    private final ExecutorService executor = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("kernel").factory());
    private final Set<String> unresponsivePaths = ConcurrentHashMap.newKeySet();
    private @Nullable WriterProcess writerProcess;
    private @Nullable LibC libc;

    /** @param root {@code /}, or a folder with a copy of the files */
    public LinuxKernel(Path root) {
        files = new KernelFileReader(root);
        timedReader = new TimedFileReader(files, FILE_TIMEOUT);
        pciNames = new PciIdsExcerptReader(files);
        processTable = new ProcessTable(files);
        mappings = new MappingScanner(files);
    }

    @Override
    public void prepare() {
        timedReader.prepare();
        try {
            WriterProcess process = acquireWriter();
            // The reply comes when bash has started.
            process.send(WriterProcess.WriterCommand.READ, "/dev/null", "");
            if (process.awaitReply(START_TIMEOUT).isEmpty()) {
                process.close();
            }
        } catch (IOException ignored) {
            // The first write fails then.
        }
        libc();
    }

    private synchronized LibC libc() {
        LibC current = libc;
        if (current == null) {
            current = LibC.openAndPreload();
            libc = current;
        }
        return current;
    }

    @Override
    public MachineSnapshot readSnapshot() {
        return readInThread(LinuxSnapshotReader::readMachine);
    }

    @Override
    public MachineSnapshot readSwitchSnapshot(List<PciAddress> functions) {
        return readInThread(reader -> reader.readSwitchState(functions));
    }

    @Override
    public List<DeviceUser> readDeviceUsers(List<PciAddress> functions) {
        return SnapshotParser.parseDeviceUsers(readInThread(reader -> reader.readDeviceUsers(functions)));
    }

    /** Reads in a separate thread, so that an unresponsive file blocks that thread and not the caller. */
    private MachineSnapshot readInThread(Consumer<LinuxSnapshotReader> task) {
        while (true) {
            LinuxSnapshotReader reader = new LinuxSnapshotReader(
                    files, timedReader, pciNames, processTable, mappings, Set.copyOf(unresponsivePaths));
            CompletableFuture<Void> done = new CompletableFuture<>();
            executor.execute(() -> {
                try {
                    task.accept(reader);
                } finally {
                    done.complete(null);
                }
            });
            Optional<String> stuckPath = awaitOrStuckPath(done, reader);
            if (stuckPath.isEmpty() || unresponsivePaths.size() >= MAX_UNRESPONSIVE_FILES) {
                return reader.snapshot();
            }
            unresponsivePaths.add(stuckPath.get());
            done.thenRun(() -> unresponsivePaths.remove(stuckPath.get()));
        }
    }

    /** @return the path on which the reader has blocked for too long; empty when it has finished */
    private static Optional<String> awaitOrStuckPath(CompletableFuture<Void> done, LinuxSnapshotReader reader) {
        while (true) {
            String path = reader.currentPath();
            if (awaitCompletion(done, FILE_TIMEOUT.plus(FILE_TIMEOUT))) {
                return Optional.empty();
            }
            if (path.equals(reader.currentPath())) {
                return Optional.of(path);
            }
        }
    }

    private static boolean awaitCompletion(CompletableFuture<Void> done, Duration timeout) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    done.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
                    return true;
                } catch (TimeoutException e) {
                    return false;
                } catch (ExecutionException e) {
                    throw new IllegalStateException("the future never fails", e);
                } catch (InterruptedException e) {
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
    public Optional<DeviceWatch> watchDevices(Runnable onChange) {
        return UeventMonitor.start(onChange).map(DeviceWatch.class::cast);
    }

    @Override
    public String bootId() {
        return files.readString("/proc/sys/kernel/random/boot_id").orElse("");
    }

    @Override
    public boolean hasOops() {
        try {
            return new KernelTaint(Long.parseLong(
                            files.readString("/proc/sys/kernel/tainted").orElse("0")))
                    .hasOops();
        } catch (NumberFormatException e) {
            return false;
        }
    }

    @Override
    public String readSetting(Setting setting) {
        return switch (setting) {
            case Setting.Driver(PciAddress function) ->
                linkTargetName(SnapshotParser.PCI_DEVICES + function + "/driver");
            case Setting.DriverOverride(PciAddress function) ->
                readWithTimeout(SnapshotParser.PCI_DEVICES + function + "/driver_override");
            case Setting.PowerControl(PciAddress function) ->
                files.readString(SnapshotParser.PCI_DEVICES + function + "/power/control")
                        .orElse("");
            case Setting.FramebufferDriver(String device) ->
                hasRegisteredFramebuffer(SnapshotParser.PLATFORM_DEVICES + device)
                        ? linkTargetName(SnapshotParser.PLATFORM_DEVICES + device + "/driver")
                        : "";
            case Setting.FramebufferRegion(PciAddress function, AddressRange range) ->
                readFirmwareRegion(function, range);
            case Setting.KernelModule(String name) ->
                files.isDirectory("/sys/module/" + name.replace('-', '_'))
                                || files.isDirectory(SnapshotParser.PCI_DRIVERS + name)
                        ? Setting.KernelModule.LOADED
                        : "";
        };
    }

    /** Reads sysfs directly, because a snapshot may lack unresponsive files. */
    @Override
    public boolean hasDevice(PciAddress function) {
        return files.isDirectory(SnapshotParser.PCI_DEVICES + function);
    }

    /** Whether a framebuffer or a card is registered below a platform device. */
    private boolean hasRegisteredFramebuffer(String device) {
        return files.list(device + "/graphics").length > 0 || files.list(device + "/drm").length > 0;
    }

    /** Reads the current /proc/iomem. */
    private String readFirmwareRegion(PciAddress function, AddressRange range) {
        MemoryMap map = files.readText(LinuxSnapshotReader.IOMEM, LinuxSnapshotReader.LARGE_FILE_LIMIT)
                .map(entry -> entry instanceof TextEntry(String text) ? MemoryMap.parse(text) : MemoryMap.EMPTY)
                .orElse(MemoryMap.EMPTY);
        return map.addressesHidden() || map.equals(MemoryMap.EMPTY)
                ? UNKNOWN_VALUE
                : FirmwareRegionKind.findRegionName(map, function, range).orElse("");
    }

    private String linkTargetName(String path) {
        return files.readLink(path)
                .map(entry -> entry instanceof LinkEntry(String target)
                        ? target.substring(target.lastIndexOf('/') + 1)
                        : UNKNOWN_VALUE)
                .orElse("");
    }

    private String readWithTimeout(String path) {
        Map<String, SnapshotEntry> entries = timedReader.request(List.of(path)).awaitAll();
        SnapshotEntry entry = entries.getOrDefault(path, new TextEntry(""));
        return entry instanceof TextEntry(String text) ? (text.equals("(null)") ? "" : text) : UNKNOWN_VALUE;
    }

    @Override
    public WriteResult write(KernelWrite write, Duration timeout, Consumer<Duration> waiting) {
        WriterProcess process;
        try {
            process = acquireWriter();
        } catch (IOException e) {
            return new WriteResult.WriteFailed("?");
        }
        switch (write) {
            case KernelWrite.WriteSysfs(String path, String value) -> {
                if (!isValidPath(path) || !isValidValue(value)) {
                    return new WriteResult.WriteFailed("EINVAL");
                }
                process.send(WriterProcess.WriterCommand.WRITE, files.resolve(path), value);
            }
            case KernelWrite.LoadModule(String module) -> {
                if (!isValidValue(module)) {
                    return new WriteResult.WriteFailed("EINVAL");
                }
                process.send(WriterProcess.WriterCommand.LOAD, systemdUnit(module), module);
            }
            case KernelWrite.UnloadModule(String module) -> {
                if (!isValidValue(module)) {
                    return new WriteResult.WriteFailed("EINVAL");
                }
                process.send(WriterProcess.WriterCommand.UNLOAD, systemdUnit(module), module);
            }
            case KernelWrite.LoadByModalias(PciAddress function) -> {
                Optional<String> alias = files.readString(SnapshotParser.PCI_DEVICES + function + "/modalias");
                if (alias.filter(MODALIAS.asMatchPredicate()).isEmpty()) {
                    return new WriteResult.WriteFailed("ENOENT");
                }
                process.send(
                        WriterProcess.WriterCommand.LOAD, "switchback-driver@" + function + ".service", alias.get());
            }
        }
        Optional<WriterProcess.WriterReply> reply = Optional.empty();
        try {
            reply = awaitReply(process, timeout, waiting);
        } finally {
            if (reply.isEmpty()) {
                // The process starts no further write, and its reply is discarded.
                process.close();
                writerProcess = null;
            }
        }
        if (reply.isEmpty()) {
            return new WriteResult.TimedOut();
        }
        return reply.get().succeeded()
                ? new WriteResult.Done()
                : new WriteResult.WriteFailed(reply.get().errno());
    }

    /** The unit of {@code packaging/systemd} that loads a module. */
    private static String systemdUnit(String module) {
        return switch (module) {
            case BootfbModule.NAME -> "switchback-bootfb.service";
            default -> "switchback-vfio.service";
        };
    }

    /** Waits for the reply, and reports every second how long it has waited. */
    private static Optional<WriterProcess.WriterReply> awaitReply(
            WriterProcess process, Duration timeout, Consumer<Duration> waiting) {
        Duration waited = Duration.ZERO;
        while (waited.compareTo(timeout) < 0) {
            Duration remaining = timeout.minus(waited);
            Duration step = remaining.compareTo(SECOND) < 0 ? remaining : SECOND;
            Optional<WriterProcess.WriterReply> reply = process.awaitReply(step);
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
        WriterProcess process = writerProcess;
        if (process == null || process.isTerminated()) {
            process = WriterProcess.start();
            writerProcess = process;
        }
        return process;
    }

    /**
     * Whether a path consists of addresses and usual driver names. A few drivers have unusual names, such as {@code MTD
     * PCI}; a switch does not need them.
     */
    private static boolean isValidPath(String path) {
        boolean hasValidCharacters = path.chars()
                .allMatch(c -> (c >= 'a' && c <= 'z')
                        || (c >= 'A' && c <= 'Z')
                        || (c >= '0' && c <= '9')
                        || "/_.:-".indexOf(c) >= 0);
        return hasValidCharacters && path.length() <= 128 && path.startsWith("/sys/") && !path.contains("..");
    }

    /** Whether a value is one short line of text. An existing driver override, which is restored, may be any text. */
    private static boolean isValidValue(String value) {
        return value.length() <= 128 && value.chars().noneMatch(Character::isISOControl);
    }

    @Override
    public VfioCheck verifyVfio(List<PciAddress> functions) {
        if (functions.isEmpty()) {
            return new VfioCheck.Passed(0);
        }
        return CompletableFuture.supplyAsync(() -> new VfioClient(files, libc()).verifyVfio(functions), executor)
                .completeOnTimeout(
                        new VfioCheck.Failed(functions.getFirst(), VfioCheck.Failed.TIMED_OUT),
                        VFIO_CHECK_TIMEOUT.toSeconds(),
                        TimeUnit.SECONDS)
                .join();
    }

    /** Ends the child processes. One that is stuck in the kernel ends as soon as the kernel returns. */
    @Override
    public void close() {
        timedReader.close();
        mappings.close();
        executor.shutdown();
        if (writerProcess != null) {
            writerProcess.close();
            writerProcess = null;
        }
    }
}
