package org.switchback.bus;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** Limits the calls of each user with a token bucket for each user. */
final class RateLimiter {
    /** Number of buckets from which full ones are removed. */
    private static final int CLEANUP_THRESHOLD = 64;

    private final double perSecond;
    private final double burst;
    private final LongSupplier nanoClock;
    private final Map<Long, TokenBucket> buckets = new HashMap<>();

    private record TokenBucket(double tokens, long updatedNanos) {}

    /**
     * @param perSecond calls per second that a user may make continuously
     * @param burst calls that a user may make at once
     * @param nanoClock monotonic clock, in nanoseconds
     */
    RateLimiter(double perSecond, double burst, LongSupplier nanoClock) {
        this.perSecond = perSecond;
        this.burst = burst;
        this.nanoClock = nanoClock;
    }

    /** Counts a call; returns false if it exceeds the limit. */
    synchronized boolean tryAcquire(long uid) {
        long now = nanoClock.getAsLong();
        double tokens = refilledTokens(buckets.getOrDefault(uid, new TokenBucket(burst, now)), now);
        if (tokens < 1) {
            return false;
        }
        if (buckets.size() >= CLEANUP_THRESHOLD) {
            buckets.values().removeIf(bucket -> refilledTokens(bucket, now) >= burst);
        }
        buckets.put(uid, new TokenBucket(tokens - 1, now));
        return true;
    }

    private double refilledTokens(TokenBucket bucket, long now) {
        double seconds =
                (double) (now - bucket.updatedNanos) / Duration.ofSeconds(1).toNanos();
        return Math.min(burst, bucket.tokens + seconds * perSecond);
    }
}
