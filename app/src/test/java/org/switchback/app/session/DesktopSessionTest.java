package org.switchback.app.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.messages.DBusSignal;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.Variant;
import org.junit.jupiter.api.Test;
import org.switchback.app.bus.BusAddress;
import org.switchback.app.session.TrayContent.Row;
import org.switchback.app.session.TrayContent.Sign;
import org.switchback.app.session.TrayContent.Status;
import org.switchback.app.session.bus.DBusMenu;
import org.switchback.app.session.bus.Notifications;
import org.switchback.app.session.bus.StatusNotifierItem;

class DesktopSessionTest extends SessionTestCase {
    private final BlockingQueue<String> wanted = new LinkedBlockingQueue<>();
    private final BlockingQueue<Boolean> hosted = new LinkedBlockingQueue<>();

    // Once is enough.

    @Test
    void outsideASessionAStartIsAlone() {
        assertThat(DesktopSession.start(Optional.empty(), Optional.empty(), Runnable::run, Runnable::run))
                .isInstanceOf(DesktopSession.Start.Alone.class);
        assertThat(BusAddress.session(Map.of("XDG_RUNTIME_DIR", "/nonexistent"))).isEmpty();
        assertThat(BusAddress.session(Map.of())).isEmpty();
    }

    @Test
    void aSecondStartRaisesTheWindowOfTheFirst() throws Exception {
        first().serve(window());
        assertThat(start(Optional.empty())).isInstanceOf(DesktopSession.Start.Again.class);
        assertThat(next(wanted)).isEqualTo("raise");
    }

    @Test
    void aSecondStartBeforeTheWindowIsMadeIsNotForgotten() throws Exception {
        DesktopSession session = first();
        assertThat(start(Optional.of("iommu-off"))).isInstanceOf(DesktopSession.Start.Again.class);
        session.serve(window());
        assertThat(next(wanted)).isEqualTo("sample iommu-off");
        assertThat(next(wanted)).isEqualTo("raise");
    }

    @Test
    void aFileFromTheDesktopIsOpened() throws Exception {
        DesktopSession session = first();
        session.serve(window());
        session.Open(List.of("https://elsewhere", "file:///tmp/a%20report"), Map.of());
        assertThat(next(wanted)).isEqualTo("report /tmp/a report");
        assertThat(next(wanted)).isEqualTo("raise");
    }

    @Test
    void afterTheFirstHasGoneTheNextIsTheFirst() throws Exception {
        first().close();
        assertThat(start(Optional.empty())).isInstanceOf(DesktopSession.Start.First.class);
    }

    // The tray.

    @Test
    void withoutATrayNobodyIsToldOfOneUntilItComes() throws Exception {
        DesktopSession session = first();
        session.openTray(pictures(), content("Host mode", Status.PASSIVE), hosted::add);
        assertThat(hosted).isEmpty();
        try (FakeWatcher watcher = tray()) {
            assertThat(next(hosted)).isTrue();
            assertThat(next(watcher.registered())).startsWith(":");
        }
        assertThat(next(hosted)).isFalse();
        try (FakeWatcher another = tray()) {
            assertThat(next(hosted)).isTrue();
            next(another.registered());
        }
    }

    @Test
    void theTrayShowsTheState() throws Exception {
        FakeWatcher watcher = tray();
        DesktopSession session = first();
        session.openTray(pictures(), content("Host mode", Status.PASSIVE), hosted::add);
        String owner = next(watcher.registered());
        assertThat(watcher.property(owner, "Category")).isEqualTo("Hardware");
        assertThat(watcher.property(owner, "Title")).isEqualTo("Host mode");
        assertThat(watcher.property(owner, "Status")).isEqualTo("Passive");
        assertThat(watcher.property(owner, "IconName")).isEqualTo("org.switchback.Switchback-symbolic");
        assertThat(watcher.property(owner, "IconPixmap")).asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.LIST)
                .hasSize(1);

