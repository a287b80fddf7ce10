package org.switchback.gui.session;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import javafx.beans.InvalidationListener;
import javafx.beans.property.BooleanProperty;
import javafx.beans.property.ObjectProperty;
import javafx.beans.property.ReadOnlyObjectProperty;
import javafx.beans.property.SimpleBooleanProperty;
import javafx.beans.property.SimpleObjectProperty;
import javafx.beans.value.ChangeListener;
import org.jspecify.annotations.Nullable;
import org.switchback.client.messages.Messages;
import org.switchback.gui.gpus.GpuCard;
import org.switchback.gui.gpus.GpusViewModel;
import org.switchback.gui.session.TrayContent.MenuRow;
import org.switchback.gui.session.TrayContent.TrayIcon;
import org.switchback.gui.session.TrayContent.TrayStatus;
import org.switchback.gui.switching.SwitchResult;
import org.switchback.gui.switching.SwitchViewModel;
import org.switchback.hardware.PciAddress;

/** The content of the tray, and when to send a notification. Confined to the FX thread. */
public final class SessionViewModel {
    /** What the tray menu does with the window. */
    public interface TrayActions {
        void raise();

        void quit();
    }

    /**
     * A notification for the user while the window is not visible.
     *
     * @param summary one sentence
     * @param body may be empty
     * @param urgent whether the user has to do something
     */
    public record Notification(String summary, String body, boolean urgent) {}

    private final Messages messages;
    private final GpusViewModel gpus;
    private final TrayActions trayActions;
    private final BooleanSupplier windowVisible;
    private final Consumer<Notification> notificationHandler;
    private final ObjectProperty<TrayContent> trayContent;
    private final BooleanProperty windowHidden = new SimpleBooleanProperty(false);
    private final InvalidationListener updateListener = change -> updateContent();
    private final ChangeListener<@Nullable SwitchResult> resultListener = (observable, before, now) -> switchEnded(now);
    private final Map<PciAddress, GpuCard.StatusLabel> lastStatus = new HashMap<>();

    private @Nullable SwitchViewModel currentSwitch;

    /**
     * @param activeSwitch the switch whose pane is open; null if none is
     * @param windowVisible whether the user sees the window, which makes notifications unnecessary
     * @param notificationHandler shows a notification
     */
    public SessionViewModel(
            Messages messages,
            GpusViewModel gpus,
            ReadOnlyObjectProperty<@Nullable SwitchViewModel> activeSwitch,
            TrayActions trayActions,
            BooleanSupplier windowVisible,
            Consumer<Notification> notificationHandler) {
        this.messages = messages;
        this.gpus = gpus;
        this.trayActions = trayActions;
        this.windowVisible = windowVisible;
        this.notificationHandler = notificationHandler;
        this.trayContent = new SimpleObjectProperty<>(createContent());
        gpus.cards().subscribe(this::cardsChanged);
        gpus.messageProperty().addListener(updateListener);
        windowHidden.addListener(updateListener);
        activeSwitch.subscribe(this::observeSwitch);
    }

    public ReadOnlyObjectProperty<TrayContent> trayContentProperty() {
        return trayContent;
    }

    /** Whether only the tray shows the program. */
    public BooleanProperty windowHiddenProperty() {
        return windowHidden;
    }

    private void observeSwitch(@Nullable SwitchViewModel newSwitch) {
        if (currentSwitch != null) {
            currentSwitch.statusProperty().removeListener(updateListener);
            currentSwitch.switchResultProperty().removeListener(resultListener);
        }
        currentSwitch = newSwitch;
        if (newSwitch != null) {
            newSwitch.statusProperty().addListener(updateListener);
            newSwitch.switchResultProperty().addListener(resultListener);
        }
        updateContent();
    }

    private void switchEnded(@Nullable SwitchResult result) {
        updateContent();
        if (result != null && currentSwitch != null) {
            // This notification replaces the one for the next change of the card.
            lastStatus.remove(currentSwitch.gpuAddress());
            notifyUser(new Notification(result.title(), String.join("\n", result.lines()), !result.isSuccessful()));
        }
    }

    private void notifyUser(Notification notification) {
        if (!windowVisible.getAsBoolean()) {
            notificationHandler.accept(notification);
        }
    }

    private void cardsChanged() {
        if (gpus.cards().isEmpty()) {
            // Another machine is being opened, so the next cards are not a change.
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
            gpus.cards()
                    .forEach(card -> states.add(
                            messages.text("tray.gpu", card.name(), card.status().text())));
        }
        states.forEach(state -> rows.add(new MenuRow.TextRow(state)));
        rows.add(new MenuRow.SeparatorRow());
        if (currentSwitch == null) {
            List<MenuRow> actionRows = actionRows();
            rows.addAll(actionRows);
            if (!actionRows.isEmpty()) {
                rows.add(new MenuRow.SeparatorRow());
            }
        }
        rows.add(new MenuRow.ActionRow(messages.text("tray.open"), trayActions::raise));
        rows.add(new MenuRow.ActionRow(messages.text("window.menu.quit"), trayActions::quit));
        TrayStatus status = trayStatus();
        return new TrayContent(status, trayIcon(status), String.join("\n", states), rows);
    }

    private static String statusText(SwitchViewModel pane) {
        SwitchResult result = pane.switchResultProperty().get();
        return result == null ? pane.statusProperty().get() : result.title();
    }

    private List<MenuRow> actionRows() {
        List<MenuRow> actionRows = new ArrayList<>();
        for (GpuCard card : gpus.cards()) {
            card.actions().stream()
                    .findFirst()
                    .filter(GpuCard.CardAction::enabled)
                    .ifPresent(action -> actionRows.add(
                            new MenuRow.ActionRow(messages.text("tray.choice", action.label(), card.name()), () -> {
                                trayActions.raise();
                                gpus.runAction(card, action);
                            })));
        }
        return actionRows;
    }

    private TrayStatus trayStatus() {
        if (currentSwitch != null) {
            SwitchResult result = currentSwitch.switchResultProperty().get();
            return result == null || result.isSuccessful() ? TrayStatus.ACTIVE : TrayStatus.NEEDS_ATTENTION;
        }
        if (hasCardWithStyle(GpuCard.StatusStyle.PARTIALLY_SWITCHED)) {
            return TrayStatus.NEEDS_ATTENTION;
        }
        // A tray may hide a passive icon, which is the only way back to a hidden window.
        return hasCardWithStyle(GpuCard.StatusStyle.VM) || windowHidden.get() ? TrayStatus.ACTIVE : TrayStatus.PASSIVE;
    }

    private TrayIcon trayIcon(TrayStatus status) {
        if (status == TrayStatus.NEEDS_ATTENTION) {
            return TrayIcon.ATTENTION;
        }
        return hasCardWithStyle(GpuCard.StatusStyle.VM) ? TrayIcon.VM : TrayIcon.HOST;
    }

    private boolean hasCardWithStyle(GpuCard.StatusStyle style) {
        return gpus.cards().stream().anyMatch(card -> card.status().style() == style);
    }
}
