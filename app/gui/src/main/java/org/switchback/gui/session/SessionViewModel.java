package org.switchback.gui.session;

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
import org.switchback.gui.gpus.GpuCard;
import org.switchback.gui.gpus.GpusViewModel;
import org.switchback.gui.session.TrayContent.MenuRow;
import org.switchback.gui.session.TrayContent.TrayIcon;
import org.switchback.gui.session.TrayContent.TrayStatus;
import org.switchback.gui.switching.SwitchResult;
import org.switchback.gui.switching.SwitchViewModel;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.PciAddress;

/** What a person learns without looking at the window. Belongs to the drawing thread. */
public final class SessionViewModel {
    /** What the tray's menu can do to the window. */
    public interface TrayActions {
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
    public record Notification(String summary, String body, boolean urgent) {}

    private final Messages messages;
    private final GpusViewModel gpus;
    private final TrayActions trayActions;
    private final BooleanSupplier windowVisible;
    private final Consumer<Notification> notificationHandler;
    private final ReadOnlyObjectWrapper<TrayContent> trayContent;
    private final BooleanProperty windowHidden = new SimpleBooleanProperty(false);
    private final InvalidationListener updateListener = change -> updateContent();
    private final ChangeListener<@Nullable SwitchResult> resultListener = (outcome, old, now) -> switchEnded(now);
    private final Map<PciAddress, GpuCard.StatusLabel> lastStatus = new HashMap<>();

    private @Nullable SwitchViewModel currentSwitch;

    /**
     * @param switching the switch whose pane is open; null when none is
     * @param windowVisible   whether the person sees the window anyway
     * @param notificationHandler   told what is worth a notification
     */
    public SessionViewModel(
            Messages messages,
            GpusViewModel gpus,
            ReadOnlyObjectProperty<@Nullable SwitchViewModel> switching,
            TrayActions trayActions,
            BooleanSupplier windowVisible,
            Consumer<Notification> notificationHandler) {
        this.messages = messages;
        this.gpus = gpus;
        this.trayActions = trayActions;
        this.windowVisible = windowVisible;
        this.notificationHandler = notificationHandler;
        this.trayContent = new ReadOnlyObjectWrapper<>(createContent());
        gpus.cards().addListener((ListChangeListener<GpuCard>) change -> cardsChanged());
        gpus.messageProperty().addListener(updateListener);
        windowHidden.addListener(updateListener);
        switching.addListener((observable, old, now) -> observeSwitch(now));
        observeSwitch(switching.get());
    }

    /** What the tray shows now. */
    public ReadOnlyObjectProperty<TrayContent> trayContentProperty() {
        return trayContent.getReadOnlyProperty();
    }

    /** Whether the tray is all there is of the window. */
    public BooleanProperty windowHiddenProperty() {
        return windowHidden;
    }

    private void observeSwitch(@Nullable SwitchViewModel now) {
        if (currentSwitch != null) {
            currentSwitch.statusProperty().removeListener(updateListener);
            currentSwitch.switchResultProperty().removeListener(resultListener);
        }
        currentSwitch = now;
        if (now != null) {
            now.statusProperty().addListener(updateListener);
            now.switchResultProperty().addListener(resultListener);
        }
        updateContent();
    }

    private void switchEnded(@Nullable SwitchResult outcome) {
        updateContent();
        if (outcome != null && currentSwitch != null) {
            // Said here, so not once more when the cards are looked at again.
            lastStatus.remove(currentSwitch.gpuAddress());
            notifyUser(new Notification(
                    outcome.title(),
                    String.join("\n", outcome.lines()),
                    outcome.kind() != SwitchResult.SwitchResultKind.SUCCEEDED));
        }
    }

    private void notifyUser(Notification notice) {
        if (!windowVisible.getAsBoolean()) {
            notificationHandler.accept(notice);
        }
    }

    private void cardsChanged() {
        if (gpus.cards().isEmpty()) {
            // Another machine is being looked at; nothing has happened to this one.
            lastStatus.clear();
        }
        for (GpuCard card : gpus.cards()) {
            GpuCard.@Nullable StatusLabel before = lastStatus.put(card.address(), card.status());
            if (before != null && before.style() != card.status().style()) {
                notifyUser(new Notification(
                        messages.text("tray.changed", card.name()),
                        messages.text("tray.gpu", card.name(), card.status().text()),
                        false));
            }
        }
        updateContent();
    }

    private void updateContent() {
        trayContent.set(createContent());
    }

    private TrayContent createContent() {
        List<MenuRow> rows = new ArrayList<>();
        List<String> states = new ArrayList<>();
        if (currentSwitch != null) {
            states.add(messages.text("tray.gpu", currentSwitch.gpuNameProperty().get(), statusText(currentSwitch)));
        } else if (gpus.cards().isEmpty()) {
            states.add(gpus.messageProperty().get());
        } else {
            gpus.cards().forEach(card -> states.add(
                    messages.text("tray.gpu", card.name(), card.status().text())));
        }
        states.forEach(state -> rows.add(new MenuRow.TextRow(state)));
        rows.add(new MenuRow.SeparatorRow());
        if (currentSwitch == null) {
            List<MenuRow> choices = actionRows();
            rows.addAll(choices);
            if (!choices.isEmpty()) {
                rows.add(new MenuRow.SeparatorRow());
            }
        }
        rows.add(new MenuRow.ActionRow(messages.text("tray.open"), trayActions::raise));
        rows.add(new MenuRow.ActionRow(messages.text("window.menu.quit"), trayActions::quit));
        TrayStatus status = trayStatus();
        return new TrayContent(status, trayIcon(status), String.join("\n", states), rows);
    }

    private static String statusText(SwitchViewModel pane) {
        SwitchResult outcome = pane.switchResultProperty().get();
        return outcome == null ? pane.statusProperty().get() : outcome.title();
    }

    private List<MenuRow> actionRows() {
        List<MenuRow> choices = new ArrayList<>();
        for (GpuCard card : gpus.cards()) {
            card.actions().stream()
                    .findFirst()
                    .filter(GpuCard.CardAction::enabled)
                    .ifPresent(choice -> choices.add(new MenuRow.ActionRow(
                            messages.text("tray.choice", choice.label(), card.name()), () -> {
                                trayActions.raise();
                                gpus.runAction(card, choice);
                            })));
        }
        return choices;
    }

    private TrayStatus trayStatus() {
        if (currentSwitch != null) {
            SwitchResult outcome = currentSwitch.switchResultProperty().get();
            return outcome == null || outcome.kind() == SwitchResult.SwitchResultKind.SUCCEEDED ? TrayStatus.ACTIVE : TrayStatus.NEEDS_ATTENTION;
        }
        if (hasCardWithStyle(GpuCard.StatusStyle.PARTIALLY_SWITCHED)) {
            return TrayStatus.NEEDS_ATTENTION;
        }
        // Hosts may put a passive icon out of sight, and with a hidden window it is the only way back.
        return hasCardWithStyle(GpuCard.StatusStyle.VM) || windowHidden.get() ? TrayStatus.ACTIVE : TrayStatus.PASSIVE;
    }

    private TrayIcon trayIcon(TrayStatus status) {
        if (status == TrayStatus.NEEDS_ATTENTION) {
            return TrayIcon.ATTENTION;
        }
        return hasCardWithStyle(GpuCard.StatusStyle.VM) ? TrayIcon.VM : TrayIcon.HOST;
    }

    private boolean hasCardWithStyle(GpuCard.StatusStyle tone) {
        return gpus.cards().stream().anyMatch(card -> card.status().style() == tone);
    }
}
