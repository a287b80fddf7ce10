package org.switchback.gui.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.messages.DBusSignal;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.Variant;
import org.junit.jupiter.api.Test;
import org.switchback.client.BusAddress;
import org.switchback.gui.session.TrayContent.MenuRow;
import org.switchback.gui.session.TrayContent.TrayIcon;
import org.switchback.gui.session.TrayContent.TrayStatus;
import org.switchback.gui.session.dbus.DBusMenu;
import org.switchback.gui.session.dbus.Notifications;
import org.switchback.gui.session.dbus.StatusNotifierItem;

class DesktopSessionTest extends SessionTestCase {
    private final BlockingQueue<String> windowCalls = new LinkedBlockingQueue<>();
    private final BlockingQueue<Boolean> trayAvailability = new LinkedBlockingQueue<>();

    // A single instance.

    @Test
    void launchWithoutSessionBusIsStandalone() {
        assertThat(DesktopSession.launch(Optional.empty(), Optional.empty(), Runnable::run, Runnable::run))
                .isInstanceOf(DesktopSession.LaunchResult.NoSessionBus.class);
        assertThat(BusAddress.ofSessionBus(Map.of("XDG_RUNTIME_DIR", "/nonexistent")))
                .isEmpty();
        assertThat(BusAddress.ofSessionBus(Map.of())).isEmpty();
    }

    @Test
    void secondLaunchRaisesTheFirstWindow() throws Exception {
        launchPrimary().setWindow(recordingWindow());
        assertThat(launch(Optional.empty())).isInstanceOf(DesktopSession.LaunchResult.AlreadyRunning.class);
        assertThat(next(windowCalls)).isEqualTo("raise");
    }

    @Test
    void launchBeforeTheWindowExistsIsDelivered() throws Exception {
        DesktopSession session = launchPrimary();
        assertThat(launch(Optional.of("iommu-off"))).isInstanceOf(DesktopSession.LaunchResult.AlreadyRunning.class);
        session.setWindow(recordingWindow());
        assertThat(next(windowCalls)).isEqualTo("sample iommu-off");
        assertThat(next(windowCalls)).isEqualTo("raise");
    }

    @Test
    void fileUriIsOpenedAsReport() throws Exception {
        DesktopSession session = launchPrimary();
        session.setWindow(recordingWindow());
        session.Open(List.of("https://elsewhere", "file:///tmp/a%20report"), Map.of());
        assertThat(next(windowCalls)).isEqualTo("report /tmp/a report");
        assertThat(next(windowCalls)).isEqualTo("raise");
    }

    @Test
    void launchAfterExitIsThePrimaryInstance() throws Exception {
        launchPrimary().close();
        assertThat(launch(Optional.empty())).isInstanceOf(DesktopSession.LaunchResult.PrimaryInstance.class);
    }

    // The tray.

    @Test
    void trayAvailabilityFollowsTheStatusNotifierWatcher() throws Exception {
        DesktopSession session = launchPrimary();
        session.openTray(trayIcons(), content("Host mode", TrayStatus.PASSIVE), trayAvailability::add);
        assertThat(trayAvailability).isEmpty();
        try (FakeStatusNotifierWatcher watcher = openTray()) {
            assertThat(next(trayAvailability)).isTrue();
            assertThat(next(watcher.registeredItems())).startsWith(":");
        }
        assertThat(next(trayAvailability)).isFalse();
        try (FakeStatusNotifierWatcher another = openTray()) {
            assertThat(next(trayAvailability)).isTrue();
            next(another.registeredItems());
        }
    }

    @Test
    void trayItemExposesTheContent() throws Exception {
        FakeStatusNotifierWatcher watcher = openTray();
        DesktopSession session = launchPrimary();
        session.openTray(trayIcons(), content("Host mode", TrayStatus.PASSIVE), trayAvailability::add);
        String owner = next(watcher.registeredItems());
        assertThat(watcher.property(owner, "Category")).isEqualTo("Hardware");
        assertThat(watcher.property(owner, "Title")).isEqualTo("Host mode");
        assertThat(watcher.property(owner, "Status")).isEqualTo("Passive");
        assertThat(watcher.property(owner, "IconName")).isEqualTo("org.switchback.Switchback-symbolic");
        assertThat(watcher.property(owner, "IconPixmap"))
                .asInstanceOf(InstanceOfAssertFactories.LIST)
                .hasSize(1);

        session.updateTray(content("VM mode", TrayStatus.ACTIVE));
        assertThat(watcher.property(owner, "Title")).isEqualTo("VM mode");
        assertThat(watcher.property(owner, "Status")).isEqualTo("Active");
    }

