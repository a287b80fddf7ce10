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

/** Wraps the handling of every D-Bus call: turns exceptions into errors with fixed texts. */
final class CallGuard {
    /** Limit of the total length of a call's arguments, in bytes of UTF-8. */
    static final int MAX_ARGUMENT_BYTES = 4096;

    private final CallerResolver callerResolver;
    private final LongSupplier nanoClock;
    private final Consumer<String> log;
    private int activeCalls;
    private long lastActivityNanos;

    CallGuard(CallerResolver callerResolver, LongSupplier nanoClock, Consumer<String> log) {
        this.callerResolver = callerResolver;
        this.nanoClock = nanoClock;
        this.log = log;
        this.lastActivityNanos = nanoClock.getAsLong();
    }

    /**
     * Handles the call that was received on this thread.
     *
     * @param handler computes the reply
     * @throws HelperError as the handler; {@link Failed} for any other exception
     */
    <T extends @Nullable Object> T handleCall(Function<Caller, T> handler) {
        beginCall();
        try {
            return handler.apply(callerResolver.current());
        } catch (HelperError e) {
            throw e;
        } catch (RuntimeException | StackOverflowError e) {
            log.accept("a call failed: " + ExceptionLogFormatter.format(e));
            throw new Failed();
        } finally {
            endCall();
        }
    }

    /** @throws BadArgument if the total length of the arguments exceeds {@link #MAX_ARGUMENT_BYTES} */
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

    /** Whether no call is being handled and the last activity was at least that long ago. */
    synchronized boolean isIdleFor(long nanoseconds) {
        return activeCalls == 0 && nanoClock.getAsLong() - lastActivityNanos >= nanoseconds;
    }

    /** Restarts the idle time, so that clients which wait for the end of a job receive it before the helper exits. */
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
