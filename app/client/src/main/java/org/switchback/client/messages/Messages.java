package org.switchback.client.messages;

import java.text.MessageFormat;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.ResourceBundle;
import java.util.Set;
import java.util.stream.Stream;
import org.switchback.client.HelperException;
import org.switchback.hardware.Bar;
import org.switchback.hardware.ByteSizeFormatter;
import org.switchback.hardware.DeviceUser;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.KebabCase;
import org.switchback.hardware.Machine;
import org.switchback.hardware.Overlap;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;
import org.switchback.hardware.PossibleUser;
import org.switchback.hardware.Region;
import org.switchback.job.Outcome;
import org.switchback.job.PlannedStep;
import org.switchback.job.RefusalSummary;
import org.switchback.job.StepFailure;
import org.switchback.job.StepKind;
import org.switchback.plan.RefusalCode;
import org.switchback.plan.Step;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.Target;

/**
 * The messages of window and command line in one language. Formats the codes of the D-Bus protocol as sentences; a
 * sentence for a code that this version does not know quotes the code.
 */
public final class Messages {
    private static final String HIDDEN_RANGE = "00000000-00000000";

    private final Locale locale;
    private final ResourceBundle bundle;

    /**
     * @param locale determines decimal separators
     * @param bundle contains every key of {@code Messages.properties}
     */
    public Messages(Locale locale, ResourceBundle bundle) {
        this.locale = locale;
        this.bundle = bundle;
    }

    /**
     * The messages of the app in a language, or in English when there is no translation. English sentences then use
     * English decimal separators.
     */
    public static Messages forLocale(Locale locale) {
        ResourceBundle bundle = ResourceBundle.getBundle("org.switchback.client.messages.Messages", locale);
        boolean translated = bundle.getLocale().getLanguage().equals(locale.getLanguage());
        return new Messages(translated ? locale : Locale.ENGLISH, bundle);
    }

    public Locale locale() {
        return locale;
    }

    /** The resource bundle, for libraries that read their messages from one. */
    public ResourceBundle bundle() {
        return bundle;
    }

    /**
     * Formats a message.
     *
     * @param values for its placeholders. Each is converted to a string before, because {@link MessageFormat} would
     *     group the digits of numbers, and its control characters become question marks: a program name may try to
     *     control the terminal.
     * @throws java.util.MissingResourceException when the bundle has no such key
     */
    public String text(String key, Object... values) {
        Object[] sanitized = new Object[values.length];
        for (int i = 0; i < values.length; i++) {
            sanitized[i] = replaceControlCharacters(values[i].toString());
        }
        return new MessageFormat(bundle.getString(key), locale).format(sanitized);
    }

    /** The message {@code KEY.one} or {@code KEY.many} with a number. */
    public String formatCount(String key, int number) {
        return text(number == 1 ? key + ".one" : key + ".many", number);
    }

    /** Whether the bundle has a message with that key. */
    public boolean containsKey(String key) {
        return bundle.containsKey(key);
    }

    private static String replaceControlCharacters(String text) {
        return text.chars().anyMatch(Character::isISOControl)
                ? text.chars()
                        .map(c -> Character.isISOControl(c) ? '?' : c)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString()
                : text;
    }

    /** A size in binary units: {@code 8.4 MiB}; 0 means 2^64 bytes. */
    public String formatSize(long bytes) {
        if (bytes == 1) {
            return text("size.byte");
        }
        return bytes > 0 && bytes < 1024 ? text("size.bytes", bytes) : ByteSizeFormatter.format(bytes, locale);
    }

    /** A duration: {@code 85 ms}, {@code 1.2 s}, {@code 2 min 5 s}. */
    public String formatDuration(Duration duration) {
        long millis = duration.toMillis();
        if (millis < 1000) {
            return text("window.time.ms", millis);
        }
        if (millis < 60_000) {
            return text("window.time.s", String.format(locale, "%.1f", millis / 1000.0));
        }
        return text("window.time.min", millis / 60_000, millis % 60_000 / 1000);
    }

    /** {@code BAR 1}, or the name of the expansion ROM. */
    public String formatBar(int index) {
        return index == Bar.ROM_INDEX ? text("bar.rom") : text("bar", index);
    }

    /** A list: {@code a, b and c}. */
    public String formatList(List<String> items) {
        if (items.isEmpty()) {
            return text("none");
        }
        String list = items.getFirst();
        for (int i = 1; i < items.size(); i++) {
            list = text(i == items.size() - 1 ? "list.two" : "list.more", list, items.get(i));
        }
        return list;
    }