    @Test
    void contentChangesEmitSignals() throws Exception {
        FakeStatusNotifierWatcher watcher = openTray();
        BlockingQueue<DBusSignal> signals = new LinkedBlockingQueue<>();
        DBusConnection tray = connect();
        tray.addSigHandler(StatusNotifierItem.NewStatus.class, signals::add);
        tray.addSigHandler(StatusNotifierItem.NewIcon.class, signals::add);
        tray.addSigHandler(DBusMenu.LayoutUpdated.class, signals::add);
        DesktopSession session = launchPrimary();
        session.openTray(trayIcons(), content("Host mode", TrayStatus.PASSIVE), trayAvailability::add);
        next(watcher.registeredItems());
        session.updateTray(content("Partially switched", TrayStatus.NEEDS_ATTENTION));
        assertThat(((StatusNotifierItem.NewStatus) next(signals)).status).isEqualTo("NeedsAttention");
        assertThat(next(signals)).isInstanceOf(StatusNotifierItem.NewIcon.class);
        assertThat(((DBusMenu.LayoutUpdated) next(signals)).revision).isEqualTo(new UInt32(2));
    }

    @Test
    void clickOnTheIconRaisesTheWindow() throws Exception {
        FakeStatusNotifierWatcher watcher = openTray();
        DesktopSession session = launchPrimary();
        session.setWindow(recordingWindow());
        session.openTray(trayIcons(), content("Host mode", TrayStatus.PASSIVE), trayAvailability::add);
        watcher.item(next(watcher.registeredItems())).Activate(3, 4);
        assertThat(next(windowCalls)).isEqualTo("raise");
    }

    @Test
    void menuIsReadAndClickedSinglyAndInGroups() throws Exception {
        FakeStatusNotifierWatcher watcher = openTray();
        launchPrimary().openTray(trayIcons(), content("Host mode", TrayStatus.PASSIVE), trayAvailability::add);
        String owner = next(watcher.registeredItems());
        DBusMenu menu = watcher.menu(owner);
        DBusMenu.LayoutItem root = menu.GetLayout(0, -1, List.of()).second;
        assertThat(root.children).hasSize(3);
        List<Integer> rows = watcher.rowIds(owner);
        assertThat(menu.GetProperty(rows.getFirst(), "label").getValue()).isEqualTo("Host mode");
        assertThat(menu.GetProperty(rows.getFirst(), "enabled").getValue()).isEqualTo(false);
        assertThat(menu.GetProperty(rows.get(1), "type").getValue()).isEqualTo("separator");
        assertThat(menu.GetProperty(rows.get(2), "label").getValue()).isEqualTo("snake__case");

        menu.Event(rows.get(2), "clicked", new Variant<>(0), new UInt32(0));
        assertThat(next(windowCalls)).isEqualTo("chosen");
        assertThat(menu.AboutToShowGroup(List.of(0, 999)).second).containsExactly(999);
        assertThat(menu.EventGroup(List.of(
                        new DBusMenu.MenuEvent(0, "opened", new Variant<>(0), new UInt32(0)),
                        new DBusMenu.MenuEvent(rows.get(2), "clicked", new Variant<>(0), new UInt32(0)),
                        new DBusMenu.MenuEvent(999, "clicked", new Variant<>(0), new UInt32(0)))))
                .containsExactly(999);
        assertThat(next(windowCalls)).isEqualTo("chosen");
    }

    @Test
    void clickOnAnOutdatedMenuRowIsIgnored() throws Exception {
        FakeStatusNotifierWatcher watcher = openTray();
        DesktopSession session = launchPrimary();
        session.openTray(trayIcons(), content("Host mode", TrayStatus.PASSIVE), trayAvailability::add);
        String owner = next(watcher.registeredItems());
        int outdatedId = watcher.rowIds(owner).get(2);
        session.updateTray(content("VM mode", TrayStatus.ACTIVE));
        watcher.menu(owner).Event(outdatedId, "clicked", new Variant<>(0), new UInt32(0));
        watcher.menu(owner).Event(watcher.rowIds(owner).get(2), "clicked", new Variant<>(0), new UInt32(0));
        assertThat(next(windowCalls)).isEqualTo("chosen");
        assertThat(windowCalls).isEmpty();
    }

