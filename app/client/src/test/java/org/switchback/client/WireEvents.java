package org.switchback.client;

import java.util.List;
import org.switchback.job.JobEvent;
import org.switchback.protocol.JobEventStruct;

/** Creates and reads job events in their D-Bus form, which is short to write and compare in tests. */
public final class WireEvents {
    private WireEvents() {}

    /** @throws java.util.NoSuchElementException when the type is unknown */
    public static JobEvent event(String type, int step, long elapsedMicros, String detail, String... values) {
        return new JobEventStruct(type, step, elapsedMicros, detail, List.of(values))
                .decode()
                .orElseThrow();
    }

    public static String type(JobEvent event) {
        return JobEventStruct.encode(event).type;
    }

    public static int step(JobEvent event) {
        return JobEventStruct.encode(event).step;
    }

    public static String detail(JobEvent event) {
        return JobEventStruct.encode(event).detail;
    }

    public static List<String> values(JobEvent event) {
        return JobEventStruct.encode(event).values;
    }
}
