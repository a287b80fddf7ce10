package org.switchback.job;

import java.util.Optional;
import org.switchback.hardware.KebabCase;
import org.switchback.plan.Setting;
import org.switchback.plan.Step;

/** What a planned step does. */
public enum StepKind {
    /** Checks that no program uses the functions. */
    CHECK_UNUSED,
    /** Checks that a VFIO client can open the functions and read every BAR. */
    CHECK_VFIO_USABLE,
    /** Checks that the functions are bound to the host's drivers again. */
    CHECK_HOST_DRIVERS_BOUND,
    /** Binds or unbinds a driver of a function. */
    DRIVER,
    /** Sets or clears {@code driver_override} of a function. */
    DRIVER_OVERRIDE,
    /** Sets {@code power/control} of a function. */
    POWER_CONTROL,
    /** Unbinds or binds the platform driver of a boot framebuffer. */
    FRAMEBUFFER_DRIVER,
    /** Makes the owner of a boot framebuffer's region release it. */
    FRAMEBUFFER_REGION,
    /** Loads or unloads a kernel module. */
    KERNEL_MODULE,
    /** Loads the modules that match a function. */
    LOAD_DRIVER,
    /** Unbinds a function from its driver, if any. */
    UNBIND_ANY,
    /** Makes the kernel choose and bind a driver for a function. */
    PROBE_ANY,
    /** Announces that vfio-pci evicts a boot framebuffer when it binds. */
    FRAMEBUFFER_EVICTION;

    /** Spelling on D-Bus, in JSON and in message keys: {@code driver-override}. */
    public String wireName() {
        return KebabCase.of(this);
    }

    /** @return empty for any other text */
    public static Optional<StepKind> parse(String wireName) {
        return KebabCase.parse(StepKind.class, wireName);
    }

    static StepKind of(Step step) {
        return switch (step) {
            case Step.FallbackStep fallback -> of(fallback.unwrap());
            case Step.RunCheck check ->
                switch (check.kind()) {
                    case UNUSED -> CHECK_UNUSED;
                    case VFIO_USABLE -> CHECK_VFIO_USABLE;
                    case HOST_DRIVERS_BOUND -> CHECK_HOST_DRIVERS_BOUND;
                };
            case Step.ChangeSetting change ->
                switch (change.setting()) {
                    case Setting.Driver driver -> DRIVER;
                    case Setting.DriverOverride override -> DRIVER_OVERRIDE;
                    case Setting.PowerControl power -> POWER_CONTROL;
                    case Setting.FramebufferDriver driver -> FRAMEBUFFER_DRIVER;
                    case Setting.FramebufferRegion region -> FRAMEBUFFER_REGION;
                    case Setting.KernelModule module -> KERNEL_MODULE;
                };
            case Step.LoadDriver load -> LOAD_DRIVER;
            case Step.UnbindAny unbind -> UNBIND_ANY;
            case Step.ProbeAny probe -> PROBE_ANY;
            case Step.FramebufferEviction eviction -> FRAMEBUFFER_EVICTION;
        };
    }
}
