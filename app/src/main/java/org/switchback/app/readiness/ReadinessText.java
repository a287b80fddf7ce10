package org.switchback.app.readiness;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.switchback.app.words.Words;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.Overlap;

/** Puts into words what the checks of a GPU came to. */
public final class ReadinessText {
    private final Words words;
    private final Gpu gpu;
    private final Readiness readiness;

    public ReadinessText(Words words, Readiness readiness) {
        this.words = words;
        this.gpu = readiness.gpu();
        this.readiness = readiness;
    }

    /** All of it in one sentence. */
    public String summary() {
        long blocks = readiness.count(Finding.Result.BLOCKS);
        long toDo = readiness.count(Finding.Result.TO_DO);
        String name = gpu.graphics().name();
        if (blocks > 0) {
            return words.text(
                    blocks == 1 ? "readiness.summary.blocks.one" : "readiness.summary.blocks.many",
                    name,
                    Long.toString(blocks));
        }
        if (gpu.mode() == Gpu.Mode.VM) {
            return words.text("readiness.summary.there", name);
        }
        return toDo > 0
                ? words.text(
                        toDo == 1 ? "readiness.summary.to-do.one" : "readiness.summary.to-do.many",
                        name,
                        Long.toString(toDo))
                : words.text("readiness.summary.ready", name);
    }

    /** What a check is about, a few words. */
    public String title(Check check) {
        return words.text("readiness." + check.id());
    }

    /** What was found, a sentence or two. */
    public String sentence(Finding finding) {
        if (!finding.refusals().isEmpty()) {
            return String.join("\n", words.refusals(finding.refusals()));
        }
        return words.text(key(finding), values(finding));
    }

    /** What a person can do about it; empty when there is nothing to do, or the sentence has said it. */
    public Optional<String> advice(Finding finding) {
        String key = key(finding) + ".advice";
        return words.has(key) ? Optional.of(words.text(key, values(finding))) : Optional.empty();
    }

    private static String key(Finding finding) {
        return "readiness." + finding.check().id() + "." + finding.code();
    }

    private Object[] values(Finding finding) {
        List<String> values = new ArrayList<>();
        for (List<String> value : finding.values()) {
            values.add(words.list(value));
        }
        switch (finding.check()) {
            case RESIZABLE_BAR -> {
                for (int i = 0; i < values.size(); i++) {
                    String value = values.get(i);
                    values.set(i, i == 0 ? words.bar(Integer.parseInt(value)) : words.size(Long.parseLong(value)));
                }
            }
            case FRAMEBUFFER ->
                values.add(words.list(gpu.overlaps().stream()
                        .filter(Overlap::fromFirmware)
                        .map(words::overlap)
                        .toList()));
            default -> {
                // They are texts already.
            }
        }
        return values.toArray();
    }

    /** Everything as a text for a mail or a bug report. */
    public String plain() {
        StringBuilder text = new StringBuilder(
                words.text("readiness.heading", gpu.graphics().name(), gpu.address().toString()));
        text.append('\n').append(summary()).append('\n');
        for (Finding finding : readiness.findings()) {
            text.append('\n')
                    .append(finding.result().sign())
                    .append(' ')
                    .append(title(finding.check()))
                    .append(": ")
                    .append(sentence(finding).replace("\n", " "));
            advice(finding).ifPresent(advice -> text.append(' ').append(advice));
        }
        return text.append('\n').toString();
    }
}
