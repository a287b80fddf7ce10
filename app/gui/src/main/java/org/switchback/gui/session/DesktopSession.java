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

/** The desktop session of the user, in which one instance of the program runs. */
public final class DesktopSession implements DesktopApplication, AutoCloseable {
    /** Name on the bus, which is also the name of the desktop entry. */
    public static final String BUS_NAME = "org.switchback.Switchback";

    private static final System.Logger LOG = System.getLogger(DesktopSession.class.getName());
    private static final String OBJECT_PATH = "/org/switchback/Switchback";
    private static final String OPEN_SAMPLE_ACTION = "sample";
    private static final UInt32 NAME_FLAG_DO_NOT_QUEUE = new UInt32(4);
    private static final UInt32 NAME_REPLY_EXISTS = new UInt32(3);

    public sealed interface LaunchResult {
        /** No other instance runs. */
        record PrimaryInstance(DesktopSession session) implements LaunchResult {}

        /** Another instance runs and was asked to raise its window. */
        record AlreadyRunning() implements LaunchResult {}

        /** There is no usable session bus, or the other instance does not respond. */
        record NoSessionBus() implements LaunchResult {}
    }

    /** Requests to the window from later starts, the tray and notifications. */
    public interface WindowActions {
        void raise();

        /** @param name may be unknown */
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
     * Registers this instance, or asks the running one to raise its window. Blocks.
     *
     * @param bus the session bus; empty outside a session
     * @param sample the sample machine to open
     * @param workers runs blocking calls later
     * @param fxExecutor runs tasks on the FX thread, on which the window and the actions of the tray menu are called
     */
    public static LaunchResult launch(
            Optional<BusAddress> bus, Optional<String> sample, Executor workers, Executor fxExecutor) {
        if (bus.isEmpty()) {
            return new LaunchResult.NoSessionBus();
        }
        try {
            DBusConnection connection = bus.get().connect(() -> {});
            DesktopSession session = new DesktopSession(connection, workers, fxExecutor);
            // Before the name is requested: a client that sees the name may call at once.
            connection.exportObject(OBJECT_PATH, session);
            UInt32 reply = connection
                    .getRemoteObject("org.freedesktop.DBus", "/org/freedesktop/DBus", DBus.class)
                    .RequestName(BUS_NAME, NAME_FLAG_DO_NOT_QUEUE);
            if (!reply.equals(NAME_REPLY_EXISTS)) {
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
        } catch (DBusException | DBusExecutionException e) {
            LOG.log(System.Logger.Level.DEBUG, "Cannot use the session bus", e);
            return new LaunchResult.NoSessionBus();
        }
    }

    /** Sets the window, which receives the requests of later starts, and those that arrived before. */
    public void setWindow(WindowActions actions) {
        window.complete(actions);
    }

    /**
     * Shows an icon in the tray while there is one. Blocks.
     *
     * @param onAvailabilityChanged called with whether there is a tray, each time that changes; on any thread
     */
    public void openTray(TrayIconImages icons, TrayContent content, Consumer<Boolean> onAvailabilityChanged) {
        Tray newTray =
                new Tray(bus, backgroundExecutor, fxExecutor, icons, content, this::raiseWindow, onAvailabilityChanged);
        try {
            newTray.open();
            notifications.subscribe(this::raiseWindow);
            tray = newTray;
        } catch (DBusException | DBusExecutionException e) {
            LOG.log(System.Logger.Level.DEBUG, "Cannot use the session bus", e);
        }
    }

    private void raiseWindow() {
        window.thenAcceptAsync(WindowActions::raise, fxExecutor);
    }

    /** Updates the tray icon and its menu. Returns at once. */
    public void updateTray(TrayContent content) {
        if (tray != null) {
            tray.update(content);
        }
    }

    /** Shows a notification. Returns at once. */
    public void showNotification(Notification notification, String actionLabel) {
        notifications.show(notification, actionLabel);
    }

    @Override
    public String getObjectPath() {
        return OBJECT_PATH;
    }

    @Override
    public void Activate(Map<String, Variant<?>> platformData) {
        raiseWindow();
    }

    @Override
    public void Open(List<String> uris, Map<String, Variant<?>> platformData) {
        window.thenAcceptAsync(
                actions -> {
                    uris.stream()
                            .flatMap(uri -> parseFileUri(uri).stream())
                            .findFirst()
                            .ifPresent(actions::openReport);
                    actions.raise();
                },
                fxExecutor);
    }

    private static Optional<Path> parseFileUri(String uri) {
        try {
            return Optional.of(Path.of(URI.create(uri)));
        } catch (RuntimeException ignored) {
            // Not a file, or not a URI: the window is only raised.
            return Optional.empty();
        }
    }

    @Override
    public void ActivateAction(String action, List<Variant<?>> parameter, Map<String, Variant<?>> platformData) {
        window.thenAcceptAsync(
                actions -> {
                    if (action.equals(OPEN_SAMPLE_ACTION)
                            && parameter.size() == 1
                            && parameter.getFirst().getValue() instanceof String name) {
                        actions.openSample(name);
                    }
                    actions.raise();
                },
                fxExecutor);
    }

    /** Leaves the session. The tray removes the icon when the connection is closed. */
    @Override
    public void close() {
        bus.disconnect();
    }
}
