package org.switchback.transaction;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.PciAddress;
import org.switchback.plan.ReleaseStage;
import org.switchback.plan.Setting;
import org.switchback.plan.Step;

/** Steps as fields of a journal record. */
final class StepCodec {
    private StepCodec() {}

    static List<String> encode(Step step) {
        return switch (step) {
            case Step.RunCheck(Step.CheckKind question, List<PciAddress> functions) ->
                List.of(
                        "check",
                        question.name(),
                        functions.stream().map(PciAddress::toString).collect(Collectors.joining(",")),
                        "",
                        "",
                        "");
            case Step.ChangeSetting(Setting setting, String before, String after, Step.UndoPolicy undo) ->
                List.of("change", settingKind(setting), settingSubject(setting), before, after, undo.name());
            case Step.FramebufferEviction(PciAddress function, int bar, String region, AddressRange range) ->
                List.of(
                        "eviction",
                        Integer.toString(bar),
                        function.toString(),
                        region,
                        Long.toHexString(range.first()),
                        Long.toHexString(range.last()));
            case Step.ProbeAny(PciAddress function) -> List.of("offer", "", function.toString(), "", "", "");
            case Step.LoadDriver(PciAddress function) -> List.of("summon", "", function.toString(), "", "", "");
            case Step.UnbindAny(PciAddress function) -> List.of("withdraw", "", function.toString(), "", "", "");
            // To put it back takes nothing of its place in the ladder.
            case Step.FallbackStep(ReleaseStage rung, Step bare) -> encode(bare);
        };
    }

    /** @return empty when the fields are no step */
    static Optional<Step> decode(List<String> fields) {
        if (fields.size() != 6) {
            return Optional.empty();
        }
        try {
            return switch (fields.get(0)) {
                case "check" -> Optional.of(
                        new Step.RunCheck(Step.CheckKind.valueOf(fields.get(1)), parseAddresses(fields.get(2))));
                case "change" -> Optional.of(new Step.ChangeSetting(
                        parseSetting(fields.get(1), fields.get(2)),
                        fields.get(3),
                        fields.get(4),
                        Step.UndoPolicy.valueOf(fields.get(5))));
                case "eviction" -> Optional.of(new Step.FramebufferEviction(
                        PciAddress.of(fields.get(2)),
                        Integer.parseInt(fields.get(1)),
                        fields.get(3),
                        parseRange(fields.get(4), fields.get(5))));
                case "offer" -> Optional.of(new Step.ProbeAny(PciAddress.of(fields.get(2))));
                case "summon" -> Optional.of(new Step.LoadDriver(PciAddress.of(fields.get(2))));
                case "withdraw" -> Optional.of(new Step.UnbindAny(PciAddress.of(fields.get(2))));
                default -> Optional.empty();
            };
        } catch (IllegalArgumentException unknown) {
            return Optional.empty();
        }
    }

    static List<PciAddress> parseAddresses(String joined) {
        List<PciAddress> addresses = new ArrayList<>();
        for (String text : joined.split(",")) {
            if (!text.isEmpty()) {
                addresses.add(PciAddress.of(text));
            }
        }
        return addresses;
    }

    private static String settingKind(Setting setting) {
        return setting.getClass().getSimpleName().toLowerCase(Locale.ROOT);
    }

    private static String settingSubject(Setting setting) {
        return switch (setting) {
            case Setting.Driver(PciAddress function) -> function.toString();
            case Setting.DriverOverride(PciAddress function) -> function.toString();
            case Setting.PowerControl(PciAddress function) -> function.toString();
            case Setting.FramebufferDriver(String device) -> device;
            case Setting.KernelModule(String name) -> name;
            case Setting.FramebufferRegion(PciAddress function, AddressRange range) -> function + " " + range;
        };
    }

    private static AddressRange parseRange(String first, String last) {
        return new AddressRange(Long.parseUnsignedLong(first, 16), Long.parseUnsignedLong(last, 16));
    }

    private static Setting parseSetting(String kind, String subject) {
        return switch (kind) {
            case "driver" -> new Setting.Driver(PciAddress.of(subject));
            case "override" -> new Setting.DriverOverride(PciAddress.of(subject));
            case "powercontrol" -> new Setting.PowerControl(PciAddress.of(subject));
            case "framebufferdriver" -> new Setting.FramebufferDriver(subject);
            case "module" -> new Setting.KernelModule(subject);
            case "firmwareregion" -> {
                String[] parts = subject.split("[ -]", -1);
                if (parts.length != 3) {
                    throw new IllegalArgumentException(subject);
                }
                yield new Setting.FramebufferRegion(PciAddress.of(parts[0]), parseRange(parts[1], parts[2]));
            }
            default -> throw new IllegalArgumentException(kind);
        };
    }
}
