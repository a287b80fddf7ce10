package org.switchback.gui.gpus;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javafx.collections.ListChangeListener;
import org.junit.jupiter.api.Test;
import org.switchback.client.HelperException;
import org.switchback.client.ScriptedHelper;
import org.switchback.client.activity.ActivityLog;
import org.switchback.client.messages.Messages;

class GpusViewModelTest {
    private final ScriptedHelper helper = ScriptedHelper.withGtx1080();
    private final List<String> requestedSwitches = new ArrayList<>();
    private final GpusViewModel model = new GpusViewModel(
            Messages.forLocale(Locale.ENGLISH),
            (gpu, target) -> requestedSwitches.add(gpu.toShortString() + " " + target.wireName()));

    @Test
    void showsScanningBeforeTheFirstResponse() {
        assertThat(model.stateProperty().get()).isEqualTo(GpusViewModel.GpusPageState.SCANNING);
        assertThat(model.messageProperty().get()).isEqualTo("Looking for GPUs…");
    }

    @Test
    void cardListenersSurviveGarbageCollection() throws Exception {
        List<String> events = new ArrayList<>();
        model.cards().addListener((ListChangeListener<GpuCard>) change -> events.add("changed"));
        System.gc();
        show();
        assertThat(events).containsExactly("changed");
    }

    @Test
    void onlyChangedCardsAreReplaced() throws Exception {
        show();
        List<GpuCard> before = List.copyOf(model.cards());
        helper.openDeviceNode(7, "blender", "ann", "dri/card7");
        show();
        assertThat(model.cards().getFirst()).isNotEqualTo(before.getFirst());
        assertThat(model.cards().get(1)).isSameAs(before.get(1));
    }

    @Test
    void actionRequestsTheSwitchOfItsGpu() throws Exception {
        show();
        GpuCard card = model.cards().getFirst();
        model.runAction(card, card.actions().getFirst());
        assertThat(requestedSwitches).containsExactly("04:00.0 vm");
    }

    @Test
    void failureRemovesTheCards() throws Exception {
        show();
        model.showFailure(new HelperException(HelperException.FailureKind.LOST));
        assertThat(model.cards()).isEmpty();
        assertThat(model.stateProperty().get()).isEqualTo(GpusViewModel.GpusPageState.FAILED);
    }

    private void show() throws HelperException {
        model.show(MachineOverview.load(helper, ActivityLog.inMemory()), helper.source());
    }
}
