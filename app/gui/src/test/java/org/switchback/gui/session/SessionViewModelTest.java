package org.switchback.gui.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.switchback.client.ScriptedConnections;
import org.switchback.client.ScriptedHelper;
import org.switchback.client.activity.ActivityLog;
import org.switchback.client.messages.Messages;
import org.switchback.gui.MainViewModel;
import org.switchback.gui.gpus.GpuCard;
import org.switchback.gui.session.TrayContent.MenuRow;
import org.switchback.gui.session.TrayContent.TrayIcon;
import org.switchback.gui.session.TrayContent.TrayStatus;
import org.switchback.gui.switching.PaneAction;
import org.switchback.gui.tasks.BackgroundTasks;

class SessionViewModelTest {
    private static final String HOST_MODE_TEXT = "NVIDIA GeForce GTX 1080: Host mode (nvidia)";

    private final Messages messages = Messages.forLocale(Locale.ENGLISH);
    private final ScriptedHelper helper = ScriptedHelper.withGtx1080();
    private final MainViewModel main = new MainViewModel(
            new ScriptedConnections(helper),
            ActivityLog.inMemory(),
            new BackgroundTasks(Runnable::run, Runnable::run),
            messages,
            () -> false);
    private final List<String> trayCalls = new ArrayList<>();
    private final List<SessionViewModel.Notification> notifications = new ArrayList<>();
    private boolean windowVisible;
    private final SessionViewModel model = new SessionViewModel(
            messages,
            main.gpus(),
            main.activeSwitchProperty(),
            new SessionViewModel.TrayActions() {
                @Override
                public void raise() {
                    trayCalls.add("raise");
                }

                @Override
                public void quit() {
                    trayCalls.add("quit");
                }
            },
            () -> windowVisible,
            notifications::add);

    @BeforeEach
    void open() {
        main.start(Optional.empty());
    }

    @Test
    void firstMenuRowIsTheStateText() {
        assertThat(model.trayContentProperty().get().rows().getFirst()).isEqualTo(new MenuRow.TextRow(HOST_MODE_TEXT));
        assertThat(model.trayContentProperty().get().title()).startsWith(HOST_MODE_TEXT);
    }

    @Test
    void statusIsPassiveInHostModeWhileTheWindowIsShown() {
        assertThat(model.trayContentProperty().get().status()).isEqualTo(TrayStatus.PASSIVE);
        assertThat(model.trayContentProperty().get().icon()).isEqualTo(TrayIcon.HOST);
        model.windowHiddenProperty().set(true);
        assertThat(model.trayContentProperty().get().status()).isEqualTo(TrayStatus.ACTIVE);
    }

    @Test
    void statusIsActiveInVmMode() {
        helper.setVmMode();
        main.refresh();
        assertThat(model.trayContentProperty().get().status()).isEqualTo(TrayStatus.ACTIVE);
        assertThat(model.trayContentProperty().get().icon()).isEqualTo(TrayIcon.VM);
    }

    @Test
    void partiallySwitchedGpuNeedsAttention() {
        helper.bind(ScriptedHelper.GTX_1080_AUDIO, "vfio-pci");
        main.refresh();
        assertThat(model.trayContentProperty().get().status()).isEqualTo(TrayStatus.NEEDS_ATTENTION);
        assertThat(model.trayContentProperty().get().icon()).isEqualTo(TrayIcon.ATTENTION);
    }

    @Test
    void menuActionRaisesTheWindowAndOpensThePlan() {
        choose("Switch to VM mode: NVIDIA GeForce GTX 1080");
        assertThat(trayCalls).containsExactly("raise");
        assertThat(main.activeSwitchProperty().get()).isNotNull();
    }

    @Test
    void desktopGpuHasNoMenuAction() {
        assertThat(actionTexts())
                .containsExactly("Switch to VM mode: NVIDIA GeForce GTX 1080", "Open Switchback", "Quit");
    }

    @Test
    void lastMenuRowsOpenAndQuit() {
        choose("Open Switchback");
        choose("Quit");
        assertThat(trayCalls).containsExactly("raise", "quit");
    }

    @Test
    void titleShowsTheRunningStep() {
        beginSwitch();
        helper.emitEvent("authorized", -1, 10, "");
        helper.emitEvent("started", 0, 10, "");
        assertThat(model.trayContentProperty().get().title())
                .isEqualTo("GeForce GTX 1080: Step 1 of 11: Check that no program uses 04:00.0 and 04:00.1");
        assertThat(model.trayContentProperty().get().status()).isEqualTo(TrayStatus.ACTIVE);
        assertThat(actionTexts()).containsExactly("Open Switchback", "Quit");
    }

    @Test
    void resultIsNotifiedOnceWhileTheWindowIsHidden() {
        beginSwitch();
        helper.setVmMode();
        helper.emitEvent("finished", -1, 10, "done");
        assertThat(notifications).singleElement().satisfies(notification -> {
            assertThat(notification.summary()).contains("GTX 1080").contains("VM mode");
            assertThat(notification.urgent()).isFalse();
        });
        press("switch-done");
        assertThat(main.gpus().cards().getFirst().status().style()).isEqualTo(GpuCard.StatusStyle.VM);
        assertThat(notifications).hasSize(1);
    }

    @Test
    void failedSwitchIsUrgentAndNeedsAttention() {
        beginSwitch();
        helper.emitEvent("finished", -1, 10, "rolled-back");
        assertThat(notifications).singleElement().matches(SessionViewModel.Notification::urgent);
        assertThat(model.trayContentProperty().get().status()).isEqualTo(TrayStatus.NEEDS_ATTENTION);
    }

    @Test
    void noNotificationWhileTheWindowIsVisible() {
        windowVisible = true;
        beginSwitch();
        helper.emitEvent("finished", -1, 10, "rolled-back");
        assertThat(notifications).isEmpty();
    }

    @Test
    void externalSwitchIsNotified() {
        helper.setVmMode();
        main.refresh();
        assertThat(notifications)
                .extracting(SessionViewModel.Notification::summary)
                .containsExactly("NVIDIA GeForce GTX 1080 was switched by another program");
    }

    @Test
    void openingAnotherMachineIsNotNotified() {
        main.openSample("iommu-off");
        main.openThisMachine();
        assertThat(notifications).isEmpty();
    }

    private void beginSwitch() {
        choose("Switch to VM mode: NVIDIA GeForce GTX 1080");
        press("switch-apply");
    }

    private void press(String id) {
        main.activeSwitchProperty().get().actions().stream()
                .filter(action -> action.id().equals(id))
                .findFirst()
                .map(PaneAction::handler)
                .orElseThrow()
                .run();
    }

    private void choose(String text) {
        model.trayContentProperty().get().rows().stream()
                .filter(row ->
                        row instanceof MenuRow.ActionRow action && action.text().equals(text))
                .map(MenuRow.ActionRow.class::cast)
                .findFirst()
                .orElseThrow()
                .action()
                .run();
    }

    private List<String> actionTexts() {
        return model.trayContentProperty().get().rows().stream()
                .filter(MenuRow.ActionRow.class::isInstance)
                .map(row -> ((MenuRow.ActionRow) row).text())
                .toList();
    }
}
