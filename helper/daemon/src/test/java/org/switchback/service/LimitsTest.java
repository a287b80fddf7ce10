package org.switchback.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.switchback.Helper1.Error.Busy;
import org.switchback.Helper1.Error.LimitReached;
import org.switchback.Helper1.Error.UnknownPlan;
import org.switchback.hardware.MachineSnapshot;
import org.switchback.hardware.PciAddress;
import org.switchback.hardware.TestSnapshots;
import org.switchback.plan.Planner;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.SwitchRequest;
import org.switchback.plan.Target;

/** Tests the rate limiter, the plan store and the prompt limiter. */
class LimitsTest {
    private static final Caller ANN = new Caller(":1.7", 1000);
    private static final Caller BOB = new Caller(":1.8", 1001);
    private static final SwitchPlan PLAN = plan();

    private final AtomicLong clockNanos =
            new AtomicLong(Long.MAX_VALUE - Duration.ofSeconds(5).toNanos());

    private static SwitchPlan plan() {
        SwitchRequest request = new SwitchRequest(PciAddress.of("0000:04:00.0"), Target.VM, List.of());
        if (Planner.plan(TestSnapshots.parseMachine("x99-gtx1080-efifb"), request, Optional.empty())
                instanceof Planner.PlanningResult.PlanCreated(SwitchPlan plan)) {
            return plan;
        }
        throw new AssertionError("no plan");
    }

    private void advanceClock(Duration time) {
        clockNanos.addAndGet(time.toNanos());
    }

    @Test
    void planBelongsToItsCaller() {
        PlanStore plans = new PlanStore(clockNanos::get, sender -> true);
        String id = plans.add(ANN, PLAN, MachineSnapshot.EMPTY);

        assertThatExceptionOfType(UnknownPlan.class).isThrownBy(() -> plans.take(BOB, id));
        assertThat(plans.take(ANN, id).plan()).isSameAs(PLAN);
    }

    @Test
    void planExpiresAfterTenMinutes() {
        PlanStore plans = new PlanStore(clockNanos::get, sender -> true);
        String expiredId = plans.add(ANN, PLAN, MachineSnapshot.EMPTY);
        advanceClock(Duration.ofMinutes(9));
        String validId = plans.add(ANN, PLAN, MachineSnapshot.EMPTY);
        advanceClock(Duration.ofSeconds(61));

        assertThatExceptionOfType(UnknownPlan.class).isThrownBy(() -> plans.take(ANN, expiredId));
        assertThat(plans.take(ANN, validId).plan()).isSameAs(PLAN);
        assertThat(plans.hasPlanOfConnectedCaller()).isFalse();
    }

    @Test
    void numberOfOpenPlansOfAUserIsLimitedWithoutAffectingOthers() {
        PlanStore plans = new PlanStore(clockNanos::get, sender -> true);
        for (int i = 0; i < PlanStore.MAX_PLANS_PER_USER; i++) {
            plans.add(new Caller(":2." + i, 2000), PLAN, MachineSnapshot.EMPTY);
        }
        Caller oneMore = new Caller(":2.999", 2000);

        assertThatExceptionOfType(LimitReached.class).isThrownBy(() -> plans.add(oneMore, PLAN, MachineSnapshot.EMPTY));
        assertThatCode(() -> plans.add(ANN, PLAN, MachineSnapshot.EMPTY)).doesNotThrowAnyException();
        advanceClock(Duration.ofMinutes(11));
        assertThatCode(() -> plans.add(oneMore, PLAN, MachineSnapshot.EMPTY)).doesNotThrowAnyException();
    }

    @Test
    void plansOfDisconnectedCallersAreRemovedWhenTheUserHasTooMany() {
        PlanStore plans = new PlanStore(clockNanos::get, sender -> sender.equals(ANN.sender()));
        String id = plans.add(ANN, PLAN, MachineSnapshot.EMPTY);
        for (int i = 1; i < PlanStore.MAX_PLANS_PER_USER; i++) {
            plans.add(new Caller(":2." + i, ANN.uid()), PLAN, MachineSnapshot.EMPTY);
        }

        plans.add(new Caller(":2.999", ANN.uid()), PLAN, MachineSnapshot.EMPTY);

        assertThat(plans.take(ANN, id).plan()).isSameAs(PLAN);
    }

    @Test
    void promptsOfOthersDoNotShutRootOut() {
        OpenPromptLimiter prompts = new OpenPromptLimiter();
        for (long uid = 1000; uid < 1000 + OpenPromptLimiter.MAX_PROMPTS; uid++) {
            prompts.acquire(uid);
        }

        assertThatExceptionOfType(Busy.class).isThrownBy(() -> prompts.acquire(2000));
        assertThatCode(() -> prompts.acquire(Caller.ROOT_UID)).doesNotThrowAnyException();
        assertThatExceptionOfType(Busy.class).isThrownBy(() -> prompts.acquire(Caller.ROOT_UID));
    }

    @Test
    void planIdsAreUniqueAndHave128Bits() {
        PlanStore plans = new PlanStore(clockNanos::get, sender -> true);
        List<String> ids = IntStream.range(0, 90)
                .mapToObj(i -> plans.add(new Caller(":3." + i, 3000 + i), PLAN, MachineSnapshot.EMPTY))
                .toList();

        assertThat(ids).allMatch(id -> id.matches("[0-9a-f]{32}")).doesNotHaveDuplicates();
    }

    @Test
    void onePromptPerUserAndThreeInTotal() {
        OpenPromptLimiter prompts = new OpenPromptLimiter();
        prompts.acquire(1000);
        assertThatExceptionOfType(Busy.class).isThrownBy(() -> prompts.acquire(1000));
        prompts.acquire(1001);
        prompts.acquire(1002);
        assertThatExceptionOfType(Busy.class).isThrownBy(() -> prompts.acquire(1003));

        prompts.release(1001);

        assertThatCode(() -> prompts.acquire(1003)).doesNotThrowAnyException();
    }
}
