package org.switchback.app.words;

import java.text.MessageFormat;
import java.util.Locale;
import java.util.ResourceBundle;
import org.switchback.app.helper.HelperProblem;
import org.switchback.hardware.Bar;
import org.switchback.protocol.PlannedRefusal;
import org.switchback.protocol.PlannedStep;

/** The catalogue of sentences in one language. */
public final class Words {
    private final Locale locale;
    private final ResourceBundle bundle;

    public Words(Locale locale) {
        this.locale = locale;
        this.bundle = ResourceBundle.getBundle("org.switchback.app.words.Words", locale);
    }

    public Locale locale() {
        return locale;
    }

    public String text(String key, Object... values) {
        return new MessageFormat(bundle.getString(key), locale).format(values);
    }

    public String problem(HelperProblem.Kind kind) {
        return text("helper.problem." + kind);
    }

    public String refusal(PlannedRefusal refusal) {
        return text("refusal." + refusal.code, refusal.details.toArray());
    }

    public String bar(int index) {
        return index == Bar.ROM ? text("window.bar.rom") : text("window.bar", index);
    }

    public String step(PlannedStep step) {
        return text("step." + step.kind, step.subject, step.before, step.after);
    }
}
