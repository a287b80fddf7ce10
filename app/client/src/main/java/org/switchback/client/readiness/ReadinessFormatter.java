package org.switchback.client.readiness;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Overlap;

/** Puts into words what the checks of a GPU came to. */
public final class ReadinessFormatter {
    private final Messages messages;
    private final Gpu gpu;
    private final Readiness readiness;

    public ReadinessFormatter(Messages messages, Readiness readiness) {
        this.messages = messages;
        this.gpu = readiness.gpu();
        this.readiness = readiness;
    }

    /** All of it in one sentence. */
    public String summary() {
        long blocks = readiness.count(CheckResult.CheckStatus.BLOCKED);
        long toDo = readiness.count(CheckResult.CheckStatus.WARNING);
        String name = gpu.graphics().name();
        if (blocks > 0) {
            return messages.text(
                    blocks == 1 ? "readiness.summary.blocked.one" : "readiness.summary.blocked.many",
                    name,
                    Long.toString(blocks));
        }
        if (gpu.mode() == Gpu.GpuMode.VM) {
            return messages.text("readiness.summary.there", name);
        }
        return toDo > 0
                ? messages.text(
                        toDo == 1 ? "readiness.summary.warning.one" : "readiness.summary.warning.many",
                        name,
                        Long.toString(toDo))
                : messages.text("readiness.summary.ready", name);
    }

    /** What a check is about, a few words. */
    public String title(ReadinessCheck check) {
        return messages.text("readiness." + check.id());
    }

    /** What was found, a sentence or two. */
    public String description(CheckResult finding) {
        if (!finding.refusals().isEmpty()) {
            return String.join("\n", messages.formatRefusals(finding.refusals()));
        }
        return messages.text(messageKey(finding), messageArguments(finding));
    }

    /** What a person can do about it; empty when there is nothing to do, or the sentence has said it. */
    public Optional<String> advice(CheckResult finding) {
        String key = messageKey(finding) + ".advice";
        return messages.containsKey(key)
                ? Optional.of(messages.text(key, messageArguments(finding)))
                : Optional.empty();
    }

    private static String messageKey(CheckResult finding) {
        return "readiness." + finding.check().id() + "." + finding.code();
    }

    private Object[] messageArguments(CheckResult finding) {
        List<String> values = new ArrayList<>();
        for (List<String> value : finding.arguments()) {
            values.add(messages.formatList(value));
        }
        switch (finding.check()) {
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
                // They are texts already.
            }
        }
        return values.toArray();
    }

    /** Everything as a text for a mail or a bug report. */
    public String toPlainText() {
        StringBuilder text = new StringBuilder(messages.text(
                "readiness.heading", gpu.graphics().name(), gpu.address().toString()));
        text.append('\n').append(summary()).append('\n');
        for (CheckResult finding : readiness.results()) {
            text.append('\n')
                    .append(finding.status().symbol())
                    .append(' ')
                    .append(title(finding.check()))
                    .append(": ")
                    .append(description(finding).replace("\n", " "));
            advice(finding).ifPresent(advice -> text.append(' ').append(advice));
        }
        return text.append('\n').toString();
    }
}
