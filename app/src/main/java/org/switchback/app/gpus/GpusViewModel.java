package org.switchback.app.gpus;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyObjectWrapper;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.ReadOnlyStringWrapper;
import javafx.collections.FXCollections;
import javafx.collections.ObservableList;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.Source;
import org.switchback.app.switching.Direction;
import org.switchback.app.words.Words;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;

/** What the page of GPUs shows. Belongs to the drawing thread. */
public final class GpusViewModel {
    /** What there is to show. */
    public enum State {
        /** Nothing yet. */
        SCANNING,
        /** A machine without a GPU. */
        EMPTY,
        /** Cards. */
        CARDS,
        /** The machine could not be looked at. */
        FAILED
    }

    private final Words words;
    private final BiConsumer<PciAddress, Direction> chosen;
    private final ObservableList<GpuCard> cards = FXCollections.observableArrayList();
    // A field, since an unmodifiable list that nobody holds takes its listeners with it when it is collected.
    private final ObservableList<GpuCard> shownCards = FXCollections.unmodifiableObservableList(cards);
    private final ReadOnlyObjectWrapper<State> state = new ReadOnlyObjectWrapper<>(State.SCANNING);
    private final ReadOnlyStringWrapper message = new ReadOnlyStringWrapper("");
    private final ReadOnlyStringWrapper hint = new ReadOnlyStringWrapper("");

    /** As it was last seen, to tell a change that was made without Switchback. */
    private final Map<PciAddress, Gpu> known = new HashMap<>();

    private final Map<PciAddress, String> outside = new HashMap<>();
    private final Set<PciAddress> detailed = new HashSet<>();

    /** @param chosen told which GPU should go where */
    public GpusViewModel(Words words, BiConsumer<PciAddress, Direction> chosen) {
        this.words = words;
        this.chosen = chosen;
        scanning();
    }

    /** A card a GPU, by address. A card that says what it said before stays the same object. */
    public ObservableList<GpuCard> cards() {
        return shownCards;
    }

    public ReadOnlyObjectProperty<State> stateProperty() {
        return state.getReadOnlyProperty();
    }

    /** What is said instead of cards; empty with cards. */
    public ReadOnlyStringProperty messageProperty() {
        return message.getReadOnlyProperty();
    }

    /** What is said below the cards; empty most of the time. */
    public ReadOnlyStringProperty hintProperty() {
        return hint.getReadOnlyProperty();
    }

    /** Whether the details of a GPU are unfolded. */
    boolean detailed(GpuCard card) {
        return detailed.contains(card.address());
    }

    /** Folds the details of a GPU away, or back. */
    void fold(GpuCard card, boolean away) {
        if (away) {
            detailed.remove(card.address());
        } else {
            detailed.add(card.address());
        }
    }

    /** Makes the choice of a card. */
    public void choose(GpuCard card, GpuCard.Choice choice) {
        chosen.accept(card.address(), choice.direction());
    }

    /** Forgets the machine: another one is being looked at. */
    public void scanning() {
        cards.clear();
        expectChange();
        outside.clear();
        say(State.SCANNING, words.text("window.gpus.scanning"));
    }

    /** The machine could not be looked at; what was known of it is not true any more. */
    public void failed(HelperProblem problem) {
        cards.clear();
        say(State.FAILED, words.problem(problem.kind()));
    }

    /** Shows a machine. */
    public void show(Overview overview, Source source) {
        notice(overview.machine().gpus());
        CardWriter writer = new CardWriter(words, overview, source, outside);
        replace(overview.machine().gpus().stream().map(writer::card).toList());
        hint.set(overview.switchable() ? "" : words.text("window.gpus.unswitchable"));
        if (cards.isEmpty()) {
            say(State.EMPTY, words.text("window.gpus.empty"));
        } else {
            state.set(State.CARDS);
            message.set("");
        }
    }

    /** What a GPU is next time is Switchback's own doing: a switch has been made here. */
    public void expectChange() {
        known.clear();
    }

    /** Another driver than last time, and nobody here has bound it. */
    private void notice(List<Gpu> gpus) {
        for (Gpu gpu : gpus) {
            Gpu before = known.put(gpu.address(), gpu);
            if (before == null) {
                outside.remove(gpu.address());
            } else if (!drivers(before).equals(drivers(gpu))) {
                outside.put(gpu.address(), words.text("state.changed-outside", words.mode(before)));
            }
        }
    }

    private static List<Optional<String>> drivers(Gpu gpu) {
        return gpu.functions().stream().map(PciDevice::driver).toList();
    }

    private void say(State now, String text) {
        hint.set("");
        state.set(now);
        message.set(text);
    }

    private void replace(List<GpuCard> fresh) {
        if (cards.size() != fresh.size()) {
            cards.setAll(fresh);
            return;
        }
        for (int i = 0; i < fresh.size(); i++) {
            if (!cards.get(i).equals(fresh.get(i))) {
                cards.set(i, fresh.get(i));
            }
        }
    }
}
