package org.switchback.gui.gpus;

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
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.plan.Target;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.PciDevice;

/** What the page of GPUs shows. Belongs to the drawing thread. */
public final class GpusViewModel {
    /** What there is to show. */
    public enum GpusPageState {
        /** Nothing yet. */
        SCANNING,
        /** A machine without a GPU. */
        EMPTY,
        /** Cards. */
        CARDS,
        /** The machine could not be looked at. */
        FAILED
    }

    private final Messages messages;
    private final BiConsumer<PciAddress, Target> onSwitchRequested;
    private final ObservableList<GpuCard> cards = FXCollections.observableArrayList();
    // A field, since an unmodifiable list that nobody holds takes its listeners with it when it is collected.
    private final ObservableList<GpuCard> readOnlyCards = FXCollections.unmodifiableObservableList(cards);
    private final ReadOnlyObjectWrapper<GpusPageState> state = new ReadOnlyObjectWrapper<>(GpusPageState.SCANNING);
    private final ReadOnlyStringWrapper message = new ReadOnlyStringWrapper("");
    private final ReadOnlyStringWrapper hint = new ReadOnlyStringWrapper("");

    /** As it was last seen, to tell a change that was made without Switchback. */
    private final Map<PciAddress, Gpu> lastSeenGpus = new HashMap<>();

    private final Map<PciAddress, String> externalChanges = new HashMap<>();
    private final Set<PciAddress> expandedCards = new HashSet<>();

    /** @param onSwitchRequested told which GPU should go where */
    public GpusViewModel(Messages messages, BiConsumer<PciAddress, Target> onSwitchRequested) {
        this.messages = messages;
        this.onSwitchRequested = onSwitchRequested;
        showScanning();
    }

    /** A card a GPU, by address. A card that says what it said before stays the same object. */
    public ObservableList<GpuCard> cards() {
        return readOnlyCards;
    }

    public ReadOnlyObjectProperty<GpusPageState> stateProperty() {
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
    boolean isExpanded(GpuCard card) {
        return expandedCards.contains(card.address());
    }

    /** Folds the details of a GPU away, or back. */
    void setCollapsed(GpuCard card, boolean away) {
        if (away) {
            expandedCards.remove(card.address());
        } else {
            expandedCards.add(card.address());
        }
    }

    /** Makes the choice of a card. */
    public void runAction(GpuCard card, GpuCard.CardAction choice) {
        onSwitchRequested.accept(card.address(), choice.target());
    }

    /** Forgets the machine: another one is being looked at. */
    public void showScanning() {
        cards.clear();
        resetChangeDetection();
        externalChanges.clear();
        showMessage(GpusPageState.SCANNING, messages.text("window.gpus.scanning"));
    }

    /** The machine could not be looked at; what was known of it is not true any more. */
    public void showFailure(HelperException problem) {
        cards.clear();
        showMessage(GpusPageState.FAILED, messages.formatHelperFailure(problem.kind()));
    }

    /** Shows a machine. */
    public void show(MachineOverview overview, MachineSource source) {
        detectExternalChanges(overview.machine().gpus());
        GpuCardFactory writer = new GpuCardFactory(messages, overview, source, externalChanges);
        updateCards(overview.machine().gpus().stream().map(writer::create).toList());
        hint.set(overview.hasSwitchableGpu() ? "" : messages.text("window.gpus.unswitchable"));
        if (cards.isEmpty()) {
            showMessage(GpusPageState.EMPTY, messages.text("window.gpus.empty"));
        } else {
            state.set(GpusPageState.CARDS);
            message.set("");
        }
    }

    /** What a GPU is next time is Switchback's own doing: a switch has been made here. */
    public void resetChangeDetection() {
        lastSeenGpus.clear();
    }

    /** Another driver than last time, and nobody here has bound it. */
    private void detectExternalChanges(List<Gpu> gpus) {
        for (Gpu gpu : gpus) {
            Gpu before = lastSeenGpus.put(gpu.address(), gpu);
            if (before == null) {
                externalChanges.remove(gpu.address());
            } else if (!drivers(before).equals(drivers(gpu))) {
                externalChanges.put(gpu.address(), messages.text("state.changed-outside", messages.formatMode(before)));
            }
        }
    }

    private static List<Optional<String>> drivers(Gpu gpu) {
        return gpu.functions().stream().map(PciDevice::driver).toList();
    }

    private void showMessage(GpusPageState now, String text) {
        hint.set("");
        state.set(now);
        message.set(text);
    }

    private void updateCards(List<GpuCard> fresh) {
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
