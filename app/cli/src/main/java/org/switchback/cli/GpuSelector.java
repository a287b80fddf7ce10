package org.switchback.cli;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Machine;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;

/** Finds the GPU for an argument of the command line. */
final class GpuSelector {
    private final Machine machine;
    private final CliContext context;

    GpuSelector(Machine machine, CliContext context) {
        this.machine = machine;
        this.context = context;
    }

    /**
     * Finds a GPU.
     *
     * @param argument an address, with or without its domain, or a namePart of the name that no other GPU's name has
     * @throws CommandException when no GPU matches, or several match
     */
    Gpu find(String argument) throws CommandException {
        Optional<PciAddress> address = PciAddress.parse(argument);
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
                            device.get().pciClass())
                    : context.createException(
                            ExitCode.USAGE, "cli.no-device", address.get().toShortString(), formatGpus(machine.gpus()));
        }
        if (argument.indexOf(':') >= 0) {
            throw context.createException(ExitCode.USAGE, "cli.no-address", TextFileReader.quote(argument));
        }
        String namePart = argument.toLowerCase(Locale.ROOT).strip();
        List<Gpu> matches = machine.gpus().stream()
                .filter(gpu -> gpu.graphics().name().toLowerCase(Locale.ROOT).contains(namePart))
                .toList();
        if (matches.size() > 1) {
            throw context.createException(
                    ExitCode.USAGE, "cli.several-gpus", TextFileReader.quote(argument), formatGpus(matches));
        }
        if (matches.isEmpty() || namePart.isEmpty()) {
            throw context.createException(
                    ExitCode.USAGE, "cli.no-gpu", TextFileReader.quote(argument), formatGpus(machine.gpus()));
        }
        return matches.getFirst();
    }

    /** @throws CommandException when the argument is not a PCI address */
    PciAddress parseAddress(String argument) throws CommandException {
        return PciAddress.parse(argument)
                .orElseThrow(() ->
                        context.createException(ExitCode.USAGE, "cli.no-address", TextFileReader.quote(argument)));
    }

    private String formatGpus(List<Gpu> gpus) {
        return context.messages()
                .formatList(gpus.stream()
                        .map(gpu -> gpu.address().toShortString() + " ("
                                + gpu.graphics().name() + ")")
                        .toList());
    }
}
