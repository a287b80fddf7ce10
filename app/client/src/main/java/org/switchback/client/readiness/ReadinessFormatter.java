package org.switchback.client.readiness;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Overlap;

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
                    blocked == 1 ? "readiness.summary.blocked.one" : "readiness.summary.blocked.many",
                    name,
                    Long.toString(blocked));
        }
        if (gpu.mode() == Gpu.GpuMode.VM) {
            return messages.text("readiness.summary.there", name);
        }
        return warnings > 0
                ? messages.text(
                        warnings == 1 ? "readiness.summary.warning.one" : "readiness.summary.warning.many",
                        name,
                        Long.toString(warnings))
                : messages.text("readiness.summary.ready", name);
    }

    /** The name of a check, a few words. */
    public String title(ReadinessCheck check) {
        return messages.text("readiness." + check.id());
    }

    /** What the check found, one or two sentences. */
    public String description(CheckResult result) {
        if (!result.refusals().isEmpty()) {
            return String.join("\n", messages.formatRefusals(result.refusals()));
        }
        if (result.check() == ReadinessCheck.REFERENCES && !result.arguments().isEmpty()) {
            return String.join("\n", messages.formatKernelReferences(gpu));
        }
        return messages.text(messageKey(result), messageArguments(result));
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
                values.add(messages.formatList(gpu.overlaps().stream()
                        .filter(Overlap::isFromFirmware)
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
        StringBuilder text = new StringBuilder(messages.text(
                "readiness.heading", gpu.graphics().name(), gpu.address().toString()));
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
