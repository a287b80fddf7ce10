package org.switchback.hardware;

/** What the running kernel asks of a module before it loads it (kernel/module/signing.c). */
public enum ModuleSignaturePolicy {
    /** Nothing: one without a signature only sets a taint flag. */
    UNRESTRICTED,
    /** A trusted signature, since it is locked down: EPERM otherwise. */
    REQUIRED_BY_LOCKDOWN,
    /** A trusted signature, by {@code module.sig_enforce} or its configuration: EKEYREJECTED otherwise. */
    ENFORCED;

    static ModuleSignaturePolicy of(MachineSnapshot capture, Lockdown lockdown) {
        // The parameter says Y for CONFIG_MODULE_SIG_FORCE as well.
        if (capture.text("/sys/module/module/parameters/sig_enforce").filter("Y"::equals).isPresent()) {
            return ENFORCED;
        }
        String commandLine = " " + capture.text("/proc/cmdline").orElse("") + " ";
        // Without securityfs the command line may still tell.
        boolean lockedDown = lockdown == Lockdown.UNKNOWN
                ? commandLine.contains(" lockdown=integrity ") || commandLine.contains(" lockdown=confidentiality ")
                : lockdown != Lockdown.NONE;
        return lockedDown ? REQUIRED_BY_LOCKDOWN : UNRESTRICTED;
    }

    /** Whether the kernel refuses a module of which this is known. */
    public boolean rejects(BootfbModule.ModuleSignature signature) {
        return this != UNRESTRICTED && signature == BootfbModule.ModuleSignature.UNSIGNED;
    }
}
