package org.switchback.service;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.switchback.Helper1.Error.BadArgument;
import org.switchback.Helper1.Error.Failed;
import org.switchback.Helper1.Error.HelperError;
import org.switchback.Helper1.Error.LimitReached;

/** Every call comes in through here: it is counted, and whatever goes wrong leaves as an error with a fixed text. */
final class Gate {
    /** Of all arguments of a call together, bytes in UTF-8. */
    static final int MOST_ARGUMENT_BYTES = 4096;

    private final Callers callers;
    private final CallRate rate;
    private final LongSupplier nanos;
    private final Consumer<String> log;
    private int inside;
    private long last;

    Gate(Callers callers, CallRate rate, LongSupplier nanos, Consumer<String> log) {
        this.callers = callers;
        this.rate = rate;
        this.nanos = nanos;
        this.log = log;
        this.last = nanos.getAsLong();
    }

    /** Lets the call that this thread answers in. */
    <T extends @Nullable Object> T call(Function<Caller, T> answer) {
        come();
        try {
            Caller caller = callers.current();
            if (!rate.take(caller.uid())) {
                throw new LimitReached();
            }
            return answer.apply(caller);
        } catch (HelperError known) {
            throw known;
        } catch (RuntimeException | StackOverflowError unexpected) {
            log.accept("a call failed: " + Trouble.text(unexpected));
            throw new Failed();
        } finally {
            go();
        }
    }

    /** @throws BadArgument when the arguments are too long together */
    static void checkLength(List<String> arguments) {
        long bytes = 0;
        for (String argument : arguments) {
            bytes += argument.length() > MOST_ARGUMENT_BYTES
                    ? argument.length()
                    : argument.getBytes(StandardCharsets.UTF_8).length;
        }
        if (bytes > MOST_ARGUMENT_BYTES || arguments.size() > MOST_ARGUMENT_BYTES) {
            throw new BadArgument();
        }
    }

    /** Whether nobody is inside and the last one left at least that long ago. */
    synchronized boolean quietFor(long nanoseconds) {
        return inside == 0 && nanos.getAsLong() - last >= nanoseconds;
    }

    /** As if somebody had just called: whoever waits for the end of something hears of it before the helper leaves. */
    synchronized void touch() {
        last = nanos.getAsLong();
    }

    private synchronized void come() {
        inside++;
    }

    private synchronized void go() {
        inside--;
        touch();
    }
}
