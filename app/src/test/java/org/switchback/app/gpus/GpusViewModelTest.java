package org.switchback.app.gpus;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javafx.collections.ListChangeListener;
import org.junit.jupiter.api.Test;
import org.switchback.app.activity.ActivityLog;
import org.switchback.app.helper.HelperProblem;
import org.switchback.app.helper.ScriptedHelper;
import org.switchback.app.words.Words;

class GpusViewModelTest {
    private final ScriptedHelper helper = ScriptedHelper.withGtx1080();
    private final List<String> chosen = new ArrayList<>();
    private final GpusViewModel model = new GpusViewModel(
            Words.in(Locale.ENGLISH), (gpu, direction) -> chosen.add(gpu.brief() + " " + direction.word()));

    @Test
    void beforeTheFirstAnswerItSaysThatItLooks() {
        assertThat(model.stateProperty().get()).isEqualTo(GpusViewModel.State.SCANNING);
        assertThat(model.messageProperty().get()).isEqualTo("Looking at the GPUs…");
    }

    @Test
    void whoeverListensToTheCardsIsToldAlsoAfterAGarbageCollection() throws Exception {
        List<String> told = new ArrayList<>();
        model.cards().addListener((ListChangeListener<GpuCard>) change -> told.add("told"));
        System.gc();
        show();
        assertThat(told).containsExactly("told");
    }

    @Test
    void onlyACardThatChangesIsReplaced() throws Exception {
        show();
        List<GpuCard> before = List.copyOf(model.cards());
        helper.isHeldBy(7, "blender", "ann", "dri/card7");
        show();
        assertThat(model.cards().getFirst()).isNotEqualTo(before.getFirst());
        assertThat(model.cards().get(1)).isSameAs(before.get(1));
    }

    @Test
    void aChoiceSaysWhichGpuGoesWhere() throws Exception {
        show();
        GpuCard card = model.cards().getFirst();
        model.choose(card, card.choices().getFirst());
        assertThat(chosen).containsExactly("04:00.0 vm");
    }

    @Test
    void aProblemTakesTheCardsAway() throws Exception {
        show();
        model.failed(new HelperProblem(HelperProblem.Kind.LOST));
        assertThat(model.cards()).isEmpty();
        assertThat(model.stateProperty().get()).isEqualTo(GpusViewModel.State.FAILED);
    }

    private void show() throws HelperProblem {
        model.show(Overview.of(helper, ActivityLog.inMemory()), helper.source());
    }
}
