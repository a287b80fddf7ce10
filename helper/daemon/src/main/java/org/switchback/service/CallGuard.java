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
final class CallGuard {
    /** Of all arguments of a call together, bytes in UTF-8. */
    static final int MAX_ARGUMENT_BYTES = 4096;

    private final CallerResolver callerResolver;
    private final RateLimiter rateLimiter;
    private final LongSupplier nanoClock;
    private final Consumer<String> log;
    private int activeCalls;
    private long lastActivityNanos;

    CallGuard(CallerResolver callerResolver, RateLimiter rateLimiter, LongSupplier nanoClock, Consumer<String> log) {
        this.callerResolver = callerResolver;
        this.rateLimiter = rateLimiter;
        this.nanoClock = nanoClock;
        this.log = log;
        this.lastActivityNanos = nanoClock.getAsLong();
    }

    /** Lets the call that this thread answers in. */
    <T extends @Nullable Object> T handleCall(Function<Caller, T> answer) {
        beginCall();
        try {
            Caller caller = callerResolver.current();
            if (!rateLimiter.tryAcquire(caller.uid())) {
                throw new LimitReached();
            }
            return answer.apply(caller);
        } catch (HelperError known) {
            throw known;
        } catch (RuntimeException | StackOverflowError unexpected) {
            log.accept("a call failed: " + ExceptionFormatter.format(unexpected));
            throw new Failed();
        } finally {
            endCall();
        }
    }

    /** @throws BadArgument when the arguments are too long together */
    static void checkArgumentLength(List<String> arguments) {
        long bytes = 0;
        for (String argument : arguments) {
            bytes += argument.length() > MAX_ARGUMENT_BYTES
                    ? argument.length()
                    : argument.getBytes(StandardCharsets.UTF_8).length;
        }
        if (bytes > MAX_ARGUMENT_BYTES || arguments.size() > MAX_ARGUMENT_BYTES) {
            throw new BadArgument();
        }
    }

    /** Whether nobody is inside and the last one left at least that long ago. */
    synchronized boolean isIdleFor(long nanoseconds) {
        return activeCalls == 0 && nanoClock.getAsLong() - lastActivityNanos >= nanoseconds;
    }

    /** As if somebody had just called: whoever waits for the end of something hears of it before the helper leaves. */
    synchronized void recordActivity() {
        lastActivityNanos = nanoClock.getAsLong();
    }

    private synchronized void beginCall() {
        activeCalls++;
    }

    private synchronized void endCall() {
        activeCalls--;
        recordActivity();
    }
}
