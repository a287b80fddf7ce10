package org.switchback.app.session;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.exceptions.DBusExecutionException;
import org.freedesktop.dbus.interfaces.DBus;
import org.freedesktop.dbus.types.UInt32;
import org.freedesktop.dbus.types.Variant;
import org.jspecify.annotations.Nullable;
import org.switchback.app.bus.BusAddress;
import org.switchback.app.session.SessionViewModel.Notice;
import org.switchback.app.session.bus.DesktopApplication;

/** The person's session on this computer, in which the program runs once. */
public final class DesktopSession implements DesktopApplication, AutoCloseable {
    /** Of the program on the bus, and of its desktop entry. */
    public static final String NAME = "org.switchback.Switchback";

    private static final System.Logger LOG = System.getLogger(DesktopSession.class.getName());
    private static final String PATH = "/org/switchback/Switchback";
    private static final String SAMPLE = "sample";
    private static final UInt32 DO_NOT_QUEUE = new UInt32(4);
    private static final UInt32 EXISTS = new UInt32(3);

    /** What a start of the program is. */
    public sealed interface Start {
        /** It is the only one. */
        record First(DesktopSession session) implements Start {}

        /** Another one runs, and has been asked to show itself. */
        record Again() implements Start {}

        /** There is no session to ask, or the other one does not answer. */
        record Alone() implements Start {}
    }

    /** What a later start of the program, or a click on something outside, wants of the window. */
    public interface Window {
        void raise();

        /** @param name of a sample machine, maybe of none that there is */
        void openSample(String name);

        void openReport(Path file);
    }

    private final DBusConnection bus;
    private final Executor workers;
    private final Executor screen;
    private final CompletableFuture<Window> window = new CompletableFuture<>();
    private final Notices notices;
    private @Nullable Tray tray;

    private DesktopSession(DBusConnection bus, Executor workers, Executor screen) {
        this.bus = bus;
        this.workers = workers;
        this.screen = screen;
        this.notices = new Notices(bus, workers);
    }

    /**
     * Finds out what this start is, and asks the one that runs to show itself. Blocks.
     *
     * @param bus     the session's; empty outside a session
     * @param sample  the sample machine that is asked for
     * @param workers for what blocks later
     * @param screen  runs a task on the drawing thread, where the window and the tray's menu are called
     */
    public static Start start(
            Optional<BusAddress> bus, Optional<String> sample, Executor workers, Executor screen) {
        if (bus.isEmpty()) {
            return new Start.Alone();
        }
        try {
            DBusConnection connection = bus.get().connect(() -> {});
            DesktopSession session = new DesktopSession(connection, workers, screen);
            // Before the name: whoever sees the name may call at once.
            connection.exportObject(PATH, session);
            UInt32 answer = connection
                    .getRemoteObject("org.freedesktop.DBus", "/org/freedesktop/DBus", DBus.class)
                    .RequestName(NAME, DO_NOT_QUEUE);
            if (!answer.equals(EXISTS)) {
                return new Start.First(session);
            }
            try {
                DesktopApplication other = connection.getRemoteObject(NAME, PATH, DesktopApplication.class);
                sample.ifPresentOrElse(
                        name -> other.ActivateAction(SAMPLE, List.of(new Variant<>(name)), Map.of()),
                        () -> other.Activate(Map.of()));
                return new Start.Again();
            } finally {
                session.close();
            }
        } catch (DBusException | DBusExecutionException failed) {
            LOG.log(System.Logger.Level.DEBUG, "The session bus can't be used", failed);
            return new Start.Alone();
        }
    }

    /** From now on later starts of the program reach the window; those before are told now. */
    public void serve(Window shown) {
        window.complete(shown);
    }

    /**
     * Shows an icon in the tray as long as there is a tray. Blocks.
     *
     * @param hosted told whether there is, each time that changes; on any thread
     */
    public void openTray(TrayPictures pictures, TrayContent first, Consumer<Boolean> hosted) {
        Tray opened = new Tray(bus, workers, screen, pictures, first, () -> window.thenAcceptAsync(Window::raise, screen), hosted);
        try {
            opened.open();
            notices.open(() -> window.thenAcceptAsync(Window::raise, screen));
            tray = opened;
        } catch (DBusException | DBusExecutionException failed) {
            LOG.log(System.Logger.Level.DEBUG, "The session bus can't be used", failed);
        }
    }

    /** Shows something else in the tray. Returns at once. */
    public void show(TrayContent content) {
        if (tray != null) {
            tray.show(content);
        }
    }

    /**
     * Shows a notification. Returns at once.
     *
     * @param action what a click on it does
     */
    public void say(Notice notice, String action) {
        notices.say(notice, action);
    }

    @Override
    public String getObjectPath() {
        return PATH;
    }

    @Override
    public void Activate(Map<String, Variant<?>> platform) {
        window.thenAcceptAsync(Window::raise, screen);
    }

    @Override
    public void Open(List<String> uris, Map<String, Variant<?>> platform) {
        window.thenAcceptAsync(shown -> {
            uris.stream().flatMap(uri -> file(uri).stream()).findFirst().ifPresent(shown::openReport);
            shown.raise();
        }, screen);
    }

    private static Optional<Path> file(String uri) {
        try {
            return Optional.of(Path.of(URI.create(uri)));
        } catch (RuntimeException other) {
            // Not a file, or no URI at all: the window is shown as it is.
            return Optional.empty();
        }
    }

    @Override
    public void ActivateAction(String action, List<Variant<?>> parameter, Map<String, Variant<?>> platform) {
        window.thenAcceptAsync(shown -> {
            if (action.equals(SAMPLE)
                    && parameter.size() == 1
                    && parameter.getFirst().getValue() instanceof String name) {
                shown.openSample(name);
            }
            shown.raise();
        }, screen);
    }

    /** Leaves the session; the icon goes with the connection. */
    @Override
    public void close() {
        bus.disconnect();
    }
}