    /** The mode of a GPU, in a few words: {@code Host mode (nvidia)}. */
    public String formatMode(Gpu gpu) {
        return switch (gpu.mode()) {
            case HOST -> text("mode.host", gpu.graphics().driver().orElse(""));
            case VM ->
                gpu.virtualMachineProcess()
                        .map(user -> user.virtualMachine().isEmpty()
                                ? text("mode.vm.used", user.program())
                                : text("mode.vm.guest", user.virtualMachine()))
                        .orElseGet(() -> text("mode.vm"));
            case PARTIALLY_SWITCHED -> text("mode.partially-switched");
            case UNBOUND -> text("mode.unbound");
        };
    }

    /** The mode of each function of a partially switched GPU: {@code graphics in VM mode and sound in host mode}. */
    public String formatFunctionModes(Gpu gpu) {
        return formatList(gpu.functions().stream()
                .map(function -> text(
                        function.isBoundToVfio()
                                ? "function-mode.vm"
                                : function.driver().isPresent() ? "function-mode.host" : "function-mode.unbound",
                        formatFunctionKind(function)))
                .toList());
    }

    private String formatFunctionKind(PciDevice function) {
        return text(
                switch (function.pciClass().baseClass()) {
                    case 0x03 -> "part.graphics";
                    case 0x04 -> "part.sound";
                    case 0x0c -> "part.usb";
                    default -> "part.other";
                },
                function.address().toShortString());
    }

    /** The name of a mode: {@code VM mode}. */
    public String formatTarget(Target target) {
        return text("target." + target.wireName());
    }

    /** Which region covers which BAR, without a full stop: {@code BOOTFB c0000000-c086ffff covers 8.4 MiB of BAR 1}. */
    public String formatOverlap(Overlap overlap) {
        String bar = formatBar(overlap.bar().index());
        String chain = formatRegionChain(overlap);
        if (!overlap.hasAddress()) {
            return text("overlap.covers.hidden", chain, "", "", bar);
        }
        long covered = overlap.outermostRegion()
                .range()
                .intersection(overlap.bar().range())
                .orElse(overlap.outermostRegion().range())
                .length();
        return text("overlap.covers", chain, overlap.outermostRegion().range(), formatSize(covered), bar);
    }

    /** The names of a region and of the regions inside it. */
    private String formatRegionChain(Overlap overlap) {
        List<Region> regions = overlap.regions();
        String chain = regions.getFirst().name();
        for (Region inner : regions.subList(1, regions.size())) {
            chain = text("overlap.chain", chain, inner.name());
        }
        return chain;
    }

    /** How vfio-pci handles an overlap, a sentence. */
    public String formatVerdict(Overlap overlap) {
        return text(
                switch (overlap.resolution()) {
                    case CONFLICT -> "verdict.refused";
                    case EVICTED_BY_VFIO -> "verdict.evicted";
                    case RELEASED_BY_DRIVER -> "verdict.leaves-with-driver";
                },
                overlap.outermostRegion().name(),
                formatBar(overlap.bar().index()));
    }

    /** Which program uses a device through which node: {@code Xorg (PID 812, user root) through /dev/dri/card0}. */
    public String formatDeviceUser(DeviceUser user) {
        return text(
                user.isMount() ? "holder.mount" : user.owner().isEmpty() ? "holder.no-owner" : "holder",
                user.program(),
                user.pid(),
                user.owner(),
                "/dev/" + user.deviceNode());
    }

    /**
     * The references inside the kernel that do not block a switch but may make it hang or lose something; sentences.
     */
    public List<String> formatKernelReferences(Gpu gpu) {
        return gpu.kernelReferences().stream()
                .filter(reference -> !reference.isBlockingUnbind())
                .map(reference -> text("reference." + KebabCase.of(reference.kind())))
                .toList();
    }

    /**
     * What a user should know before a switch to VM mode although nothing blocks it: possible users of the GPU, users
     * of the devices on its USB controller, and references inside the kernel; sentences.
     */
    public List<String> formatUseWarnings(Gpu gpu) {
        List<String> sentences = new ArrayList<>();
        boolean useOther = gpu.possibleUsers().stream().allMatch(PossibleUser::usesAnotherGpu);
        addUsersSentence(
                sentences,
                useOther ? "users.other-gpu" : "users.possible",
                gpu.possibleUsers().stream().map(PossibleUser::user).toList());
        addUsersSentence(
                sentences,
                "users.usb",
                gpu.deviceUsers().stream().filter(DeviceUser::isUsbPeripheral).toList());
        sentences.addAll(formatKernelReferences(gpu));
        return sentences;
    }

