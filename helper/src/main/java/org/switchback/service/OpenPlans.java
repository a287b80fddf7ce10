package org.switchback.service;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.switchback.Helper1.Error.LimitReached;
import org.switchback.Helper1.Error.UnknownPlan;
import org.switchback.plan.SwitchPlan;

/** Plans that were made and not applied yet. A plan is good for the caller it was made for, once, for a time. */
final class OpenPlans {
    static final Duration GOOD_FOR = Duration.ofMinutes(10);
    /** A caller's sixth plan drops that caller's oldest. */
    static final int PER_CALLER = 5;

    static final int IN_ALL = 100;

    private final SecureRandom random = new SecureRandom();
    private final LongSupplier nanos;
    private final Predicate<String> there;
    /** In the order they were made, which is also that in which they run out. */
    private final Map<String, Open> plans = new LinkedHashMap<>();

    private record Open(String sender, SwitchPlan plan, long made) {}

    /**
     * @param nanos a clock that only runs forwards
     * @param there whether a sender is still on the bus; may take a while to tell
     */
    OpenPlans(LongSupplier nanos, Predicate<String> there) {
        this.nanos = nanos;
        this.there = there;
    }

    /**
     * Keeps a plan.
     *
     * @return its id, 128 random bits in hexadecimal
     * @throws LimitReached when the plans of other callers who are still there fill the table
     */
    String add(Caller caller, SwitchPlan plan) {
        if (isFull()) {
            Set<String> gone = senders().stream().filter(there.negate()).collect(Collectors.toSet());
            drop(gone);
        }
        return keep(caller, plan);
    }

    private synchronized boolean isFull() {
        return plans.size() >= IN_ALL;
    }

    private synchronized void drop(Set<String> senders) {
        plans.values().removeIf(open -> senders.contains(open.sender));
    }

    private synchronized String keep(Caller caller, SwitchPlan plan) {
        dropOld();
        if (plans.values().stream().filter(open -> open.sender.equals(caller.sender())).count() >= PER_CALLER) {
            String oldest = plans.entrySet().stream()
                    .filter(entry -> entry.getValue().sender.equals(caller.sender()))
                    .findFirst()
                    .orElseThrow()
                    .getKey();
            plans.remove(oldest);
        }
        if (isFull()) {
            throw new LimitReached();
        }
        byte[] bits = new byte[16];
        random.nextBytes(bits);
        String id = HexFormat.of().formatHex(bits);
        plans.put(id, new Open(caller.sender(), plan, nanos.getAsLong()));
        return id;
    }

    /**
     * Makes sure that a plan could be taken.
     *
     * @throws UnknownPlan as {@link #take}
     */
    synchronized void check(Caller caller, String id) {
        find(caller, id);
    }

    /**
     * Takes a plan out.
     *
     * @throws UnknownPlan when there is none by that id, or it was made for another caller
     */
    synchronized SwitchPlan take(Caller caller, String id) {
        SwitchPlan plan = find(caller, id).plan;
        plans.remove(id);
        return plan;
    }

    private Open find(Caller caller, String id) {
        dropOld();
        @Nullable Open open = plans.get(id);
        if (open == null || !open.sender.equals(caller.sender())) {
            throw new UnknownPlan();
        }
        return open;
    }

    /** Whether a plan is open whose caller is still there to apply it. */
    boolean any() {
        return senders().stream().anyMatch(there);
    }

    private synchronized Set<String> senders() {
        dropOld();
        return plans.values().stream().map(Open::sender).collect(Collectors.toSet());
    }

    private void dropOld() {
        long now = nanos.getAsLong();
        plans.values().removeIf(open -> now - open.made > GOOD_FOR.toNanos());
    }
}
