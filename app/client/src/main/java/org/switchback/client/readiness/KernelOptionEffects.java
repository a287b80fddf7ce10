package org.switchback.client.readiness;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.switchback.hardware.BootFramebuffer;
import org.switchback.hardware.FirmwareIommuVendor;
import org.switchback.hardware.FirmwareRegionKind;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.KernelCommandLine.KernelParameter;
import org.switchback.hardware.Machine;
import org.switchback.hardware.PciDevice;

/**
 * Finds the options on the kernel command line that guides for GPU passthrough recommend, and what each of them does on
 * this kernel. Options that the machine does not set are left out.
 */
final class KernelOptionEffects {
    /** Parts of the releases of kernels that have the ACS override patch, in lower case. */
    private static final List<String> ACS_OVERRIDE_KERNELS =
            List.of("-pve", "unraid", "zen", "cachyos", "xanmod", "liquorix", "lqx", "acso", "acs-override", "vfio");

    private final Machine machine;
    private final Gpu gpu;
    private final List<OptionEffect> effects = new ArrayList<>();

    private KernelOptionEffects(Machine machine, Gpu gpu) {
        this.machine = machine;
        this.gpu = gpu;
    }

    /**
     * An option and one of its effects.
     *
     * @param option the option as on the command line
     * @param code what it does; part of the message key
     * @param arguments values for the placeholders of the message after the option
     * @param isHarmful whether it hinders switches of the GPU, so that it should be removed
     */
    record OptionEffect(String option, String code, List<String> arguments, boolean isHarmful) {
        OptionEffect {
            arguments = List.copyOf(arguments);
        }
    }

    /** Returns the effects in the order of the command line. */
    static List<OptionEffect> find(Machine machine, Gpu gpu) {
        KernelOptionEffects options = new KernelOptionEffects(machine, gpu);
        machine.kernelParameters().parameters().forEach(options::add);
        return List.copyOf(options.effects);
    }

    private void add(KernelParameter parameter) {
        switch (parameter.name()) {
            case "video" -> addVideo(parameter);
            case "initcall_blacklist" -> addInitcallBlacklist(parameter);
            case "vfio_pci.ids" -> addVfioIds(parameter);
            case "nomodeset" -> addNomodeset(parameter);
            case "module_blacklist" -> addModuleBlacklist(parameter);
            case "modprobe.blacklist", "rd.driver.blacklist" ->
                note(parameter, "modprobe-blacklist", parameter.items());
            case "pcie_acs_override" -> addAcsOverride(parameter);
            case "vfio_pci.disable_idle_d3" ->
                note(parameter, isTrue(parameter.value()) ? "idle-d3" : "idle-d3.default");
            case "disable_idle_d3" -> note(parameter, "idle-d3.no-module");
            case "amd_iommu" -> {
                if (parameter.items().contains("on")) {
                    note(parameter, "amd-iommu-on");
                }
            }
            case "intel_iommu" -> {
                if (parameter.items().contains("on")) {
                    note(
                            parameter,
                            machine.firmwareIommuVendor() == FirmwareIommuVendor.AMD
                                    ? "intel-iommu-on.amd"
                                    : "intel-iommu-on");
                }
            }
            case "iommu" -> {
                if (parameter.items().contains("pt")) {
                    note(parameter, "iommu-pt");
                }
            }
            case "iommu.passthrough" -> {
                if (isTrue(parameter.value())) {
                    note(parameter, "iommu-pt");
                }
            }
            case "rd.driver.pre" -> note(parameter, "driver-pre", parameter.items());
            case "vfio_iommu_type1.allow_unsafe_interrupts" -> {
                if (isTrue(parameter.value())) {
                    note(parameter, "unsafe-interrupts");
                }
            }
            default -> {
                // No guide recommends it, or it does what it says.
            }
        }
    }

    /** As kstrtobool (lib/kstrtox.c); a boolean parameter without a value is true. */
    private static boolean isTrue(String value) {
        return List.of("", "1", "y", "on", "true").contains(value.toLowerCase(Locale.ROOT));
    }

    private void note(KernelParameter parameter, String code) {
        note(parameter, code, List.of());
    }

    private void note(KernelParameter parameter, String code, List<String> arguments) {
        effects.add(new OptionEffect(
                parameter.text(), code, arguments.isEmpty() ? List.of() : List.of(join(arguments)), false));
    }

    private void warn(KernelParameter parameter, String code, String... arguments) {
        effects.add(new OptionEffect(parameter.text(), code, List.of(arguments), true));
    }

    private static String join(List<String> values) {
        return String.join(", ", values);
    }

    // The boot framebuffer. Its platform device tells which driver the kernel has for it: simple-framebuffer where the
    // kernel has SYSFB_SIMPLEFB, else efi-framebuffer or vesa-framebuffer (drivers/firmware/sysfb.c).

    private void addVideo(KernelParameter parameter) {
        // The kernel compares the name only with the start of the value (fb_get_options, fb_cmdline.c).
        String value = parameter.value();
        if (value.startsWith("efifb:off")) {
            addEfifbOff(parameter);
        } else if (value.startsWith("simplefb:off")) {
            addSimplefbOff(parameter);
        } else if (value.startsWith("vesafb:off")) {
            // vesafb ignores that it was turned off (vesafb_probe, drivers/video/fbdev/vesafb.c).
            note(parameter, "vesafb-off");
        }
    }

