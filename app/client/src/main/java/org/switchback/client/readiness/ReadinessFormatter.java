package org.switchback.client.readiness;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.Gpu;

/** Formats the readiness of a GPU for people. */
public final class ReadinessFormatter {
    private final Messages messages;
    private final Gpu gpu;
    private final Readiness readiness;

    public ReadinessFormatter(Messages messages, Readiness readiness) {
        this.messages = messages;
        this.gpu = readiness.gpu();
        this.readiness = readiness;
    }

    /** The overall readiness in one sentence. */
    public String summary() {
        long blocked = readiness.count(CheckResult.CheckStatus.BLOCKED);
        long warnings = readiness.count(CheckResult.CheckStatus.WARNING);
        String name = gpu.graphics().name();
        if (blocked > 0) {
            return messages.text(
                    blocked == 1 ? "readiness.summary.blocked.one" : "readiness.summary.blocked.many", name, blocked);
        }
        if (gpu.mode() == Gpu.GpuMode.VM) {
            return messages.text(
                    warnings == 0
                            ? "readiness.summary.there"
                            : warnings == 1
                                    ? "readiness.summary.there.warning.one"
                                    : "readiness.summary.there.warning.many",
                    name,
                    Long.toString(warnings));
        }
        return warnings > 0
                ? messages.text(
                        warnings == 1 ? "readiness.summary.warning.one" : "readiness.summary.warning.many",
                        name,
                        warnings)
                : messages.text("readiness.summary.ready", name);
    }

    /** The name of a check, a few words. */
    public String title(ReadinessCheckKind check) {
        return messages.text("readiness." + check.id());
    }

    /** What the check found, one or two sentences. */
    public String description(CheckResult result) {
        if (!result.refusals().isEmpty()) {
            return String.join("\n", messages.formatRefusals(result.refusals()));
        }
        if (result.check() == ReadinessCheckKind.REFERENCES
                && !result.arguments().isEmpty()) {
            return String.join("\n", messages.formatKernelReferences(gpu));
        }
        if (result.check() == ReadinessCheckKind.KERNEL_OPTIONS
                && result.arguments().size() > 1) {
            return result.arguments().stream()
                    .skip(1)
                    .map(this::formatKernelOption)
                    .collect(Collectors.joining("\n"));
        }
        return messages.text(messageKey(result), messageArguments(result));
    }

    private String formatKernelOption(List<String> effect) {
        return messages.text(
                "readiness.kernel-options.effect." + effect.getFirst(),
                effect.subList(1, effect.size()).toArray());
    }

    /** What the user can do; empty when nothing is needed or the description says it. */
    public Optional<String> advice(CheckResult result) {
        String key = messageKey(result) + ".advice";
        return messages.containsKey(key) ? Optional.of(messages.text(key, messageArguments(result))) : Optional.empty();
    }

    private static String messageKey(CheckResult result) {
        return "readiness." + result.check().id() + "." + result.code();
    }

    private Object[] messageArguments(CheckResult result) {
        List<String> values = new ArrayList<>();
        for (List<String> value : result.arguments()) {
            values.add(messages.formatList(value));
        }
        switch (result.check()) {
            case RESIZABLE_BAR -> {
                for (int i = 0; i < values.size(); i++) {
                    String value = values.get(i);
                    values.set(
                            i,
                            i == 0
                                    ? messages.formatBar(Integer.parseInt(value))
                                    : messages.formatSize(Long.parseLong(value)));
                }
            }
            case FRAMEBUFFER ->
                values.add(messages.formatList(gpu.firmwareOverlaps().stream()
                        .map(messages::formatOverlap)
                        .toList()));
            default -> {
                // The arguments are texts already.
            }
        }
        return values.toArray();
    }

    /** All results as plain text for a mail or a bug report. */
    public String toPlainText() {
        StringBuilder text = new StringBuilder(
                messages.text("readiness.heading", gpu.graphics().name(), gpu.address()));
        text.append('\n').append(summary()).append('\n');
        for (CheckResult result : readiness.results()) {
            text.append('\n')
                    .append(result.status().symbol())
                    .append(' ')
                    .append(title(result.check()))
                    .append(": ")
                    .append(description(result).replace("\n", " "));
            advice(result).ifPresent(advice -> text.append(' ').append(advice));
        }
        return text.append('\n').toString();
    }
}
