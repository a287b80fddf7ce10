package org.switchback.gui.session;

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
import org.switchback.client.BusAddress;
import org.switchback.gui.session.SessionViewModel.Notification;
import org.switchback.gui.session.dbus.DesktopApplication;

/** The person's session on this computer, in which the program runs once. */
public final class DesktopSession implements DesktopApplication, AutoCloseable {
    /** Of the program on the bus, and of its desktop entry. */
    public static final String BUS_NAME = "org.switchback.Switchback";

    private static final System.Logger LOG = System.getLogger(DesktopSession.class.getName());
    private static final String OBJECT_PATH = "/org/switchback/Switchback";
    private static final String OPEN_SAMPLE_ACTION = "sample";
    private static final UInt32 NAME_FLAG_DO_NOT_QUEUE = new UInt32(4);
    private static final UInt32 NAME_REPLY_EXISTS = new UInt32(3);

    /** What a start of the program is. */
    public sealed interface LaunchResult {
        /** It is the only one. */
        record PrimaryInstance(DesktopSession session) implements LaunchResult {}

        /** Another one runs, and has been asked to show itself. */
        record AlreadyRunning() implements LaunchResult {}

        /** There is no session to ask, or the other one does not answer. */
        record NoSessionBus() implements LaunchResult {}
    }

    /** What a later start of the program, or a click on something outside, wants of the window. */
    public interface WindowActions {
        void raise();

        /** @param name of a sample machine, maybe of none that there is */
        void openSample(String name);

        void openReport(Path file);
    }

    private final DBusConnection bus;
    private final Executor backgroundExecutor;
    private final Executor fxExecutor;
    private final CompletableFuture<WindowActions> window = new CompletableFuture<>();
    private final DesktopNotifications notifications;
    private @Nullable Tray tray;

    private DesktopSession(DBusConnection bus, Executor backgroundExecutor, Executor fxExecutor) {
        this.bus = bus;
        this.backgroundExecutor = backgroundExecutor;
        this.fxExecutor = fxExecutor;
        this.notifications = new DesktopNotifications(bus, backgroundExecutor);
    }

    /**
     * Finds out what this start is, and asks the one that runs to show itself. Blocks.
     *
     * @param bus     the session's; empty outside a session
     * @param sample  the sample machine that is asked for
     * @param workers for what blocks later
     * @param screen  runs a task on the drawing thread, where the window and the tray's menu are called
     */
    public static LaunchResult launch(
            Optional<BusAddress> bus, Optional<String> sample, Executor workers, Executor screen) {
        if (bus.isEmpty()) {
            return new LaunchResult.NoSessionBus();
        }
        try {
            DBusConnection connection = bus.get().connect(() -> {});
            DesktopSession session = new DesktopSession(connection, workers, screen);
            // Before the name: whoever sees the name may call at once.
            connection.exportObject(OBJECT_PATH, session);
            UInt32 answer = connection
                    .getRemoteObject("org.freedesktop.DBus", "/org/freedesktop/DBus", DBus.class)
                    .RequestName(BUS_NAME, NAME_FLAG_DO_NOT_QUEUE);
            if (!answer.equals(NAME_REPLY_EXISTS)) {
                return new LaunchResult.PrimaryInstance(session);
            }
            try {
                DesktopApplication other = connection.getRemoteObject(BUS_NAME, OBJECT_PATH, DesktopApplication.class);
                sample.ifPresentOrElse(
                        name -> other.ActivateAction(OPEN_SAMPLE_ACTION, List.of(new Variant<>(name)), Map.of()),
                        () -> other.Activate(Map.of()));
                return new LaunchResult.AlreadyRunning();
            } finally {
                session.close();
            }
        } catch (DBusException | DBusExecutionException failed) {
            LOG.log(System.Logger.Level.DEBUG, "The session bus can't be used", failed);
            return new LaunchResult.NoSessionBus();
        }
    }

    /** From now on later starts of the program reach the window; those before are told now. */
    public void setWindow(WindowActions shown) {
        window.complete(shown);
    }

    /**
     * Shows an icon in the tray as long as there is a tray. Blocks.
     *
     * @param hosted told whether there is, each time that changes; on any thread
     */
    public void openTray(TrayIcons pictures, TrayContent first, Consumer<Boolean> hosted) {
        Tray opened = new Tray(bus, backgroundExecutor, fxExecutor, pictures, first, () -> window.thenAcceptAsync(WindowActions::raise, fxExecutor), hosted);
        try {
            opened.open();
            notifications.subscribe(() -> window.thenAcceptAsync(WindowActions::raise, fxExecutor));
            tray = opened;
        } catch (DBusException | DBusExecutionException failed) {
            LOG.log(System.Logger.Level.DEBUG, "The session bus can't be used", failed);
        }
    }

    /** Shows something else in the tray. Returns at once. */
    public void updateTray(TrayContent content) {
        if (tray != null) {
            tray.update(content);
        }
    }

    /**
     * Shows a notification. Returns at once.
     *
     * @param action what a click on it does
     */
    public void showNotification(Notification notice, String action) {
        notifications.show(notice, action);
    }

    @Override
    public String getObjectPath() {
        return OBJECT_PATH;
    }

    @Override
    public void Activate(Map<String, Variant<?>> platform) {
        window.thenAcceptAsync(WindowActions::raise, fxExecutor);
    }

    @Override
    public void Open(List<String> uris, Map<String, Variant<?>> platform) {
        window.thenAcceptAsync(shown -> {
            uris.stream().flatMap(uri -> parseFileUri(uri).stream()).findFirst().ifPresent(shown::openReport);
            shown.raise();
        }, fxExecutor);
    }

    private static Optional<Path> parseFileUri(String uri) {
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
            if (action.equals(OPEN_SAMPLE_ACTION)
                    && parameter.size() == 1
                    && parameter.getFirst().getValue() instanceof String name) {
                shown.openSample(name);
            }
            shown.raise();
        }, fxExecutor);
    }

    /** Leaves the session; the icon goes with the connection. */
    @Override
    public void close() {
        bus.disconnect();
    }
}
