package org.switchback.protocol;

import java.util.List;
import java.util.stream.Stream;
import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.annotations.Position;
import org.switchback.job.RefusalSummary;
import org.switchback.plan.RefusalCode;

/** A {@link RefusalSummary} on the bus. */
public final class RefusalStruct extends Struct {
    /** {@link RefusalCode#wireName}. */
    @Position(0)
    public final String code;

    @Position(1)
    public final List<String> details;

    public RefusalStruct(String code, List<String> details) {
        this.code = code;
        this.details = details;
    }

    public static RefusalStruct encode(RefusalSummary refusal) {
        return new RefusalStruct(refusal.code().wireName(), refusal.details());
    }

    /**
     * Converts to the model type. An unknown code becomes {@link RefusalCode#UNKNOWN} with its name as the first
     * detail.
     */
    public RefusalSummary decode() {
        return decode(code, details);
    }

    static RefusalSummary decode(String code, List<String> details) {
        return RefusalCode.parse(code)
                .map(known -> new RefusalSummary(known, details))
                .orElseGet(() -> new RefusalSummary(
                        RefusalCode.UNKNOWN,
                        Stream.concat(Stream.of(code), details.stream()).toList()));
    }
}