    // Notifications.

    @Test
    void clickOnANotificationRaisesTheWindow() throws Exception {
        FakeNotificationServer server = new FakeNotificationServer(connect());
        DesktopSession session = launchPrimary();
        session.setWindow(recordingWindow());
        session.openTray(trayIcons(), content("Host mode", TrayStatus.PASSIVE), trayAvailability::add);
        session.showNotification(
                new SessionViewModel.Notification("It is in VM mode.", "04:00.0 <b> & more", false), "Open");
        assertThat(next(server.shown())).isEqualTo("It is in VM mode.|04:00.0 &lt;b&gt; &amp; more|default,Open|0");
        session.showNotification(new SessionViewModel.Notification("It is back.", "", true), "Open");
        assertThat(next(server.shown())).isEqualTo("It is back.||default,Open|7");
        server.click(7);
        assertThat(next(windowCalls)).isEqualTo("raise");
    }

    @Test
    void missingNotificationServerIsIgnored() throws Exception {
        DesktopSession session = launchPrimary();
        session.showNotification(new SessionViewModel.Notification("It is in VM mode.", "", false), "Open");
        assertThat(launch(Optional.empty())).isInstanceOf(DesktopSession.LaunchResult.AlreadyRunning.class);
    }

    private DBusConnection connect() throws Exception {
        DBusConnection connection = bus.connect();
        closeables.add(connection::disconnect);
        return connection;
    }

    private DesktopSession launchPrimary() {
        DesktopSession session = ((DesktopSession.LaunchResult.PrimaryInstance) launch(Optional.empty())).session();
        closeables.add(session);
        return session;
    }

    private DesktopSession.LaunchResult launch(Optional<String> sample) {
        return DesktopSession.launch(
                address(), sample, task -> Thread.ofVirtual().start(task), Runnable::run);
    }

    private DesktopSession.WindowActions recordingWindow() {
        return new DesktopSession.WindowActions() {
            @Override
            public void raise() {
                windowCalls.add("raise");
            }

            @Override
            public void openSample(String name) {
                windowCalls.add("sample " + name);
            }

            @Override
            public void openReport(Path file) {
                windowCalls.add("report " + file);
            }
        };
    }

    private TrayContent content(String title, TrayStatus status) {
        return new TrayContent(
                status,
                TrayIcon.HOST,
                title,
                List.of(
                        new MenuRow.TextRow(title),
                        new MenuRow.SeparatorRow(),
                        new MenuRow.ActionRow("snake_case", () -> windowCalls.add("chosen"))));
    }

    private static TrayIconImages trayIcons() {
        StatusNotifierItem.Pixmap pixmap = new StatusNotifierItem.Pixmap(1, 1, new byte[] {-1, 0, 0, 0});
        return new TrayIconImages(Optional.empty(), Map.of(TrayIcon.HOST, List.of(pixmap)));
    }

    private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
        T next = queue.poll(10, TimeUnit.SECONDS);
        assertThat(next).as("next element within ten seconds").isNotNull();
        return next;
    }

    /** Records notifications instead of showing them. Every notification gets the ID 7. */
    private static final class FakeNotificationServer implements Notifications {
        private final DBusConnection bus;
        private final BlockingQueue<String> shown = new LinkedBlockingQueue<>();

        FakeNotificationServer(DBusConnection bus) throws Exception {
            this.bus = bus;
            bus.exportObject(PATH, this);
            bus.requestBusName(NAME);
        }

        @Override
        public String getObjectPath() {
            return PATH;
        }

        @Override
        public UInt32 Notify(
                String application,
                UInt32 replacesId,
                String icon,
                String summary,
                String body,
                List<String> actions,
                Map<String, Variant<?>> hints,
                int expireTimeout) {
            shown.add(summary + "|" + body + "|" + String.join(",", actions) + "|" + replacesId);
            return new UInt32(7);
        }

        BlockingQueue<String> shown() {
            return shown;
        }

        void click(int id) throws Exception {
            bus.sendMessage(new ActionInvoked(PATH, new UInt32(id), "default"));
        }
    }
}
