package org.switchback.service;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** How many calls a user may make: a bucket a user that fills steadily and holds a burst. */
final class RateLimiter {
    /** Users whose bucket is full again are forgotten once there are this many. */
    private static final int CLEANUP_THRESHOLD = 64;

    /** For a process that can only hold up itself. */
    static final RateLimiter UNLIMITED = new RateLimiter(0, Double.POSITIVE_INFINITY, () -> 0);

    private final double perSecond;
    private final double burst;
    private final LongSupplier nanoClock;
    private final Map<Long, TokenBucket> buckets = new HashMap<>();

    private record TokenBucket(double tokens, long updatedNanos) {}

    /**
     * @param perSecond calls that one user may make for ever
     * @param burst calls that one user may make at once
     * @param nanoClock a clock that only runs forwards
     */
    RateLimiter(double perSecond, double burst, LongSupplier nanoClock) {
        this.perSecond = perSecond;
        this.burst = burst;
        this.nanoClock = nanoClock;
    }

    /** Counts a call. False when it is one too many. */
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
