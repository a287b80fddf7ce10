package org.switchback.gui.gpus;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.ReadOnlyStringProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.beans.property.SimpleStringProperty;
import javafx.beans.property.StringProperty;
import javafx.collections.FXCollections;
import javafx.collections.ObservableList;
import org.switchback.client.HelperException;
import org.switchback.client.MachineSource;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.Gpu;
import org.switchback.hardware.PciAddress;
import org.switchback.plan.Target;

/** The content of the GPU page. Confined to the FX thread. */
public final class GpusViewModel {
    public enum GpusPageState {
        /** The machine is being read. */
        SCANNING,
        /** The machine has no GPU. */
        EMPTY,
        CARDS,
        /** The machine could not be read. */
        FAILED
    }

    private final Messages messages;
    private final BiConsumer<PciAddress, Target> onSwitchRequested;
    private final ObservableList<GpuCard> cards = FXCollections.observableArrayList();
    // A field: an unreferenced unmodifiable list is garbage collected together with its listeners.
    private final ObservableList<GpuCard> readOnlyCards = FXCollections.unmodifiableObservableList(cards);
    private final ObjectProperty<GpusPageState> state = new SimpleObjectProperty<>(GpusPageState.SCANNING);
    private final StringProperty message = new SimpleStringProperty("");
    private final StringProperty hint = new SimpleStringProperty("");

    /** State at the last refresh, to detect changes made without Switchback. */
    private final Map<PciAddress, Gpu> lastSeenGpus = new HashMap<>();

    private final Map<PciAddress, String> externalChanges = new HashMap<>();
    private final Set<PciAddress> expandedCards = new HashSet<>();

    /** @param onSwitchRequested called with the GPU and the target of a switch */
    public GpusViewModel(Messages messages, BiConsumer<PciAddress, Target> onSwitchRequested) {
        this.messages = messages;
        this.onSwitchRequested = onSwitchRequested;
        showScanning();
    }

    /** One card per GPU, by address. An unchanged card stays the same object. */
    public ObservableList<GpuCard> cards() {
        return readOnlyCards;
    }

    public ReadOnlyObjectProperty<GpusPageState> stateProperty() {
        return state;
    }

    /** Shown instead of cards; empty with cards. */
    public ReadOnlyStringProperty messageProperty() {
        return message;
    }

    /** Shown below the cards; usually empty. */
    public ReadOnlyStringProperty hintProperty() {
        return hint;
    }

    boolean isExpanded(GpuCard card) {
        return expandedCards.contains(card.address());
    }

    void setCollapsed(GpuCard card, boolean collapsed) {
        if (collapsed) {
            expandedCards.remove(card.address());
        } else {
            expandedCards.add(card.address());
        }
    }

    public void runAction(GpuCard card, GpuCard.CardAction action) {
        onSwitchRequested.accept(card.address(), action.target());
    }

    /** Removes the cards while another machine is opened. */
    public void showScanning() {
        cards.clear();
        resetChangeDetection();
        externalChanges.clear();
        showMessage(GpusPageState.SCANNING, messages.text("window.gpus.scanning"));
    }

    /** Removes the cards, which are outdated: the machine could not be read. */
    public void showFailure(HelperException e) {
        cards.clear();
        showMessage(GpusPageState.FAILED, messages.formatHelperFailure(e.kind()));
    }

    public void show(MachineOverview overview, MachineSource source) {
        detectExternalChanges(overview.machine().gpus());
        GpuCardFactory factory = new GpuCardFactory(messages, overview, source, externalChanges);
        updateCards(overview.machine().gpus().stream().map(factory::create).toList());
        hint.set(overview.hasSwitchableGpu() ? "" : messages.text("window.gpus.unswitchable"));
        if (cards.isEmpty()) {
            showMessage(GpusPageState.EMPTY, messages.text("window.gpus.empty"));
        } else {
            state.set(GpusPageState.CARDS);
            message.set("");
        }
    }

    /** Called after a switch in this window: the next difference is not an external change. */
    public void resetChangeDetection() {
        lastSeenGpus.clear();
    }

    /** A driver differs from the last refresh without a switch in this window. */
    private void detectExternalChanges(List<Gpu> gpus) {
        for (Gpu gpu : gpus) {
            Gpu before = lastSeenGpus.put(gpu.address(), gpu);
            if (before == null) {
                externalChanges.remove(gpu.address());
            } else if (!before.drivers().equals(gpu.drivers())) {
                externalChanges.put(gpu.address(), messages.text("state.changed-outside", messages.formatMode(before)));
            }
        }
    }

    private void showMessage(GpusPageState newState, String text) {
        hint.set("");
        state.set(newState);
        message.set(text);
    }

    private void updateCards(List<GpuCard> newCards) {
        if (cards.size() != newCards.size()) {
            cards.setAll(newCards);
            return;
        }
        for (int i = 0; i < newCards.size(); i++) {
            if (!cards.get(i).equals(newCards.get(i))) {
                cards.set(i, newCards.get(i));
            }
        }
    }
}
