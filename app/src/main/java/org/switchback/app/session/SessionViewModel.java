package org.switchback.app.session;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import javafx.beans.InvalidationListener;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.beans.property.SimpleBooleanProperty;
import javafx.beans.value.ChangeListener;
import javafx.collections.ListChangeListener;
import org.jspecify.annotations.Nullable;
import org.switchback.app.gpus.GpuCard;
import org.switchback.app.gpus.GpusViewModel;
import org.switchback.app.session.TrayContent.Row;
import org.switchback.app.session.TrayContent.Sign;
import org.switchback.app.session.TrayContent.Status;
import org.switchback.app.switching.Outcome;
import org.switchback.app.switching.SwitchViewModel;
import org.switchback.app.words.Words;
import org.switchback.hardware.PciAddress;

/** What a person learns without looking at the window. Belongs to the drawing thread. */
public final class SessionViewModel {
    /** What the tray's menu can do to the window. */
    public interface Deeds {
        /** Brings the window to the front. */
        void raise();

        void quit();
    }

    /**
     * Something to say to a person who looks elsewhere.
     *
     * @param summary one sentence
     * @param body    more; empty for nothing more
     * @param urgent  whether something has to be done
     */
    public record Notice(String summary, String body, boolean urgent) {}

    private final Words words;
    private final GpusViewModel gpus;
    private final Deeds deeds;
    private final BooleanSupplier watched;
    private final Consumer<Notice> notices;
    private final ReadOnlyObjectWrapper<TrayContent> content;
    private final BooleanProperty hidden = new SimpleBooleanProperty(false);
    private final InvalidationListener again = change -> update();
    private final ChangeListener<@Nullable Outcome> ended = (outcome, old, now) -> ended(now);
    private final Map<PciAddress, GpuCard.Status> known = new HashMap<>();

    private @Nullable SwitchViewModel running;

    /**
     * @param switching the switch whose pane is open; null when none is
     * @param watched   whether the person sees the window anyway
     * @param notices   told what is worth a notification
     */
    public SessionViewModel(
            Words words,
            GpusViewModel gpus,
            ReadOnlyObjectProperty<@Nullable SwitchViewModel> switching,
            Deeds deeds,
            BooleanSupplier watched,
            Consumer<Notice> notices) {
        this.words = words;
        this.gpus = gpus;
        this.deeds = deeds;
        this.watched = watched;
        this.notices = notices;
        this.content = new ReadOnlyObjectWrapper<>(content());
        gpus.cards().addListener((ListChangeListener<GpuCard>) change -> cardsChanged());
        gpus.messageProperty().addListener(again);
        hidden.addListener(again);
        switching.addListener((observable, old, now) -> follow(now));
        follow(switching.get());
    }

    /** What the tray shows now. */
    public ReadOnlyObjectProperty<TrayContent> contentProperty() {
        return content.getReadOnlyProperty();
    }

    /** Whether the tray is all there is of the window. */
    public BooleanProperty hiddenProperty() {
        return hidden;
    }

    private void follow(@Nullable SwitchViewModel now) {
        if (running != null) {
            running.statusProperty().removeListener(again);
            running.outcomeProperty().removeListener(ended);
        }
        running = now;
        if (now != null) {
            now.statusProperty().addListener(again);
            now.outcomeProperty().addListener(ended);
        }
        update();
    }

    private void ended(@Nullable Outcome outcome) {
        update();
        if (outcome != null && running != null) {
            // Said here, so not once more when the cards are looked at again.
            known.remove(running.address());
            say(new Notice(
                    outcome.title(),
                    String.join("\n", outcome.lines()),
                    outcome.kind() != Outcome.Kind.REACHED));
        }
    }

    private void say(Notice notice) {
        if (!watched.getAsBoolean()) {
            notices.accept(notice);
        }
    }

    private void cardsChanged() {
        if (gpus.cards().isEmpty()) {
            // Another machine is being looked at; nothing has happened to this one.
            known.clear();
        }
        for (GpuCard card : gpus.cards()) {
            GpuCard.@Nullable Status before = known.put(card.address(), card.status());
            if (before != null && before.tone() != card.status().tone()) {
                say(new Notice(
                        words.text("tray.changed", card.name()),
                        words.text("tray.gpu", card.name(), card.status().text()),
                        false));
            }
        }
        update();
    }

    private void update() {
        content.set(content());
    }

    private TrayContent content() {
        List<Row> rows = new ArrayList<>();
        List<String> states = new ArrayList<>();
        if (running != null) {
            states.add(words.text("tray.gpu", running.nameProperty().get(), said(running)));
        } else if (gpus.cards().isEmpty()) {
            states.add(gpus.messageProperty().get());
        } else {
            gpus.cards().forEach(card -> states.add(
                    words.text("tray.gpu", card.name(), card.status().text())));
        }
        states.forEach(state -> rows.add(new Row.Said(state)));
        rows.add(new Row.Line());
        if (running == null) {
            List<Row> choices = choices();
            rows.addAll(choices);
            if (!choices.isEmpty()) {
                rows.add(new Row.Line());
            }
        }
        rows.add(new Row.Choice(words.text("tray.open"), deeds::raise));
        rows.add(new Row.Choice(words.text("window.menu.quit"), deeds::quit));
        Status status = status();
        return new TrayContent(status, sign(status), String.join("\n", states), rows);
    }

    private static String said(SwitchViewModel pane) {
        Outcome outcome = pane.outcomeProperty().get();
        return outcome == null ? pane.statusProperty().get() : outcome.title();
    }

    private List<Row> choices() {
        List<Row> choices = new ArrayList<>();
        for (GpuCard card : gpus.cards()) {
            card.choices().stream()
                    .findFirst()
                    .filter(GpuCard.Choice::enabled)
                    .ifPresent(choice -> choices.add(new Row.Choice(
                            words.text("tray.choice", choice.label(), card.name()), () -> {
                                deeds.raise();
                                gpus.choose(card, choice);
                            })));
        }
        return choices;
    }

    private Status status() {
        if (running != null) {
            Outcome outcome = running.outcomeProperty().get();
            return outcome == null || outcome.kind() == Outcome.Kind.REACHED ? Status.ACTIVE : Status.NEEDS_ATTENTION;
        }
        if (anyCard(GpuCard.Tone.MIXED)) {
            return Status.NEEDS_ATTENTION;
        }
        // Hosts may put a passive icon out of sight, and with a hidden window it is the only way back.
        return anyCard(GpuCard.Tone.VM) || hidden.get() ? Status.ACTIVE : Status.PASSIVE;
    }

    private Sign sign(Status status) {
        if (status == Status.NEEDS_ATTENTION) {
            return Sign.ATTENTION;
        }
        return anyCard(GpuCard.Tone.VM) ? Sign.VM : Sign.HOST;
    }

    private boolean anyCard(GpuCard.Tone tone) {
        return gpus.cards().stream().anyMatch(card -> card.status().tone() == tone);
    }
}
