package org.switchback.hardware;

/** What the running kernel asks of a module before it loads it (kernel/module/signing.c). */
public enum ModuleLoading {
    /** Nothing: one without a signature only sets a taint flag. */
    ANY,
    /** A trusted signature, since it is locked down: EPERM otherwise. */
    LOCKED_DOWN,
    /** A trusted signature, by {@code module.sig_enforce} or its configuration: EKEYREJECTED otherwise. */
    SIGNED_ONLY;

    static ModuleLoading of(Capture capture, Lockdown lockdown) {
        // The parameter says Y for CONFIG_MODULE_SIG_FORCE as well.
        if (capture.text("/sys/module/module/parameters/sig_enforce").filter("Y"::equals).isPresent()) {
            return SIGNED_ONLY;
        }
        String commandLine = " " + capture.text("/proc/cmdline").orElse("") + " ";
        // Without securityfs the command line may still tell.
        boolean lockedDown = lockdown == Lockdown.UNKNOWN
                ? commandLine.contains(" lockdown=integrity ") || commandLine.contains(" lockdown=confidentiality ")
                : lockdown != Lockdown.NONE;
        return lockedDown ? LOCKED_DOWN : ANY;
    }

    /** Whether the kernel refuses a module of which this is known. */
    public boolean refuses(BootfbModule.Signature signature) {
        return this != ANY && signature == BootfbModule.Signature.UNSIGNED;
    }
}
