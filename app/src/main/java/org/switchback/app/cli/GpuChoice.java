package org.switchback.app.cli;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.switchback.app.words.Words;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;

/** Finds the GPU that somebody means. */
final class GpuChoice {
    private final Machine machine;
    private final Surroundings surroundings;

    GpuChoice(Machine machine, Surroundings surroundings) {
        this.machine = machine;
        this.surroundings = surroundings;
    }

    /**
     * @param typed an address, with or without its domain, or a part of the name that no other GPU's has
     * @throws CommandFailure when no GPU fits, or several do
     */
    Gpu find(String typed) throws CommandFailure {
        Words words = surroundings.words();
        Optional<PciAddress> address = PciAddress.parse(typed);
        if (address.isPresent()) {
            Optional<Gpu> gpu = machine.gpu(address.get());
            if (gpu.isPresent()) {
                return gpu.get();
            }
            Optional<PciDevice> device = machine.device(address.get());
            throw device.isPresent()
                    ? surroundings.failure(
                            ExitCode.USAGE,
                            "refusal.not-a-gpu",
                            address.get().brief(),
                            device.get().name(),
                            device.get().kind().toString())
                    : surroundings.failure(
                            ExitCode.USAGE, "cli.no-device", address.get().brief(), list(machine.gpus()));
        }
        if (typed.indexOf(':') >= 0) {
            throw surroundings.failure(ExitCode.USAGE, "cli.no-address", TextFile.quoted(typed));
        }
        String part = typed.toLowerCase(Locale.ROOT).strip();
        List<Gpu> fitting = machine.gpus().stream()
                .filter(gpu -> gpu.graphics().name().toLowerCase(Locale.ROOT).contains(part))
                .toList();
        if (fitting.size() > 1) {
            throw new CommandFailure(
                    ExitCode.USAGE, words.text("cli.several-gpus", TextFile.quoted(typed), list(fitting)));
        }
        if (fitting.isEmpty() || part.isEmpty()) {
            throw new CommandFailure(
                    ExitCode.USAGE, words.text("cli.no-gpu", TextFile.quoted(typed), list(machine.gpus())));
        }
        return fitting.getFirst();
    }

    /** @throws CommandFailure when the text is no address */
    PciAddress address(String typed) throws CommandFailure {
        return PciAddress.parse(typed)
                .orElseThrow(() -> surroundings.failure(ExitCode.USAGE, "cli.no-address", TextFile.quoted(typed)));
    }

    private String list(List<Gpu> gpus) {
        return surroundings.words().list(gpus.stream()
                .map(gpu -> gpu.address().brief() + " (" + gpu.graphics().name() + ")")
                .toList());
    }
}
