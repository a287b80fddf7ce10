package org.switchback.hardware;

import java.util.Optional;

/**
 * The kernel module of this project, which has the owner of a BOOTFB region let go of it ({@code kmod/}), as the running
 * kernel could use it.
 *
 * @param state     whether it is there
 * @param signature whether its file ends with a signature; whose it is, and whether the kernel trusts it, nobody can tell
 *                  before it is loaded
 */
public record BootfbModule(BootfbModuleState state, ModuleSignature signature) {
    /** As the kernel calls it. */
    public static final String NAME = "switchback_bootfb";

    /** Whether the module is there. */
    public enum BootfbModuleState {
        LOADED,
        /** Installed for the running kernel. */
        INSTALLED,
        MISSING
    }

    /** Whether the module's file has a signature at its end. */
    public enum ModuleSignature {
        SIGNED,
        UNSIGNED,
        /** The file is compressed, or there is none. */
        UNKNOWN;

        /** As a capture spells it. */
        public String toText() {
            return KebabCase.of(this);
        }
    }

    static BootfbModule of(MachineSnapshot capture, KernelVersion kernel) {
        Optional<String> file = capture.text(path(kernel.release()));
        ModuleSignature signature = file.map(word -> switch (word) {
                    case "signed" -> ModuleSignature.SIGNED;
                    case "unsigned" -> ModuleSignature.UNSIGNED;
                    default -> ModuleSignature.UNKNOWN;
                })
                .orElse(ModuleSignature.UNKNOWN);
        BootfbModuleState state = capture.hasPath("/sys/module/" + NAME)
                ? BootfbModuleState.LOADED
                : file.isPresent() ? BootfbModuleState.INSTALLED : BootfbModuleState.MISSING;
        return new BootfbModule(state, signature);
    }

    /** Where a capture says that the module is installed for a kernel, with the {@link ModuleSignature} as text. */
    public static String path(String release) {
        return "/lib/modules/" + release + "/" + NAME;
    }
}
