package org.switchback.transaction;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.KebabCase;
import org.switchback.hardware.PciAddress;
import org.switchback.plan.ReleaseStage;
import org.switchback.plan.Setting;
import org.switchback.plan.Step;

/** Converts steps to the fields of a journal record and back. */
final class StepCodec {
    private static final int FIELD_COUNT = 6;

    private StepCodec() {}

    /** The first field: its {@link KebabCase} name is part of the journal format. */
    private enum RecordedStepKind {
        RUN_CHECK,
        CHANGE_SETTING,
        FRAMEBUFFER_EVICTION,
        PROBE_ANY,
        LOAD_DRIVER,
        UNBIND_ANY
    }

    /** The kind of the changed setting: its {@link KebabCase} name is part of the journal format. */
    private enum RecordedSettingKind {
        DRIVER,
        DRIVER_OVERRIDE,
        POWER_CONTROL,
        FRAMEBUFFER_DRIVER,
        FRAMEBUFFER_REGION,
        KERNEL_MODULE;

        static RecordedSettingKind of(Setting setting) {
            return switch (setting) {
                case Setting.Driver driver -> DRIVER;
                case Setting.DriverOverride override -> DRIVER_OVERRIDE;
                case Setting.PowerControl powerControl -> POWER_CONTROL;
                case Setting.FramebufferDriver driver -> FRAMEBUFFER_DRIVER;
                case Setting.FramebufferRegion region -> FRAMEBUFFER_REGION;
                case Setting.KernelModule module -> KERNEL_MODULE;
            };
        }
    }

    /** The six fields of a step. A fallback step is stored without its stage, which rolling back does not need. */
    static List<String> encode(Step step) {
        return switch (step) {
            case Step.RunCheck(Step.CheckKind check, List<PciAddress> functions) ->
                fields(
                        RecordedStepKind.RUN_CHECK,
                        check.name(),
                        functions.stream().map(PciAddress::toString).collect(Collectors.joining(",")));
            case Step.ChangeSetting(Setting setting, String before, String after, Step.UndoPolicy undoPolicy) ->
                List.of(
                        KebabCase.of(RecordedStepKind.CHANGE_SETTING),
                        KebabCase.of(RecordedSettingKind.of(setting)),
                        encodeSubject(setting),
                        before,
                        after,
                        undoPolicy.name());
            case Step.FramebufferEviction(PciAddress function, int bar, String region, AddressRange range) ->
                List.of(
                        KebabCase.of(RecordedStepKind.FRAMEBUFFER_EVICTION),
                        Integer.toString(bar),
                        function.toString(),
                        region,
                        Long.toHexString(range.first()),
                        Long.toHexString(range.last()));
            case Step.ProbeAny(PciAddress function) -> fields(RecordedStepKind.PROBE_ANY, "", function.toString());
            case Step.LoadDriver(PciAddress function) -> fields(RecordedStepKind.LOAD_DRIVER, "", function.toString());
            case Step.UnbindAny(PciAddress function) -> fields(RecordedStepKind.UNBIND_ANY, "", function.toString());
            case Step.FallbackStep(ReleaseStage stage, Step unwrapped) -> encode(unwrapped);
        };
    }

    private static List<String> fields(RecordedStepKind kind, String detail, String functions) {
        return List.of(KebabCase.of(kind), detail, functions, "", "", "");
    }

    /** @return empty when the fields do not describe a step */
    static Optional<Step> decode(List<String> fields) {
        if (fields.size() != FIELD_COUNT) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    switch (parseKind(RecordedStepKind.class, fields.get(0))) {
                        case RUN_CHECK ->
                            new Step.RunCheck(Step.CheckKind.valueOf(fields.get(1)), parseAddresses(fields.get(2)));
                        case CHANGE_SETTING ->
                            new Step.ChangeSetting(
                                    decodeSetting(fields.get(1), fields.get(2)),
                                    fields.get(3),
                                    fields.get(4),
                                    Step.UndoPolicy.valueOf(fields.get(5)));
                        case FRAMEBUFFER_EVICTION ->
                            new Step.FramebufferEviction(
                                    PciAddress.of(fields.get(2)),
                                    Integer.parseInt(fields.get(1)),
                                    fields.get(3),
                                    parseRange(fields.get(4), fields.get(5)));
                        case PROBE_ANY -> new Step.ProbeAny(PciAddress.of(fields.get(2)));
                        case LOAD_DRIVER -> new Step.LoadDriver(PciAddress.of(fields.get(2)));
                        case UNBIND_ANY -> new Step.UnbindAny(PciAddress.of(fields.get(2)));
                    });
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** @throws IllegalArgumentException for an unknown name */
    private static <E extends Enum<E>> E parseKind(Class<E> type, String name) {
        return KebabCase.parse(type, name).orElseThrow(() -> new IllegalArgumentException("unknown kind: " + name));
    }

    /**
     * @param joined addresses separated by commas, or the empty text
     * @throws IllegalArgumentException when one of them is not an address
     */
    static List<PciAddress> parseAddresses(String joined) {
        List<PciAddress> addresses = new ArrayList<>();
        for (String text : joined.split(",")) {
            if (!text.isEmpty()) {
                addresses.add(PciAddress.of(text));
            }
        }
        return addresses;
    }

    private static String encodeSubject(Setting setting) {
        return switch (setting) {
            case Setting.Driver(PciAddress function) -> function.toString();
            case Setting.DriverOverride(PciAddress function) -> function.toString();
            case Setting.PowerControl(PciAddress function) -> function.toString();
            case Setting.FramebufferDriver(String device) -> device;
            case Setting.FramebufferRegion(PciAddress function, AddressRange range) -> function + " " + range;
            case Setting.KernelModule(String name) -> name;
        };
    }

    private static Setting decodeSetting(String kind, String subject) {
        return switch (parseKind(RecordedSettingKind.class, kind)) {
            case DRIVER -> new Setting.Driver(PciAddress.of(subject));
            case DRIVER_OVERRIDE -> new Setting.DriverOverride(PciAddress.of(subject));
            case POWER_CONTROL -> new Setting.PowerControl(PciAddress.of(subject));
            case FRAMEBUFFER_DRIVER -> new Setting.FramebufferDriver(subject);
            case FRAMEBUFFER_REGION -> {
                String[] parts = subject.split("[ -]", -1);
                if (parts.length != 3) {
                    throw new IllegalArgumentException("not a function and a range: " + subject);
                }
                yield new Setting.FramebufferRegion(PciAddress.of(parts[0]), parseRange(parts[1], parts[2]));
            }
            case KERNEL_MODULE -> new Setting.KernelModule(subject);
        };
    }

    private static AddressRange parseRange(String first, String last) {
        return new AddressRange(Long.parseUnsignedLong(first, 16), Long.parseUnsignedLong(last, 16));
    }
}