    private void addEfifbOff(KernelParameter parameter) {
        if (hasSimpleFramebuffer()) {
            note(parameter, "video.other-framebuffer", List.of(simpleFramebufferName()));
        } else if (hasRegion("efidrm")) {
            note(parameter, "video.other-framebuffer", List.of("efidrm"));
        } else if (hasRegion("efifb")) {
            note(parameter, "video.no-effect", List.of("efifb"));
        } else {
            note(parameter, hasFramebuffer("efi-framebuffer") ? "efifb-off" : "video.no-framebuffer");
        }
    }

    private void addSimplefbOff(KernelParameter parameter) {
        if (!hasSimpleFramebuffer()) {
            note(parameter, "video.no-framebuffer");
        } else if (hasRegion("simpledrm")) {
            note(parameter, "video.other-framebuffer", List.of("simpledrm"));
        } else if (hasRegion("simplefb")) {
            note(parameter, "video.no-effect", List.of("simplefb"));
        } else {
            // BOOTFB belongs to the platform device and stays without a driver.
            warn(parameter, "simplefb-off");
        }
    }

    private void addInitcallBlacklist(KernelParameter parameter) {
        if (parameter.items().contains("sysfb_init")) {
            List<String> devices = machine.bootFramebuffers().stream()
                    .map(BootFramebuffer::platformDevice)
                    .toList();
            if (devices.isEmpty()) {
                note(parameter, "sysfb-init");
            } else {
                note(parameter, "sysfb-init.no-effect", devices);
            }
        }
    }

    private boolean hasSimpleFramebuffer() {
        return hasFramebuffer("simple-framebuffer") || hasRegion("BOOTFB");
    }

    private String simpleFramebufferName() {
        return Stream.of("simpledrm", "simplefb", "BOOTFB")
                .filter(this::hasRegion)
                .findFirst()
                .orElse("simple-framebuffer");
    }

    private boolean hasFramebuffer(String platformDevice) {
        return machine.bootFramebuffers().stream()
                .anyMatch(framebuffer -> framebuffer.platformDevice().startsWith(platformDevice + "."));
    }

    private boolean hasRegion(String name) {
        return !machine.memoryMap().find(region -> region.name().equals(name)).isEmpty();
    }

    // Drivers and modules.

    private void addVfioIds(KernelParameter parameter) {
        List<String> missing = new ArrayList<>();
        List<String> bound = new ArrayList<>();
        Map<String, List<String>> otherDrivers = new TreeMap<>();
        List<String> unbound = new ArrayList<>();
        for (String item : parameter.items()) {
            List<PciDevice> devices =
                    machine.devices().values().stream().filter(hasId(item)).toList();
            if (devices.isEmpty()) {
                missing.add(item);
            }
            for (PciDevice device : devices) {
                String address = device.address().toShortString();
                if (device.isBoundToVfio()) {
                    bound.add(address);
                } else if (device.driver().isPresent()) {
                    otherDrivers
                            .computeIfAbsent(device.driver().get(), driver -> new ArrayList<>())
                            .add(address);
                } else {
                    unbound.add(address);
                }
            }
        }
        if (!bound.isEmpty()) {
            note(parameter, "vfio-ids", bound);
        }
        otherDrivers.forEach((driver, addresses) -> effects.add(
                new OptionEffect(parameter.text(), "vfio-ids.other-driver", List.of(join(addresses), driver), false)));
        if (!unbound.isEmpty()) {
            note(parameter, "vfio-ids.unbound", unbound);
        }
        if (!missing.isEmpty()) {
            note(parameter, "vfio-ids.no-device", missing);
        }
        // vfio-pci removes the framebuffer only from VGA devices; the GPU's own driver would have removed it.
        boolean concernsGpu =
                parameter.items().stream().anyMatch(item -> hasId(item).test(gpu.graphics()));
        Optional<String> region = gpu.conflicts().stream()
                .map(conflict -> conflict.outermostRegion().name())
                .filter(name -> FirmwareRegionKind.fromRegionName(name).isPresent())
                .findFirst();
        if (concernsGpu
                && region.isPresent()
                && machine.kernelVersion()
                        .nativeDriverEvictsFramebuffer(
                                true, gpu.graphics().pciClass().isVga())) {
            warn(parameter, "vfio-ids.framebuffer", region.get());
        }
    }

    /** An item is {@code VENDOR:DEVICE}, possibly with more fields (vfio_pci_fill_ids, drivers/vfio/pci/vfio_pci.c). */
    private static Predicate<PciDevice> hasId(String item) {
        String[] fields = item.toLowerCase(Locale.ROOT).split(":");
        return device -> fields.length >= 2 && device.ids().toString().equals(fields[0] + ":" + fields[1]);
    }

    private void addNomodeset(KernelParameter parameter) {
        if (gpu.graphics().hasDrmCard()) {
            note(
                    parameter,
                    "nomodeset.no-effect",
                    gpu.graphics().driver().stream().toList());
        } else {
            warn(parameter, "nomodeset");
        }
    }

    private void addModuleBlacklist(KernelParameter parameter) {
        List<String> modules = parameter.items();
        boolean hasVfio = modules.stream().anyMatch(module -> module.startsWith("vfio"));
        if (hasVfio && machine.vfioDriverState() != Machine.VfioDriverState.LOADED) {
            warn(parameter, "module-blacklist.vfio", join(modules));
        } else {
            note(parameter, "module-blacklist", modules);
        }
    }

    private void addAcsOverride(KernelParameter parameter) {
        String release = machine.kernelVersion().release();
        boolean isPatched = ACS_OVERRIDE_KERNELS.stream()
                .anyMatch(part -> release.toLowerCase(Locale.ROOT).contains(part));
        note(parameter, isPatched ? "acs-override" : "acs-override.unpatched", List.of(release));
    }
}
