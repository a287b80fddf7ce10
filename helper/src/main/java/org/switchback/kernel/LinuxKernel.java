package org.switchback.kernel;

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
import org.switchback.hardware.Capture;
import org.switchback.hardware.Capture.Entry;
import org.switchback.hardware.Capture.Link;
import org.switchback.hardware.Capture.Text;
import org.switchback.hardware.FirmwareClaim;
import org.switchback.hardware.Holder;
import org.switchback.hardware.MachineReader;
import org.switchback.hardware.MemoryMap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.Taint;
import org.switchback.plan.KernelWrite;
import org.switchback.plan.Setting;

/**
 * The running kernel, through sysfs, /proc and VFIO. Nothing here writes from within this JVM, and nothing waits for the
 * kernel without a deadline.
 */
public final class LinuxKernel implements Kernel, AutoCloseable {
    /** A file that is read has this long to answer. */
    private static final Duration FILE_PATIENCE = Duration.ofSeconds(1);

    /** To open a function resets it, which takes a second or more; one that does not come back takes longer. */
    private static final Duration PROOF_PATIENCE = Duration.ofSeconds(60);

    /** So many files that do not answer are passed over in one capture; what comes after a further one is missing. */
    private static final int MOST_SILENT = 3;

    /** Bash has this long to start; one that takes longer is not used. */
    private static final Duration START_PATIENCE = Duration.ofSeconds(2);

    private static final Duration SECOND = Duration.ofSeconds(1);

    /** What a PCI function calls itself, with which modprobe finds its drivers (pci_uevent, drivers/pci/pci-driver.c). */
    private static final Pattern MODALIAS = Pattern.compile("pci:[0-9a-zA-Z]{1,80}");

