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
import org.switchback.hardware.Captures;
import org.switchback.hardware.PciAddress;
import org.switchback.plan.Planner;
import org.switchback.plan.Request;
import org.switchback.plan.SwitchPlan;
import org.switchback.plan.Target;

class LimitsTest {
    private static final Caller ANN = new Caller(":1.7", 1000);
    private static final Caller BOB = new Caller(":1.8", 1001);
    private static final SwitchPlan PLAN = plan();

    private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - Duration.ofSeconds(5).toNanos());

    private static SwitchPlan plan() {
        Request request = new Request(PciAddress.of("0000:04:00.0"), Target.VM, List.of());
        if (Planner.plan(Captures.machine("x99-gtx1080-efifb"), request, Optional.empty())
                instanceof Planner.Answer.Planned(SwitchPlan plan)) {
            return plan;
        }
        throw new AssertionError("no plan");
    }

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    private long takenOf(CallRate rate, int calls, long uid) {
        return IntStream.range(0, calls).filter(i -> rate.take(uid)).count();
    }

    @Test
    void aUserCallsTwentyTimesAtOnceAndThenTenTimesASecond() {
        CallRate rate = new CallRate(10, 20, now::get);

        assertThat(takenOf(rate, 100, 1000)).isEqualTo(20);
        pass(Duration.ofSeconds(1));
        assertThat(takenOf(rate, 100, 1000)).isEqualTo(10);
        // The clock is allowed to run over.
        pass(Duration.ofSeconds(60));
        assertThat(takenOf(rate, 100, 1000)).isEqualTo(20);
    }

    @Test
    void oneUsersCallsAreNotCountedForAnother() {
        CallRate rate = new CallRate(10, 20, now::get);
        takenOf(rate, 100, 1000);

        assertThat(takenOf(rate, 100, 1001)).isEqualTo(20);
    }

    @Test
    void manyUsersLeaveNobodyMoreThanHisShare() {
        CallRate rate = new CallRate(10, 20, now::get);
        takenOf(rate, 20, 7);
        IntStream.range(1000, 3000).forEach(uid -> rate.take(uid));

        assertThat(rate.take(7)).isFalse();
    }

    @Test
    void aPlanIsNoOtherCallers() {
        OpenPlans plans = new OpenPlans(now::get, sender -> true);
        String id = plans.add(ANN, PLAN);

        assertThatExceptionOfType(UnknownPlan.class).isThrownBy(() -> plans.take(BOB, id));
        assertThat(plans.take(ANN, id)).isSameAs(PLAN);
    }

    @Test
    void aPlanIsGoodForTenMinutes() {
        OpenPlans plans = new OpenPlans(now::get, sender -> true);
        String early = plans.add(ANN, PLAN);
        pass(Duration.ofMinutes(9));
        String late = plans.add(ANN, PLAN);
        pass(Duration.ofSeconds(61));

        assertThatExceptionOfType(UnknownPlan.class).isThrownBy(() -> plans.take(ANN, early));
        assertThat(plans.take(ANN, late)).isSameAs(PLAN);
        assertThat(plans.any()).isFalse();
    }

    @Test
    void thereIsAnEndToOpenPlans() {
        OpenPlans plans = new OpenPlans(now::get, sender -> true);
        for (int i = 0; i < OpenPlans.IN_ALL; i++) {
            plans.add(new Caller(":2." + i, 2000), PLAN);
        }

        assertThatExceptionOfType(LimitReached.class).isThrownBy(() -> plans.add(ANN, PLAN));
        pass(Duration.ofMinutes(11));
        assertThatCode(() -> plans.add(ANN, PLAN)).doesNotThrowAnyException();
    }

    @Test
    void thePlansOfThoseWhoHaveLeftKeepNobodyFromAPlan() {
        OpenPlans plans = new OpenPlans(now::get, sender -> sender.equals(ANN.sender()));
        String id = plans.add(ANN, PLAN);
        for (int i = 1; i < OpenPlans.IN_ALL; i++) {
            plans.add(new Caller(":2." + i, 2000), PLAN);
        }

        plans.add(BOB, PLAN);

        assertThat(plans.take(ANN, id)).isSameAs(PLAN);
    }

    @Test
    void idsOfPlansAre128BitsAndNeverTheSame() {
        OpenPlans plans = new OpenPlans(now::get, sender -> true);
        List<String> ids = IntStream.range(0, 90)
                .mapToObj(i -> plans.add(new Caller(":3." + i, 1000), PLAN))
                .toList();

        assertThat(ids).allMatch(id -> id.matches("[0-9a-f]{32}")).doesNotHaveDuplicates();
    }

    @Test
    void thereIsOnePromptAUserAndThreeInAll() {
        Prompts prompts = new Prompts();
        prompts.enter(1000);
        assertThatExceptionOfType(Busy.class).isThrownBy(() -> prompts.enter(1000));
        prompts.enter(1001);
        prompts.enter(1002);
        assertThatExceptionOfType(Busy.class).isThrownBy(() -> prompts.enter(1003));

        prompts.leave(1001);

        assertThatCode(() -> prompts.enter(1003)).doesNotThrowAnyException();
    }
}
