package org.switchback.cli;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;

/** Finds the GPU that somebody means. */
final class GpuSelector {
    private final Machine machine;
    private final CliContext context;

    GpuSelector(Machine machine, CliContext context) {
        this.machine = machine;
        this.context = context;
    }

    /**
     * @param typed an address, with or without its domain, or a part of the name that no other GPU's has
     * @throws CommandException when no GPU fits, or several do
     */
    Gpu find(String typed) throws CommandException {
        Messages words = context.messages();
        Optional<PciAddress> address = PciAddress.parse(typed);
        if (address.isPresent()) {
            Optional<Gpu> gpu = machine.gpu(address.get());
            if (gpu.isPresent()) {
                return gpu.get();
            }
            Optional<PciDevice> device = machine.device(address.get());
            throw device.isPresent()
                    ? context.createException(
                            ExitCode.USAGE,
                            "refusal.not-a-gpu",
                            address.get().toShortString(),
                            device.get().name(),
                            device.get().pciClass().toString())
                    : context.createException(
                            ExitCode.USAGE, "cli.no-device", address.get().toShortString(), formatGpus(machine.gpus()));
        }
        if (typed.indexOf(':') >= 0) {
            throw context.createException(ExitCode.USAGE, "cli.no-address", TextFileReader.quote(typed));
        }
        String part = typed.toLowerCase(Locale.ROOT).strip();
        List<Gpu> fitting = machine.gpus().stream()
                .filter(gpu -> gpu.graphics().name().toLowerCase(Locale.ROOT).contains(part))
                .toList();
        if (fitting.size() > 1) {
            throw new CommandException(
                    ExitCode.USAGE, words.text("cli.several-gpus", TextFileReader.quote(typed), formatGpus(fitting)));
        }
        if (fitting.isEmpty() || part.isEmpty()) {
            throw new CommandException(
                    ExitCode.USAGE, words.text("cli.no-gpu", TextFileReader.quote(typed), formatGpus(machine.gpus())));
        }
        return fitting.getFirst();
    }

    /** @throws CommandException when the text is no address */
    PciAddress parseAddress(String typed) throws CommandException {
        return PciAddress.parse(typed)
                .orElseThrow(
                        () -> context.createException(ExitCode.USAGE, "cli.no-address", TextFileReader.quote(typed)));
    }

    private String formatGpus(List<Gpu> gpus) {
        return context.messages()
                .formatList(gpus.stream()
                        .map(gpu -> gpu.address().toShortString() + " ("
                                + gpu.graphics().name() + ")")
                        .toList());
    }
}
