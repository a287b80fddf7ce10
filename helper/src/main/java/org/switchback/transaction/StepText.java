package org.switchback.transaction;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.switchback.hardware.AddressRange;
import org.switchback.hardware.PciAddress;
import org.switchback.plan.Rung;
import org.switchback.plan.Setting;
import org.switchback.plan.Step;

/** Steps as fields of a journal record. */
final class StepText {
    private StepText() {}

    static List<String> fields(Step step) {
        return switch (step) {
            case Step.Check(Step.Question question, List<PciAddress> functions) ->
                List.of(
                        "check",
                        question.name(),
                        functions.stream().map(PciAddress::toString).collect(Collectors.joining(",")),
                        "",
                        "",
                        "");
            case Step.Change(Setting setting, String before, String after, Step.Undo undo) ->
                List.of("change", kind(setting), subject(setting), before, after, undo.name());
            case Step.Eviction(PciAddress function, int bar, String region, AddressRange range) ->
                List.of(
                        "eviction",
                        Integer.toString(bar),
                        function.toString(),
                        region,
                        Long.toHexString(range.first()),
                        Long.toHexString(range.last()));
            case Step.Offer(PciAddress function) -> List.of("offer", "", function.toString(), "", "", "");
            case Step.Summon(PciAddress function) -> List.of("summon", "", function.toString(), "", "", "");
            case Step.Withdraw(PciAddress function) -> List.of("withdraw", "", function.toString(), "", "", "");
            // To put it back takes nothing of its place in the ladder.
            case Step.OnRung(Rung rung, Step bare) -> fields(bare);
        };
    }

    /** @return empty when the fields are no step */
    static Optional<Step> step(List<String> fields) {
        if (fields.size() != 6) {
            return Optional.empty();
        }
        try {
            return switch (fields.get(0)) {
                case "check" -> Optional.of(
                        new Step.Check(Step.Question.valueOf(fields.get(1)), addresses(fields.get(2))));
                case "change" -> Optional.of(new Step.Change(
                        setting(fields.get(1), fields.get(2)),
                        fields.get(3),
                        fields.get(4),
                        Step.Undo.valueOf(fields.get(5))));
                case "eviction" -> Optional.of(new Step.Eviction(
                        PciAddress.of(fields.get(2)),
                        Integer.parseInt(fields.get(1)),
                        fields.get(3),
                        range(fields.get(4), fields.get(5))));
                case "offer" -> Optional.of(new Step.Offer(PciAddress.of(fields.get(2))));
                case "summon" -> Optional.of(new Step.Summon(PciAddress.of(fields.get(2))));
                case "withdraw" -> Optional.of(new Step.Withdraw(PciAddress.of(fields.get(2))));
                default -> Optional.empty();
            };
        } catch (IllegalArgumentException unknown) {
            return Optional.empty();
        }
    }

    static List<PciAddress> addresses(String joined) {
        List<PciAddress> addresses = new ArrayList<>();
        for (String text : joined.split(",")) {
            if (!text.isEmpty()) {
                addresses.add(PciAddress.of(text));
            }
        }
        return addresses;
    }

    private static String kind(Setting setting) {
        return setting.getClass().getSimpleName().toLowerCase(Locale.ROOT);
    }

    private static String subject(Setting setting) {
        return switch (setting) {
            case Setting.Driver(PciAddress function) -> function.toString();
            case Setting.Override(PciAddress function) -> function.toString();
            case Setting.PowerControl(PciAddress function) -> function.toString();
            case Setting.FramebufferDriver(String device) -> device;
            case Setting.Module(String name) -> name;
            case Setting.FirmwareRegion(PciAddress function, AddressRange range) -> function + " " + range;
        };
    }

    private static AddressRange range(String first, String last) {
        return new AddressRange(Long.parseUnsignedLong(first, 16), Long.parseUnsignedLong(last, 16));
    }

    private static Setting setting(String kind, String subject) {
        return switch (kind) {
            case "driver" -> new Setting.Driver(PciAddress.of(subject));
            case "override" -> new Setting.Override(PciAddress.of(subject));
            case "powercontrol" -> new Setting.PowerControl(PciAddress.of(subject));
            case "framebufferdriver" -> new Setting.FramebufferDriver(subject);
            case "module" -> new Setting.Module(subject);
            case "firmwareregion" -> {
                String[] parts = subject.split("[ -]", -1);
                if (parts.length != 3) {
                    throw new IllegalArgumentException(subject);
                }
                yield new Setting.FirmwareRegion(PciAddress.of(parts[0]), range(parts[1], parts[2]));
            }
            default -> throw new IllegalArgumentException(kind);
        };
    }
}
