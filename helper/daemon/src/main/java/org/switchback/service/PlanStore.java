package org.switchback.service;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
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

/**
 * Stores plans until they are applied. A plan can be applied once, by the caller that requested it, until it expires.
 */
final class PlanStore {
    static final Duration PLAN_LIFETIME = Duration.ofMinutes(10);
    /** Adding another plan removes the caller's oldest one. */
    static final int MAX_PLANS_PER_CALLER = 5;

    /** The limit of one user never affects another. */
    static final int MAX_PLANS_PER_USER = 100;

    private final SecureRandom random = new SecureRandom();
    private final LongSupplier nanoClock;
    private final Predicate<String> isSenderConnected;
    /** By ID, in order of creation and therefore of expiry. */
    private final Map<String, StoredPlan> plans = new LinkedHashMap<>();

    /**
     * A plan and the machine state that it is based on.
     *
     * @param sender unique name of the caller
     * @param snapshot result of {@link MachineStateReader#readSwitchSnapshot} when the plan was created
     * @param createdNanos creation time of the store's clock, in nanoseconds
     */
    record StoredPlan(Caller caller, SwitchPlan plan, MachineSnapshot snapshot, long createdNanos) {}

    /**
     * @param nanoClock monotonic clock, in nanoseconds
     * @param isSenderConnected whether a sender is still connected to the bus; may be slow
     */
    PlanStore(LongSupplier nanoClock, Predicate<String> isSenderConnected) {
        this.nanoClock = nanoClock;
        this.isSenderConnected = isSenderConnected;
    }

    /**
     * Stores a plan.
     *
     * @return ID of the plan: 128 random bits in hexadecimal
     * @throws LimitReached if the user has too many plans on connections that are open
     */
    String add(Caller caller, SwitchPlan plan, MachineSnapshot snapshot) {
        if (countPlansOf(caller.uid()) >= MAX_PLANS_PER_USER) {
            Set<String> disconnected =
                    senders().stream().filter(isSenderConnected.negate()).collect(Collectors.toSet());
            removePlansOf(disconnected);
        }
        return store(caller, plan, snapshot);
    }

    private synchronized long countPlansOf(long uid) {
        return plans.values().stream()
                .filter(stored -> stored.caller.uid() == uid)
                .count();
    }

    private synchronized void removePlansOf(Set<String> senders) {
        plans.values().removeIf(stored -> senders.contains(stored.caller.sender()));
    }

    private synchronized String store(Caller caller, SwitchPlan plan, MachineSnapshot snapshot) {
        removeExpired();
        List<String> own = plans.entrySet().stream()
                .filter(entry -> entry.getValue().caller.sender().equals(caller.sender()))
                .map(Map.Entry::getKey)
                .toList();
        if (own.size() >= MAX_PLANS_PER_CALLER) {
            plans.remove(own.getFirst());
        }
        if (countPlansOf(caller.uid()) >= MAX_PLANS_PER_USER) {
            throw new LimitReached();
        }
        byte[] bytes = new byte[16];
        random.nextBytes(bytes);
        String id = HexFormat.of().formatHex(bytes);
        plans.put(id, new StoredPlan(caller, plan, snapshot, nanoClock.getAsLong()));
        return id;
    }

    /**
     * Checks that {@link #take} would succeed.
     *
     * @throws UnknownPlan as {@link #take}
     */
    synchronized void requirePlan(Caller caller, String id) {
        find(caller, id);
    }

    /**
     * Removes and returns a plan.
     *
     * @throws UnknownPlan if there is no plan with that ID, or it belongs to another caller
     */
    synchronized StoredPlan take(Caller caller, String id) {
        StoredPlan plan = find(caller, id);
        plans.remove(id);
        return plan;
    }

    private StoredPlan find(Caller caller, String id) {
        removeExpired();
        @Nullable StoredPlan stored = plans.get(id);
        if (stored == null || !stored.caller.sender().equals(caller.sender())) {
            throw new UnknownPlan();
        }
        return stored;
    }

    /** Whether there is a plan whose caller is still connected. */
    boolean hasPlanOfConnectedCaller() {
        return senders().stream().anyMatch(isSenderConnected);
    }

    private synchronized Set<String> senders() {
        removeExpired();
        return plans.values().stream().map(stored -> stored.caller.sender()).collect(Collectors.toSet());
    }

    private void removeExpired() {
        long now = nanoClock.getAsLong();
        plans.values().removeIf(stored -> now - stored.createdNanos > PLAN_LIFETIME.toNanos());
    }
}
