package org.switchback.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.switchback.hardware.MemoryMap;

/** Measures how long parsing and nesting a /proc/iomem of 100,000 lines takes. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class MemoryMapBenchmark {
    private static final int BUSES = 1_000;
    private static final int DEVICES = 33;
    private static final long WINDOW = 1L << 24;

    private String listing = "";

    /**
     * Creates a listing of 1,000 buses with 33 devices each and two nested regions per device: 100,000 lines, four
     * levels.
     */
    @Setup
    public void createListing() {
        StringBuilder text = new StringBuilder();
        for (long bus = 0; bus < BUSES; bus++) {
            long base = 0x1_0000_0000L + bus * WINDOW;
            text.append(String.format("%08x-%08x : PCI Bus 0000:%02x%n", base, base + WINDOW - 1, bus & 0xff));
            for (int device = 0; device < DEVICES; device++) {
                long address = base + device * 0x10000L;
                text.append(String.format("  %08x-%08x : 0000:%02x:00.0%n", address, address + 0xffff, device));
                text.append(String.format("    %08x-%08x : driver%n", address, address + 0xfff));
                text.append(String.format("      %08x-%08x : region%n", address, address + 0xff));
            }
        }
        listing = text.toString();
    }

    @Benchmark
    public MemoryMap parseListing() {
        return MemoryMap.parse(listing);
    }
}
