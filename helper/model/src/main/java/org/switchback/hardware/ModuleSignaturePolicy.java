package org.switchback.hardware;

/** The signature that the running kernel requires to load a module (kernel/module/signing.c). */
public enum ModuleSignaturePolicy {
    /** None: an unsigned module only sets a taint flag. */
    UNRESTRICTED,
    /** A trusted signature, because the kernel is locked down; otherwise loading fails with EPERM. */
    REQUIRED_BY_LOCKDOWN,
    /**
     * A trusted signature, because of {@code module.sig_enforce} or the kernel configuration; otherwise loading fails
     * with EKEYREJECTED.
     */
    ENFORCED;

    static ModuleSignaturePolicy of(MachineSnapshot snapshot, Lockdown lockdown) {
        // The parameter is also Y for CONFIG_MODULE_SIG_FORCE.
        if (snapshot.text("/sys/module/module/parameters/sig_enforce")
                .filter("Y"::equals)
                .isPresent()) {
            return ENFORCED;
        }
        String commandLine = " " + snapshot.text("/proc/cmdline").orElse("") + " ";
        // Without securityfs, the command line may still show the lockdown mode.
        boolean lockedDown = lockdown == Lockdown.UNKNOWN
                ? commandLine.contains(" lockdown=integrity ") || commandLine.contains(" lockdown=confidentiality ")
                : lockdown != Lockdown.NONE;
        return lockedDown ? REQUIRED_BY_LOCKDOWN : UNRESTRICTED;
    }

    /** Whether the kernel certainly rejects a module with that signature. */
    public boolean rejects(BootfbModule.ModuleSignature signature) {
        return this != UNRESTRICTED && signature == BootfbModule.ModuleSignature.UNSIGNED;
    }
}
