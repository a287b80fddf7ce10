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
import org.switchback.hardware.MachineSnapshot;
import org.switchback.plan.SwitchPlan;

/** Plans that were made and not applied yet. A plan is good for the caller it was made for, once, for a time. */
final class PlanStore {
    static final Duration PLAN_LIFETIME = Duration.ofMinutes(10);
    /** A caller's sixth plan drops that caller's oldest. */
    static final int MAX_PLANS_PER_CALLER = 5;

    static final int MAX_PLANS = 100;

    private final SecureRandom random = new SecureRandom();
    private final LongSupplier nanoClock;
    private final Predicate<String> isSenderConnected;
    /** In the order they were made, which is also that in which they run out. */
    private final Map<String, StoredPlan> plans = new LinkedHashMap<>();

    /**
     * A plan and the facts it rests on.
     *
     * @param facts what {@link MachineStateReader#readSwitchSnapshot} told when the plan was made
     */
    record StoredPlan(String sender, SwitchPlan plan, MachineSnapshot facts, long createdNanos) {}

    /**
     * @param nanoClock a clock that only runs forwards
     * @param isSenderConnected whether a sender is still on the bus; may take a while to tell
     */
    PlanStore(LongSupplier nanoClock, Predicate<String> isSenderConnected) {
        this.nanoClock = nanoClock;
        this.isSenderConnected = isSenderConnected;
    }

    /**
     * Keeps a plan.
     *
     * @return its id, 128 random bits in hexadecimal
     * @throws LimitReached when the plans of other callers who are still there fill the table
     */
    String add(Caller caller, SwitchPlan plan, MachineSnapshot facts) {
        if (isFull()) {
            Set<String> gone =
                    senders().stream().filter(isSenderConnected.negate()).collect(Collectors.toSet());
            removePlansOf(gone);
        }
        return store(caller, plan, facts);
    }

    private synchronized boolean isFull() {
        return plans.size() >= MAX_PLANS;
    }

    private synchronized void removePlansOf(Set<String> senders) {
        plans.values().removeIf(open -> senders.contains(open.sender));
    }

    private synchronized String store(Caller caller, SwitchPlan plan, MachineSnapshot facts) {
        removeExpired();
        if (plans.values().stream()
                        .filter(open -> open.sender.equals(caller.sender()))
                        .count()
                >= MAX_PLANS_PER_CALLER) {
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
        plans.put(id, new StoredPlan(caller.sender(), plan, facts, nanoClock.getAsLong()));
        return id;
    }

    /**
     * Makes sure that a plan could be taken.
     *
     * @throws UnknownPlan as {@link #take}
     */
    synchronized void requirePlan(Caller caller, String id) {
        find(caller, id);
    }

    /**
     * Takes a plan out.
     *
     * @throws UnknownPlan when there is none by that id, or it was made for another caller
     */
    synchronized StoredPlan take(Caller caller, String id) {
        StoredPlan plan = find(caller, id);
        plans.remove(id);
        return plan;
    }

    private StoredPlan find(Caller caller, String id) {
        removeExpired();
        @Nullable StoredPlan open = plans.get(id);
        if (open == null || !open.sender.equals(caller.sender())) {
            throw new UnknownPlan();
        }
        return open;
    }

    /** Whether a plan is open whose caller is still there to apply it. */
    boolean hasPlanOfConnectedCaller() {
        return senders().stream().anyMatch(isSenderConnected);
    }

    private synchronized Set<String> senders() {
        removeExpired();
        return plans.values().stream().map(StoredPlan::sender).collect(Collectors.toSet());
    }

    private void removeExpired() {
        long now = nanoClock.getAsLong();
        plans.values().removeIf(open -> now - open.createdNanos > PLAN_LIFETIME.toNanos());
    }
}