    private void addUsersSentence(List<String> sentences, String key, List<DeviceUser> users) {
        if (!users.isEmpty()) {
            sentences.add(text(
                    key,
                    formatList(users.stream()
                            .map(user -> text("users.program", user.program(), Integer.toString(user.pid())))
                            .distinct()
                            .toList())));
        }
    }

    /** What a step does, without a full stop: {@code Unbind 04:00.0 from nvidia}. */
    public String formatStep(PlannedStep step, Machine machine) {
        String subject = formatAddresses(step.subject());
        return switch (step.kind()) {
            case CHECK_UNUSED, CHECK_VFIO_USABLE, CHECK_HOST_DRIVERS_BOUND, PROBE_ANY, LOAD_DRIVER, UNBIND_ANY ->
                text("step." + step.kind().wireName(), subject);
            case KERNEL_MODULE -> text(step.after().isEmpty() ? "step.module.unload" : "step.module", subject);
            case FRAMEBUFFER_REGION -> text("step.framebuffer.release", formatFirmwareRegion(step, machine));
            case POWER_CONTROL -> text(step.after().equals("auto") ? "step.power.auto" : "step.power.on", subject);
            case FRAMEBUFFER_DRIVER -> formatFramebufferStep(step, machine);
            case DRIVER_OVERRIDE ->
                text(step.after().isEmpty() ? "step.override.clear" : "step.override.set", subject, step.after());
            case DRIVER ->
                step.after().isEmpty()
                        ? text("step.driver.unbind", subject, step.before())
                        : text("step.driver.bind", subject, step.after());
            case FRAMEBUFFER_EVICTION -> {
                String[] parts = step.before().split(" ", 3);
                yield parts.length == 3
                        ? text("step.eviction", parts[1], parts[2], formatBarIndex(parts[0]), subject)
                        : step.before();
            }
        };
    }

    private String formatFramebufferStep(PlannedStep step, Machine machine) {
        if (!step.after().isEmpty()) {
            return text("step.framebuffer.restore", "", step.subject(), step.after());
        }
        String region = formatFirmwareRegion(step, machine);
        return region.isEmpty()
                ? text("step.framebuffer.release.unknown", "", step.subject())
                : text("step.framebuffer.release", region);
    }

    /** Name and range of the firmware region that a step releases; empty when unknown. */
    private static String formatFirmwareRegion(PlannedStep step, Machine machine) {
        if (step.kind() == StepKind.FRAMEBUFFER_REGION) {
            String range = step.subject().substring(step.subject().indexOf(' ') + 1);
            return range.equals(HIDDEN_RANGE) ? step.before() : step.before() + " " + range;
        }
        return machine.gpus().stream()
                .flatMap(gpu -> gpu.overlaps().stream())
                .filter(overlap -> overlap.hasAddress()
                        && (overlap.gpuAddress().toString().equals(step.subject())
                                || overlap.framebuffer()
                                        .filter(framebuffer ->
                                                framebuffer.platformDevice().equals(step.subject()))
                                        .isPresent()))
                .findFirst()
                .map(overlap -> overlap.outermostRegion().name() + " "
                        + overlap.outermostRegion().range())
                .orElse("");
    }

    /**
     * How the plan releases firmware regions, one sentence a method: why this method, what it costs, and that a
     * fallback is used only if needed.
     */
    public List<String> formatReleaseMethods(List<PlannedStep> steps, Machine machine) {
        List<String> sentences = new ArrayList<>();
        Set<String> regions = new HashSet<>();
        for (PlannedStep step : steps) {
            if (step.releaseMethod().isEmpty() || step.releaseReason().isEmpty()) {
                continue;
            }
            String region = formatFirmwareRegion(step, machine);
            String key = "release." + step.releaseMethod().get().wireName() + "."
                    + step.releaseReason().get().wireName();
            findText(key, region.isEmpty() ? text("release.framebuffer") : region)
                    .map(sentence -> regions.add(region) ? sentence : text("release.otherwise", sentence))
                    .ifPresent(sentences::add);
        }
        return sentences;
    }

    /** Whether a step can be undone, a word or two. */
    public String formatReversibility(PlannedStep step) {
        boolean unloaded = step.undoPolicy() == Step.UndoPolicy.KEPT
                && step.kind() == StepKind.KERNEL_MODULE
                && step.after().isEmpty();
        return text("undo." + KebabCase.of(step.undoPolicy()) + (unloaded ? ".unloaded" : ""));
    }

