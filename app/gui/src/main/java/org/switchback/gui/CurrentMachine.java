package org.switchback.gui;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.switchback.client.HelperConnection;
import org.switchback.client.HelperException;
import org.switchback.client.activity.ActivityLog;
import org.switchback.gui.MachineOpener.OpenedMachine;
import org.switchback.gui.gpus.MachineOverview;
import org.switchback.gui.tasks.BackgroundTasks;

/** The connection that the window uses, and its refreshes, one at a time. Confined to the FX thread. */
final class CurrentMachine {
    /** A switch makes a dozen changes in a row; one refresh covers them. */
    static final Duration SETTLE_DELAY = Duration.ofMillis(250);

    private final BackgroundTasks background;
    private final ActivityLog activityLog;
    private final Runnable onChanged;
    private final BiConsumer<HelperConnection, MachineOverview> onRefreshed;
    private final BiConsumer<HelperConnection, HelperException> onRefreshFailed;

    private @Nullable HelperConnection connection;
    /** Counts opened machines: results for an earlier one are discarded. */
    private int generation;

    private boolean refreshing;
    private boolean refreshPending;

    /** @param onChanged called when the machine has changed; refreshes nothing itself */
    CurrentMachine(
            BackgroundTasks background,
            ActivityLog activityLog,
            Runnable onChanged,
            BiConsumer<HelperConnection, MachineOverview> onRefreshed,
            BiConsumer<HelperConnection, HelperException> onRefreshFailed) {
        this.background = background;
        this.activityLog = activityLog;
        this.onChanged = onChanged;
        this.onRefreshed = onRefreshed;
        this.onRefreshFailed = onRefreshFailed;
    }

    /** Null while no machine is open. */
    @Nullable
    HelperConnection connection() {
        return connection;
    }

    /** Opens a machine after {@link #close()}. */
    void open(
            BackgroundTasks.BlockingCall<OpenedMachine> opener,
            Consumer<OpenedMachine> onOpened,
            Consumer<HelperException> onFailed) {
        int current = generation;
        background.run(
                opener,
                opened -> {
                    if (current != generation) {
                        background.run(opened.connection()::close);
                        return;
                    }
                    connection = opened.connection();
                    opened.connection()
                            .addChangeListener(() -> background.runOnFxThread(() -> {
                                if (current == generation) {
                                    onChanged.run();
                                }
                            }));
                    onOpened.accept(opened);
                },
                e -> {
                    if (current == generation) {
                        onFailed.accept(e);
                    }
                });
    }

    /** Closes the connection in the background. The result completes once the activity log is written. */
    CompletableFuture<Void> close() {
        generation++;
        refreshing = false;
        HelperConnection last = connection;
        connection = null;
        return last == null
                ? CompletableFuture.completedFuture(null)
                : CompletableFuture.runAsync(last::close, background::run);
    }

    /** Reads the machine again after a delay; during a refresh, once more after that. */
    void refreshAfter(Duration delay) {
        HelperConnection used = connection;
        if (used == null) {
            return;
        }
        refreshPending = refreshing;
        if (refreshing) {
            return;
        }
        refreshing = true;
        int current = generation;
        background.run(
                () -> {
                    LockSupport.parkNanos(delay.toNanos());
                    return MachineOverview.load(used, activityLog);
                },
                overview -> finishRefresh(current, () -> onRefreshed.accept(used, overview)),
                e -> finishRefresh(current, () -> onRefreshFailed.accept(used, e)));
    }

    private void finishRefresh(int refreshed, Runnable result) {
        if (refreshed != generation) {
            return;
        }
        refreshing = false;
        result.run();
        if (refreshPending) {
            refreshAfter(SETTLE_DELAY);
        }
    }
}
