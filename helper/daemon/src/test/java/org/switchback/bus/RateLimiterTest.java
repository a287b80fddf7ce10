package org.switchback.bus;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RateLimiterTest {
    private final AtomicLong clockNanos =
            new AtomicLong(Long.MAX_VALUE - Duration.ofSeconds(5).toNanos());

    private void advanceClock(Duration time) {
        clockNanos.addAndGet(time.toNanos());
    }

    private long countAcquired(RateLimiter limiter, int calls, long uid) {
        return IntStream.range(0, calls).filter(i -> limiter.tryAcquire(uid)).count();
    }

    @Test
    void userHasABurstOfTwentyAndTenCallsPerSecond() {
        RateLimiter limiter = new RateLimiter(10, 20, clockNanos::get);

        assertThat(countAcquired(limiter, 100, 1000)).isEqualTo(20);
        advanceClock(Duration.ofSeconds(1));
        assertThat(countAcquired(limiter, 100, 1000)).isEqualTo(10);
        // The clock overflows here.
        advanceClock(Duration.ofSeconds(60));
        assertThat(countAcquired(limiter, 100, 1000)).isEqualTo(20);
    }

    @Test
    void usersAreLimitedSeparately() {
        RateLimiter limiter = new RateLimiter(10, 20, clockNanos::get);
        countAcquired(limiter, 100, 1000);

        assertThat(countAcquired(limiter, 100, 1001)).isEqualTo(20);
    }

    @Test
    void cleanupKeepsEmptyBuckets() {
        RateLimiter limiter = new RateLimiter(10, 20, clockNanos::get);
        countAcquired(limiter, 20, 7);
        IntStream.range(1000, 3000).forEach(uid -> limiter.tryAcquire(uid));

        assertThat(limiter.tryAcquire(7)).isFalse();
    }
}
