package org.switchback.gui.memorymap;

import atlantafx.base.theme.PrimerLight;
import java.lang.management.ManagementFactory;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Executors;
import javafx.animation.AnimationTimer;
import javafx.application.Application;
import javafx.application.Platform;
import javafx.beans.InvalidationListener;
import javafx.beans.Observable;
import javafx.scene.Scene;
import javafx.stage.Stage;
import org.switchback.gui.tasks.BackgroundTasks;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.MemoryMap;

/**
 * Opens a map of 100,000 regions in the page and zooms and pans without a pause; prints how long opening took and how
 * fast the frames came. A program and no test, started from the class path of these tests, with {@code -Dprism.order=sw};
 * its figures mean something on an idle machine alone.
 */
public final class MapCanvasBenchmark {
    private static final int FRAMES = 600;
    private static final int WARM_UP = 120;

    private MapCanvasBenchmark() {}

    public static void main(String[] args) {
        Application.launch(BenchmarkApplication.class, args);
    }

    /** The page by itself. */
    public static final class BenchmarkApplication extends Application {
        @Override
        public void start(Stage stage) {
            setUserAgentStylesheet(new PrimerLight().getUserAgentStylesheet());
            String text = listing();
            MemoryMapViewModel model = new MemoryMapViewModel(
                    new BackgroundTasks(Executors.newVirtualThreadPerTaskExecutor(), Platform::runLater),
                    Messages.forLocale(Locale.ENGLISH),
                    Clock.systemDefaultZone(),
                    gpu -> {});
            MemoryMapView view = new MemoryMapView(model, Messages.forLocale(Locale.ENGLISH));
            stage.setScene(new Scene(view, 1280, 800));
            stage.getScene().getStylesheets().add(
                    MapCanvasBenchmark.class.getResource("/org/switchback/gui/switchback.css").toExternalForm());
            stage.show();
            open(model, text, 0);
        }

        /** The first time much is loaded that a running program has already; the third time is what a person sees. */
        private void open(MemoryMapViewModel model, String text, int time) {
            long begin = System.nanoTime();
            Duration spent = ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
            model.importText(text, "big" + time);
            model.titleProperty().addListener(new InvalidationListener() {
                @Override
                public void invalidated(Observable title) {
                    title.removeListener(this);
                    model.titleProperty().get();
                    new AnimationTimer() {
                        private int frame;

                        @Override
                        public void handle(long now) {
                            // The frame after the one in which the map was laid out.
                            if (++frame == 2) {
                                stop();
                                System.out.printf(
                                        "opened in %.0f ms, %d ms of processor time%n",
                                        (System.nanoTime() - begin) / 1e6,
                                        ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO)
                                                .minus(spent)
                                                .toMillis());
                                if (time < 2) {
                                    open(model, text, time + 1);
                                } else {
                                    zoomAndPan(model);
                                }
                            }
                        }
                    }.start();
                }
            });
        }

        private void zoomAndPan(MemoryMapViewModel model) {
            double[] milliseconds = new double[FRAMES];
            new AnimationTimer() {
                private int frame = -WARM_UP;
                private long last;
                private long processor;

                @Override
                public void handle(long now) {
                    long at = System.nanoTime();
                    if (frame == 0) {
                        processor = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
                    }
                    if (frame > 0 && frame <= FRAMES) {
                        milliseconds[frame - 1] = (at - last) / 1e6;
                    }
                    if (frame == FRAMES) {
                        stop();
                        report(milliseconds, ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - processor);
                        return;
                    }
                    last = at;
                    frame++;
                    int turn = Math.floorMod(frame, 240);
                    model.zoomAt(turn < 120 ? 1.06 : 1 / 1.06, 0.37);
                    model.pan(turn % 60 < 30 ? 0.02 : -0.02);
                }
            }.start();
        }

        private static void report(double[] milliseconds, long processor) {
            Arrays.sort(milliseconds);
            System.out.printf(
                    "%d frames: %.1f a second, median %.1f ms, p95 %.1f ms; %.1f ms of the drawing thread's processor"
                            + " time a frame%n",
                    FRAMES,
                    1000 * FRAMES / Arrays.stream(milliseconds).sum(),
                    milliseconds[FRAMES / 2],
                    milliseconds[FRAMES * 95 / 100],
                    processor / 1e6 / FRAMES);
            Platform.exit();
        }

        /** A thousand buses of 33 functions with a claim in a claim each: 100,000 regions, four levels. */
        private static String listing() {
            StringBuilder text = new StringBuilder();
            for (int bus = 0; bus < 1000; bus++) {
                long base = 0x1_0000_0000L + ((long) bus << 24);
                text.append(String.format("%08x-%08x : PCI Bus 0000:%02x%n", base, base + 0xffffff, bus & 0xff));
                for (int function = 0; function < 33; function++) {
                    long at = base + function * 0x10000L;
                    text.append(String.format("  %08x-%08x : 0000:%02x:%02x.0%n", at, at + 0xffff, bus & 0xff, function & 31));
                    text.append(String.format("    %08x-%08x : driver%n", at, at + 0xfff));
                    text.append(String.format("      %08x-%08x : claim%n", at, at + 0xff));
                }
            }
            if (MemoryMap.parse(text.toString()).regionCount() != 100_000) {
                throw new IllegalStateException("not what was meant to be measured");
            }
            return text.toString();
        }
    }
}
