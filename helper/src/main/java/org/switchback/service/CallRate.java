package org.switchback.service;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** How many calls a user may make: a bucket a user that fills steadily and holds a burst. */
final class CallRate {
    /** Users whose bucket is full again are forgotten once there are this many. */
    private static final int TIDY_AT = 64;

    /** For a process that can only hold up itself. */
    static final CallRate UNLIMITED = new CallRate(0, Double.POSITIVE_INFINITY, () -> 0);

    private final double perSecond;
    private final double burst;
    private final LongSupplier nanos;
    private final Map<Long, Bucket> buckets = new HashMap<>();

    private record Bucket(double tokens, long since) {}

    /**
     * @param perSecond calls that one user may make for ever
     * @param burst     calls that one user may make at once
     * @param nanos     a clock that only runs forwards
     */
    CallRate(double perSecond, double burst, LongSupplier nanos) {
        this.perSecond = perSecond;
        this.burst = burst;
        this.nanos = nanos;
    }

    /** Counts a call. False when it is one too many. */
    synchronized boolean take(long uid) {
        long now = nanos.getAsLong();
        double tokens = tokens(buckets.getOrDefault(uid, new Bucket(burst, now)), now);
        if (tokens < 1) {
            return false;
        }
        if (buckets.size() >= TIDY_AT) {
            buckets.values().removeIf(bucket -> tokens(bucket, now) >= burst);
        }
        buckets.put(uid, new Bucket(tokens - 1, now));
        return true;
    }

    private double tokens(Bucket bucket, long now) {
        double seconds = (double) (now - bucket.since) / Duration.ofSeconds(1).toNanos();
        return Math.min(burst, bucket.tokens + seconds * perSecond);
    }
}
