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
import org.switchback.client.messages.Messages;
import org.switchback.gui.tasks.BackgroundTasks;
import org.switchback.hardware.MemoryMap;

/**
 * Opens a map of 100,000 regions in the page, zooms and pans continuously, and prints the time to open and the frame
 * times. A program, not a test: start it with the test class path and {@code -Dprism.order=sw}. The figures are only
 * meaningful on an idle machine.
 */
public final class MapCanvasBenchmark {
    private static final int FRAMES = 600;
    private static final int WARM_UP = 120;

    private MapCanvasBenchmark() {}

    public static void main(String[] args) {
        Application.launch(BenchmarkApplication.class, args);
    }

    /** Shows only the page. */
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
            stage.getScene()
                    .getStylesheets()
                    .add(MapCanvasBenchmark.class
                            .getResource("/org/switchback/gui/switchback.css")
                            .toExternalForm());
            stage.show();
            open(model, text, 0);
        }

        /** Opens the map three times: the first also loads classes, the third shows what a user experiences. */
        private void open(MemoryMapViewModel model, String text, int round) {
            long start = System.nanoTime();
            Duration cpuBefore =
                    ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
            model.loader().importText(text, "big" + round);
            model.loader().titleProperty().addListener(new InvalidationListener() {
                @Override
                public void invalidated(Observable title) {
                    title.removeListener(this);
                    model.loader().titleProperty().get();
                    new AnimationTimer() {
                        private int frame;

                        @Override
                        public void handle(long now) {
                            // The second frame: the first one lays out the map.
                            if (++frame == 2) {
                                stop();
                                System.out.printf(
                                        "opened in %.0f ms, %d ms of CPU time%n",
                                        (System.nanoTime() - start) / 1e6,
                                        ProcessHandle.current()
                                                .info()
                                                .totalCpuDuration()
                                                .orElse(Duration.ZERO)
                                                .minus(cpuBefore)
                                                .toMillis());
                                if (round < 2) {
                                    open(model, text, round + 1);
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
                private long cpuTime;

                @Override
                public void handle(long now) {
                    long time = System.nanoTime();
                    if (frame == 0) {
                        cpuTime = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
                    }
                    if (frame > 0 && frame <= FRAMES) {
                        milliseconds[frame - 1] = (time - last) / 1e6;
                    }
                    if (frame == FRAMES) {
                        stop();
                        report(milliseconds, ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - cpuTime);
                        return;
                    }
                    last = time;
                    frame++;
                    int step = Math.floorMod(frame, 240);
                    model.viewport().zoomAt(step < 120 ? 1.06 : 1 / 1.06, 0.37);
                    model.viewport().pan(step % 60 < 30 ? 0.02 : -0.02);
                }
            }.start();
        }

        private static void report(double[] milliseconds, long cpuTime) {
            Arrays.sort(milliseconds);
            System.out.printf(
                    "%d frames: %.1f per second, median %.1f ms, p95 %.1f ms; %.1f ms of CPU time per frame"
                            + " on the FX thread%n",
                    FRAMES,
                    1000 * FRAMES / Arrays.stream(milliseconds).sum(),
                    milliseconds[FRAMES / 2],
                    milliseconds[FRAMES * 95 / 100],
                    cpuTime / 1e6 / FRAMES);
            Platform.exit();
        }

        /** 1000 buses with 33 functions each, every function with two nested regions: 100,000 regions, four levels. */
        private static String listing() {
            StringBuilder text = new StringBuilder();
            for (int bus = 0; bus < 1000; bus++) {
                long base = 0x1_0000_0000L + ((long) bus << 24);
                text.append(String.format("%08x-%08x : PCI Bus 0000:%02x%n", base, base + 0xffffff, bus & 0xff));
                for (int function = 0; function < 33; function++) {
                    long address = base + function * 0x10000L;
                    text.append(String.format(
                            "  %08x-%08x : 0000:%02x:%02x.0%n", address, address + 0xffff, bus & 0xff, function & 31));
                    text.append(String.format("    %08x-%08x : driver%n", address, address + 0xfff));
                    text.append(String.format("      %08x-%08x : claim%n", address, address + 0xff));
                }
            }
            if (MemoryMap.parse(text.toString()).regionCount() != 100_000) {
                throw new IllegalStateException("The listing does not have 100,000 regions");
            }
            return text.toString();
        }
    }
}
