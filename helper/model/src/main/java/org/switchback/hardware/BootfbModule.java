package org.switchback.hardware;

import java.util.Optional;

/**
 * State of this project's kernel module ({@code kmod/}) for the running kernel. The module makes the owner of a BOOTFB
 * region release the region.
 *
 * @param state whether the module is loaded or installed
 * @param signature whether the module's file ends with a signature. Who signed it, and whether the kernel trusts the
 *     signature, is unknown until the module is loaded.
 */
public record BootfbModule(BootfbModuleState state, ModuleSignature signature) {
    /** Name of the module in the kernel. */
    public static final String NAME = "switchback_bootfb";

    /** Whether the module is loaded or installed. */
    public enum BootfbModuleState {
        LOADED,
        /** Installed for the running kernel, but not loaded. */
        INSTALLED,
        MISSING
    }

    /** Whether the module's file ends with a signature. */
    public enum ModuleSignature {
        SIGNED,
        UNSIGNED,
        /** The file is compressed or missing. */
        UNKNOWN;

        /** The text that stands for this constant in a snapshot. */
        public String toText() {
            return KebabCase.of(this);
        }
    }

    static BootfbModule of(MachineSnapshot snapshot, KernelVersion kernelVersion) {
        Optional<String> signatureText = snapshot.text(path(kernelVersion.release()));
        ModuleSignature signature = signatureText
                .flatMap(text -> KebabCase.parse(ModuleSignature.class, text))
                .orElse(ModuleSignature.UNKNOWN);
        BootfbModuleState state = snapshot.hasPath("/sys/module/" + NAME)
                ? BootfbModuleState.LOADED
                : signatureText.isPresent() ? BootfbModuleState.INSTALLED : BootfbModuleState.MISSING;
        return new BootfbModule(state, signature);
    }

    /**
     * Path in a snapshot of the module installed for a kernel release. The entry has the {@link ModuleSignature} as
     * text.
     */
    public static String path(String release) {
        return "/lib/modules/" + release + "/" + NAME;
    }
}