    private final KernelFiles files;
    private final GuardedReader guarded;
    private final PciNames names;
    private final Programs programs;
    private final ExecutorService threads = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("kernel").factory());
    private final Set<String> silent = ConcurrentHashMap.newKeySet();
    private @Nullable Shell writer;
    private @Nullable LibC libc;

    /** @param root {@code /}, or a folder with a tree like the kernel's below it */
    public LinuxKernel(Path root) {
        files = new KernelFiles(root);
        guarded = new GuardedReader(files, FILE_PATIENCE);
        names = new PciNames(files);
        programs = new Programs(files);
    }

    @Override
    public void prepare() {
        guarded.prepare();
        try {
            Shell shell = writer();
            // It answers when bash has started.
            shell.send(Shell.Verb.READ, "/dev/null", "");
            if (shell.reply(START_PATIENCE).isEmpty()) {
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
            open = LibC.ready();
            libc = open;
        }
        return open;
    }

    @Override
    public Capture capture() {
        return look(LiveCapture::machine);
    }

    @Override
    public Capture factsOf(List<PciAddress> functions) {
        return look(live -> live.facts(functions));
    }

    @Override
    public List<Holder> holders(List<PciAddress> functions) {
        return MachineReader.holders(look(live -> live.holders(functions)));
    }

    /** Looks from a thread of its own, so that a file which does not answer keeps that one and not the caller. */
    private Capture look(Consumer<LiveCapture> what) {
        while (true) {
            LiveCapture live = new LiveCapture(files, guarded, names, programs, Set.copyOf(silent));
            CompletableFuture<Void> done = new CompletableFuture<>();
            threads.execute(() -> {
                try {
                    what.accept(live);
                } finally {
                    done.complete(null);
                }
            });
            Optional<String> stuckAt = waitFor(done, live);
            if (stuckAt.isEmpty() || silent.size() >= MOST_SILENT) {
                return live.found();
            }
            silent.add(stuckAt.get());
            done.thenRun(() -> silent.remove(stuckAt.get()));
        }
    }

    /** @return the path at which it has not moved for too long; empty when it has finished */
    private static Optional<String> waitFor(CompletableFuture<Void> done, LiveCapture live) {
        while (true) {
            String at = live.at();
            if (ended(done, FILE_PATIENCE.plus(FILE_PATIENCE))) {
                return Optional.empty();
            }
            if (at.equals(live.at())) {
                return Optional.of(at);
            }
        }
    }

    private static boolean ended(CompletableFuture<Void> done, Duration patience) {
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
    public Optional<Watch> watch(Runnable changed) {
        return Uevents.watch(changed).map(Watch.class::cast);
    }

    @Override
    public String bootId() {
        return files.line("/proc/sys/kernel/random/boot_id").orElse("");
    }

    @Override
    public boolean oops() {
        try {
            return new Taint(Long.parseLong(files.line("/proc/sys/kernel/tainted").orElse("0"))).oops();
        } catch (NumberFormatException none) {
            return false;
        }
    }

    @Override
    public String read(Setting setting) {
        return switch (setting) {
            case Setting.Driver(PciAddress function) -> linkName(MachineReader.PCI_DEVICES + function + "/driver");
            case Setting.Override(PciAddress function) ->
                guarded(MachineReader.PCI_DEVICES + function + "/driver_override");
            case Setting.PowerControl(PciAddress function) ->
                files.line(MachineReader.PCI_DEVICES + function + "/power/control").orElse("");
            case Setting.FramebufferDriver(String device) ->
                draws(MachineReader.PLATFORM_DEVICES + device)
                        ? linkName(MachineReader.PLATFORM_DEVICES + device + "/driver")
                        : "";
            case Setting.FirmwareRegion(PciAddress function, AddressRange range) -> firmwareRegion(function, range);
            case Setting.Module(String name) ->
                files.isDirectory("/sys/module/" + name.replace('-', '_'))
                                || files.isDirectory(MachineReader.PCI_DRIVERS + name)
                        ? Setting.Module.LOADED
                        : "";
        };
    }

    /** A capture that left files out for their silence would not tell. */
    @Override
    public boolean has(PciAddress function) {
        return files.isDirectory(MachineReader.PCI_DEVICES + function);
    }

    /** Whether a framebuffer or a card is registered below a platform device. */
    private boolean draws(String device) {
        return files.names(device + "/graphics").length > 0 || files.names(device + "/drm").length > 0;
    }

    /** Read from /proc/iomem at this moment. */
    private String firmwareRegion(PciAddress function, AddressRange range) {
        MemoryMap map = files.text(LiveCapture.IOMEM, LiveCapture.LARGE)
                .map(entry -> entry instanceof Text(String text) ? MemoryMap.parse(text) : MemoryMap.EMPTY)
                .orElse(MemoryMap.EMPTY);
        return map.hidden() || map.equals(MemoryMap.EMPTY)
                ? NO_ANSWER
                : FirmwareClaim.nameIn(map, function, range).orElse("");
    }

    private String linkName(String path) {
        return files.link(path)
                .map(entry -> entry instanceof Link(String target)
                        ? target.substring(target.lastIndexOf('/') + 1)
                        : NO_ANSWER)
                .orElse("");
    }

    private String guarded(String path) {
        Map<String, Entry> answers = guarded.ask(List.of(path)).answers();
        Entry entry = answers.getOrDefault(path, new Text(""));
        return entry instanceof Text(String text) ? (text.equals("(null)") ? "" : text) : NO_ANSWER;
    }

    @Override
    public Answer write(KernelWrite write, Duration patience, Consumer<Duration> waiting) {
        Shell shell;
        try {
            shell = writer();
        } catch (IOException noBash) {
            return new Answer.Failed("?");
        }
        switch (write) {
            case KernelWrite.Sysfs(String path, String value) -> {
                if (!isPath(path) || !isLine(value)) {
                    return new Answer.Failed("EINVAL");
                }
                shell.send(Shell.Verb.WRITE, files.real(path), value);
            }
            case KernelWrite.Modprobe(String module) -> {
                if (!isLine(module)) {
                    return new Answer.Failed("EINVAL");
                }
                shell.send(Shell.Verb.LOAD, unit(module), module);
            }
            case KernelWrite.Unload(String module) -> {
                if (!isLine(module)) {
                    return new Answer.Failed("EINVAL");
                }
                shell.send(Shell.Verb.UNLOAD, unit(module), module);
            }
            case KernelWrite.LoadDriver(PciAddress function) -> {
                Optional<String> alias = files.line(MachineReader.PCI_DEVICES + function + "/modalias");
                if (alias.filter(MODALIAS.asMatchPredicate()).isEmpty()) {
                    return new Answer.Failed("ENOENT");
                }
                shell.send(Shell.Verb.LOAD, "switchback-driver@" + function + ".service", alias.get());
            }
        }
        Optional<Shell.Reply> reply = Optional.empty();
        try {
            reply = reply(shell, patience, waiting);
        } finally {
            if (reply.isEmpty()) {
                // It writes nothing that it has not begun to write by now, and its answer is nobody's.
                shell.close();
                writer = null;
            }
        }
        return reply.<Answer>map(r -> r.succeeded() ? new Answer.Done() : new Answer.Failed(r.errno()))
                .orElse(new Answer.Stuck());
    }

    /** The unit in {@code packaging/systemd} that loads a module. */
    private static String unit(String module) {
        return switch (module) {
            case BootfbModule.NAME -> "switchback-bootfb.service";
            default -> "switchback-vfio.service";
        };
    }

    /** Waits for the answer, and says every second that it does. */
    private static Optional<Shell.Reply> reply(Shell shell, Duration patience, Consumer<Duration> waiting) {
        Duration waited = Duration.ZERO;
        while (waited.compareTo(patience) < 0) {
            Duration left = patience.minus(waited);
            Duration step = left.compareTo(SECOND) < 0 ? left : SECOND;
            Optional<Shell.Reply> reply = shell.reply(step);
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

    private Shell writer() throws IOException {
        Shell shell = writer;
        if (shell == null || shell.isGone()) {
            shell = Shell.start();
            writer = shell;
        }
        return shell;
    }

    /**
     * Whether a path is made of addresses and names as drivers have them. There are odder names, {@code MTD PCI}: a switch
     * does without those.
     */
    private static boolean isPath(String path) {
        boolean plain = path.chars()
                .allMatch(c -> (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                        || "/_.:-".indexOf(c) >= 0);
        return plain && path.length() <= 128 && path.startsWith("/sys/") && !path.contains("..");
    }

    /** Whether a value is one short line of text. An old override may be anything that somebody once wrote. */
    private static boolean isLine(String value) {
        return value.length() <= 128 && value.chars().noneMatch(Character::isISOControl);
    }

    @Override
    public Proof prove(List<PciAddress> functions) {
        if (functions.isEmpty()) {
            return new Proof.Whole(0);
        }
        return CompletableFuture.supplyAsync(
                        () -> new VfioClient(files, libc()).prove(functions),
                        threads)
                .completeOnTimeout(
                        new Proof.Broken(functions.getFirst(), Proof.Broken.NO_ANSWER),
                        PROOF_PATIENCE.toSeconds(),
                        TimeUnit.SECONDS)
                .join();
    }

    /** Ends the child processes; one that is stuck in the kernel ends when that lets it go. */
    @Override
    public void close() {
        guarded.close();
        threads.shutdown();
        if (writer != null) {
            writer.close();
            writer = null;
        }
    }
}