        session.show(content("VM mode", Status.ACTIVE));
        assertThat(watcher.property(owner, "Title")).isEqualTo("VM mode");
        assertThat(watcher.property(owner, "Status")).isEqualTo("Active");
    }

    @Test
    void hostsAreToldWhatHasChanged() throws Exception {
        FakeWatcher watcher = tray();
        BlockingQueue<DBusSignal> signals = new LinkedBlockingQueue<>();
        DBusConnection host = connect();
        host.addSigHandler(StatusNotifierItem.NewStatus.class, signals::add);
        host.addSigHandler(StatusNotifierItem.NewIcon.class, signals::add);
        host.addSigHandler(DBusMenu.LayoutUpdated.class, signals::add);
        DesktopSession session = first();
        session.openTray(pictures(), content("Host mode", Status.PASSIVE), hosted::add);
        next(watcher.registered());
        session.show(content("Half switched", Status.NEEDS_ATTENTION));
        assertThat(((StatusNotifierItem.NewStatus) next(signals)).status).isEqualTo("NeedsAttention");
        assertThat(next(signals)).isInstanceOf(StatusNotifierItem.NewIcon.class);
        assertThat(((DBusMenu.LayoutUpdated) next(signals)).revision).isEqualTo(new UInt32(2));
    }

    @Test
    void aClickOnTheIconRaisesTheWindow() throws Exception {
        FakeWatcher watcher = tray();
        DesktopSession session = first();
        session.serve(window());
        session.openTray(pictures(), content("Host mode", Status.PASSIVE), hosted::add);
        watcher.item(next(watcher.registered())).Activate(3, 4);
        assertThat(next(wanted)).isEqualTo("raise");
    }

    @Test
    void theMenuIsReadAndClickedInEitherWay() throws Exception {
        FakeWatcher watcher = tray();
        first().openTray(pictures(), content("Host mode", Status.PASSIVE), hosted::add);
        String owner = next(watcher.registered());
        DBusMenu menu = watcher.menu(owner);
        DBusMenu.Node root = menu.GetLayout(0, -1, List.of()).second;
        assertThat(root.children).hasSize(3);
        List<Integer> rows = watcher.rows(owner);
        assertThat(menu.GetProperty(rows.getFirst(), "label").getValue()).isEqualTo("Host mode");
        assertThat(menu.GetProperty(rows.getFirst(), "enabled").getValue()).isEqualTo(false);
        assertThat(menu.GetProperty(rows.get(1), "type").getValue()).isEqualTo("separator");
        assertThat(menu.GetProperty(rows.get(2), "label").getValue()).isEqualTo("snake__case");

        menu.Event(rows.get(2), "clicked", new Variant<>(0), new UInt32(0));
        assertThat(next(wanted)).isEqualTo("chosen");
        assertThat(menu.AboutToShowGroup(List.of(0, 999)).second).containsExactly(999);
        assertThat(menu.EventGroup(List.of(
                        new DBusMenu.Happening(0, "opened", new Variant<>(0), new UInt32(0)),
                        new DBusMenu.Happening(rows.get(2), "clicked", new Variant<>(0), new UInt32(0)),
                        new DBusMenu.Happening(999, "clicked", new Variant<>(0), new UInt32(0)))))
                .containsExactly(999);
        assertThat(next(wanted)).isEqualTo("chosen");
    }

    @Test
    void aClickOnAMenuThatIsNotShownAnyMoreDoesNothing() throws Exception {
        FakeWatcher watcher = tray();
        DesktopSession session = first();
        session.openTray(pictures(), content("Host mode", Status.PASSIVE), hosted::add);
        String owner = next(watcher.registered());
        int old = watcher.rows(owner).get(2);
        session.show(content("VM mode", Status.ACTIVE));
        watcher.menu(owner).Event(old, "clicked", new Variant<>(0), new UInt32(0));
        watcher.menu(owner).Event(watcher.rows(owner).get(2), "clicked", new Variant<>(0), new UInt32(0));
        assertThat(next(wanted)).isEqualTo("chosen");
        assertThat(wanted).isEmpty();
    }

    // Notifications.

    @Test
    void aNotificationLeadsBackToTheWindow() throws Exception {
        FakeNotifications server = new FakeNotifications(connect());
        DesktopSession session = first();
        session.serve(window());
        session.openTray(pictures(), content("Host mode", Status.PASSIVE), hosted::add);
        session.say(new SessionViewModel.Notice("It is in VM mode.", "04:00.0 <b> & more", false), "Open");
        assertThat(next(server.shown())).isEqualTo("It is in VM mode.|04:00.0 &lt;b&gt; &amp; more|default,Open|0");
        session.say(new SessionViewModel.Notice("It is back.", "", true), "Open");
        assertThat(next(server.shown())).isEqualTo("It is back.||default,Open|7");
        server.click(7);
        assertThat(next(wanted)).isEqualTo("raise");
    }

    @Test
    void withoutAServerForNotificationsNothingHappens() throws Exception {
        DesktopSession session = first();
        session.say(new SessionViewModel.Notice("It is in VM mode.", "", false), "Open");
        assertThat(start(Optional.empty())).isInstanceOf(DesktopSession.Start.Again.class);
    }

    private DBusConnection connect() throws Exception {
        DBusConnection connection = bus.connect();
        opened.add(connection::disconnect);
        return connection;
    }

    private DesktopSession first() {
        DesktopSession session = ((DesktopSession.Start.First) start(Optional.empty())).session();
        opened.add(session);
        return session;
    }

    private DesktopSession.Start start(Optional<String> sample) {
        return DesktopSession.start(
                address(),
                sample,
                task -> Thread.ofVirtual().start(task),
                Runnable::run);
    }

    private DesktopSession.Window window() {
        return new DesktopSession.Window() {
            @Override
            public void raise() {
                wanted.add("raise");
            }

            @Override
            public void openSample(String name) {
                wanted.add("sample " + name);
            }

            @Override
            public void openReport(Path file) {
                wanted.add("report " + file);
            }
        };
    }

    private TrayContent content(String title, Status status) {
        return new TrayContent(
                status,
                Sign.HOST,
                title,
                List.of(
                        new Row.Said(title),
                        new Row.Line(),
                        new Row.Choice("snake_case", () -> wanted.add("chosen"))));
    }

    private static TrayPictures pictures() {
        return new TrayPictures(
                Optional.empty(), Map.of(Sign.HOST, List.of(new StatusNotifierItem.Pixmap(1, 1, new byte[] {-1, 0, 0, 0}))));
    }

    private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
        T next = queue.poll(10, TimeUnit.SECONDS);
        assertThat(next).as("within ten seconds").isNotNull();
        return next;
    }

    /** A server that shows nothing. */
    private static final class FakeNotifications implements Notifications {
        private final DBusConnection bus;
        private final BlockingQueue<String> shown = new LinkedBlockingQueue<>();

        FakeNotifications(DBusConnection bus) throws Exception {
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
                UInt32 replaces,
                String icon,
                String summary,
                String body,
                List<String> actions,
                Map<String, Variant<?>> hints,
                int expires) {
            shown.add(summary + "|" + body + "|" + String.join(",", actions) + "|" + replaces);
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
