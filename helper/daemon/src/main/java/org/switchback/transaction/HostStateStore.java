package org.switchback.transaction;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.switchback.hardware.BootFramebuffer;
import org.switchback.hardware.PciAddress;
import org.switchback.plan.HostSettings;

/**
 * Stores the settings that each GPU in VM mode had in host mode: one file per GPU, valid for one boot. Files are
 * replaced atomically.
 */
final class HostStateStore {
    private final Path folder;
    private final String bootId;

    HostStateStore(Path folder, String bootId) {
        this.folder = folder;
        this.bootId = bootId;
    }

    /** @return empty when nothing was saved in this boot, or the file is unreadable */
    Optional<HostSettings> load(PciAddress gpu) {
        try {
            Path file = file(gpu);
            return Files.exists(file) ? parse(Files.readAllLines(file)) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    void save(PciAddress gpu, HostSettings settings) throws IOException {
        Files.createDirectories(folder);
        List<String> lines = new ArrayList<>();
        lines.add(bootId);
        settings.framebuffer()
                .ifPresent(framebuffer -> lines.add(TabSeparatedFields.join(List.of(
                        "framebuffer",
                        framebuffer.platformDevice(),
                        framebuffer.driver().orElse("")))));
        settings.functions()
                .forEach((address, function) -> lines.add(TabSeparatedFields.join(List.of(
                        "function",
                        address.toString(),
                        function.driver(),
                        function.driverOverride(),
                        function.powerControl()))));
        Path newFile = folder.resolve(gpu + ".new");
        try (FileChannel channel = FileChannel.open(
                newFile, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer text = StandardCharsets.UTF_8.encode(String.join("\n", lines) + "\n");
            while (text.hasRemaining()) {
                channel.write(text);
            }
            channel.force(true);
        }
        Files.move(newFile, file(gpu), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        Journal.syncParentDirectory(file(gpu));
    }

    void delete(PciAddress gpu) throws IOException {
        if (Files.deleteIfExists(file(gpu))) {
            Journal.syncParentDirectory(file(gpu));
        }
    }

    private Path file(PciAddress gpu) {
        return folder.resolve(gpu.toString());
    }

    private Optional<HostSettings> parse(List<String> lines) {
        if (lines.isEmpty() || !lines.getFirst().equals(bootId)) {
            return Optional.empty();
        }
        Map<PciAddress, HostSettings.FunctionSettings> functions = new TreeMap<>();
        Optional<BootFramebuffer> framebuffer = Optional.empty();
        for (String line : lines.subList(1, lines.size())) {
            List<String> fields = TabSeparatedFields.split(line);
            Optional<PciAddress> address = fields.size() == 5 ? PciAddress.parse(fields.get(1)) : Optional.empty();
            if (address.isPresent() && fields.getFirst().equals("function")) {
                functions.put(
                        address.get(), new HostSettings.FunctionSettings(fields.get(2), fields.get(3), fields.get(4)));
            } else if (fields.size() == 3 && fields.getFirst().equals("framebuffer")) {
                Optional<String> driver = Optional.of(fields.get(2)).filter(name -> !name.isEmpty());
                framebuffer = Optional.of(new BootFramebuffer(fields.get(1), driver, driver.isPresent()));
            } else {
                return Optional.empty();
            }
        }
        return Optional.of(new HostSettings(functions, framebuffer));
    }
}