    /** What undoes a step, without a full stop: {@code bind to nvidia}. */
    public String formatInverse(PlannedStep step) {
        return switch (step.kind()) {
            case PROBE_ANY -> text("inverse.probe-any");
            case LOAD_DRIVER -> text("inverse.load-driver");
            case FRAMEBUFFER_EVICTION, FRAMEBUFFER_REGION -> text("inverse.eviction");
            case KERNEL_MODULE ->
                text(
                        step.after().isEmpty()
                                ? "inverse.none"
                                : step.undoPolicy() == Step.UndoPolicy.REVERSIBLE
                                        ? "inverse.module.loaded"
                                        : "inverse.module");
            case POWER_CONTROL -> text(step.before().equals("auto") ? "inverse.power.on" : "inverse.power.auto");
            case FRAMEBUFFER_DRIVER ->
                step.after().isEmpty()
                        ? text("inverse.framebuffer.release", step.before())
                        : text("inverse.framebuffer.restore");
            case DRIVER_OVERRIDE ->
                step.before().isEmpty()
                        ? text("inverse.override.set")
                        : text("inverse.override.replace", step.before());
            case DRIVER ->
                step.after().isEmpty()
                        ? text("inverse.driver.unbind", step.before())
                        : text("inverse.driver.bind", step.after());
            case CHECK_UNUSED, CHECK_VFIO_USABLE, CHECK_HOST_DRIVERS_BOUND, UNBIND_ANY -> text("inverse.none");
        };
    }

    /** Why a plan is refused and what the user can do, one or two sentences. */
    public String formatRefusal(RefusalSummary refusal) {
        RefusalCode code = refusal.code();
        List<String> values = refusal.details();
        Object[] details = values.toArray();
        String variant = "";
        if (code == RefusalCode.IN_USE) {
            variant = isVirtualMachine(refusal)
                    ? ".vm"
                    : isMount(refusal)
                            ? ".mount"
                            : values.size() > 3 && values.get(3).isEmpty() ? ".no-owner" : "";
        } else if (code == RefusalCode.KERNEL_REFERENCE) {
            variant = values.size() > 1 && containsKey("refusal.kernel-reference." + values.get(1))
                    ? "." + values.get(1)
                    : "";
        } else if (code == RefusalCode.IOMMU_OFF) {
            String reason = values.size() > 3 ? "." + values.get(3) : "";
            variant = !reason.isEmpty() && containsKey("refusal." + code.wireName() + reason)
                    ? reason
                    : values.size() > 2 && !values.get(2).isEmpty()
                            ? ".remove"
                            : values.size() > 1 && !values.get(1).isEmpty() ? ".add" : "";
        } else if (code == RefusalCode.MEMORY_UNASSIGNED) {
            variant = values.size() > 2 && !values.get(2).isEmpty() ? ".port" : "";
        } else if (code == RefusalCode.DIRECT_MAPPING && values.size() > 3) {
            details[2] = formatList(List.of(values.get(2).split(" ")));
            variant = containsKey("refusal." + code.wireName() + "." + values.get(3)) ? "." + values.get(3) : "";
        } else if (code == RefusalCode.HAS_VIRTUAL_FUNCTIONS) {
            variant = values.size() > 2 && !values.get(2).isEmpty() ? ".used" : "";
        } else if (code.isAboutFirmwareRegion() && values.size() > 3) {
            details[1] = formatBarIndex(values.get(1));
            details[2] = values.get(3).equals(HIDDEN_RANGE) ? values.get(2) : values.get(2) + " " + values.get(3);
            if (code.isAboutModule() && values.size() > 5) {
                variant = code == RefusalCode.MODULE_UNSIGNED ? "." + values.get(4) : "";
                details[5] = values.get(5).isEmpty() ? "" : " " + text("refusal.native-driver");
            }
            if (values.size() > 6) {
                details[6] = formatSigningInstructions(values.get(6));
            }
        }
        return code == RefusalCode.UNKNOWN
                ? text("refusal.unknown", String.join(" ", values))
                : text("refusal." + code.wireName() + variant, details);
    }

    /** How to sign a module, for the first distribution in the list that has instructions. */
    private String formatSigningInstructions(String distributions) {
        return Stream.concat(Stream.of(distributions.split(" ")), Stream.of("other"))
                .flatMap(id -> findText("signing." + id).stream())
                .findFirst()
                .orElse("");
    }

    private static boolean isVirtualMachine(RefusalSummary inUse) {
        return inUse.details().size() > 4 && inUse.details().get(4).startsWith("/dev/vfio/");
    }

    private static boolean isMount(RefusalSummary inUse) {
        return inUse.details().size() > 4 && inUse.details().get(2).equals(Integer.toString(DeviceUser.NO_PROCESS));
    }

    /**
     * Formats refusals as {@link #formatRefusal} does, but names a program that uses a function through several nodes
     * only once, and a virtual machine that uses several functions only once.
     */
    public List<String> formatRefusals(List<RefusalSummary> refusals) {
        List<String> sentences = new ArrayList<>();
        Set<List<String>> users = new HashSet<>();
        for (RefusalSummary refusal : refusals) {
            boolean duplicate = refusal.code() == RefusalCode.IN_USE
                    && refusal.details().size() > 4
                    && !users.add(refusal.details().subList(isVirtualMachine(refusal) ? 1 : 0, 3));
            if (!duplicate) {
                sentences.add(formatRefusal(refusal));
            }
        }
        return sentences;
    }

    /** The authentication that a switch needs, a sentence. */
    public String formatPermission(SwitchPlan.RequiredPermission permission) {
        return text("permission." + KebabCase.of(permission));
    }

    /** Why a call to the helper failed, a sentence. */
    public String formatHelperFailure(HelperException.FailureKind kind) {
        return text("problem." + kind.name());
    }

    /** Why a step or its undo failed, a sentence. */
    public String formatStepFailure(StepFailure failure) {
        List<String> values = failure.values();
        return switch (failure.reason()) {
            case "in-use" ->
                text(
                        values.size() > 1 && values.get(1).equals(Integer.toString(DeviceUser.NO_PROCESS))
                                ? "failure.in-use.mount"
                                : values.size() > 2 && values.get(2).isEmpty()
                                        ? "failure.in-use.no-owner"
                                        : "failure.in-use",
                        values.toArray());
            case "changed", "not-true" -> text("failure." + failure.reason(), valueOrNoDriver(values, 0));
            case "not-back" ->
                text("failure.not-back", values.isEmpty() ? "" : values.getFirst(), valueOrNoDriver(values, 1));
            default ->
                findText("failure." + failure.reason(), values.toArray())
                        .orElseGet(() -> text(
                                "failure.errno",
                                failure.reason().substring(failure.reason().indexOf('-') + 1)));
        };
    }

    private String valueOrNoDriver(List<String> values, int index) {
        return values.size() > index && !values.get(index).isEmpty() ? values.get(index) : text("driver.none");
    }

    /** The outcome of a switch as the helper reported it, one or two sentences. */
    public String formatOutcome(Outcome outcome, Target target, String gpu) {
        return text(
                outcome == Outcome.DONE ? "finished.done." + target.wireName() : "finished." + outcome.wireName(), gpu);
    }

    /** In what the machine contradicts the helper's report of success, a sentence. */
    public String formatFalseSuccess(Target target, Gpu gpu) {
        for (PciDevice function : gpu.functions()) {
            boolean isRight = target == Target.VM
                    ? function.isBoundToVfio() || (function.driver().isEmpty() && !function.equals(gpu.graphics()))
                    : !function.isBoundToVfio();
            if (!isRight) {
                return text(
                        function.driver().isPresent() ? "result.untrue" : "result.untrue.driverless",
                        function.address().toShortString(),
                        formatDriver(function));
            }
        }
        return gpu.conflicts().stream()
                .findFirst()
                .map(conflict ->
                        text("result.untrue.region", conflict.outermostRegion().name()))
                .orElseGet(() -> text("result.untrue.missing"));
    }

    private Optional<String> findText(String key, Object... values) {
        return containsKey(key) ? Optional.of(text(key, values)) : Optional.empty();
    }

    private String formatBarIndex(String index) {
        return index.length() == 1 && Character.isDigit(index.charAt(0))
                ? formatBar(index.charAt(0) - '0')
                : text("bar", index);
    }

    /** Formats comma-separated addresses without domain 0 as a list; other texts stay unchanged. */
    private String formatAddresses(String subject) {
        List<String> parts = new ArrayList<>();
        for (String part : subject.split(",", -1)) {
            parts.add(PciAddress.parse(part).map(PciAddress::toShortString).orElse(part));
        }
        return formatList(parts);
    }

    /** The driver that a function is bound to, or a text for no driver. */
    public String formatDriver(PciDevice device) {
        return device.driver().orElseGet(() -> text("driver.none"));
    }
}
