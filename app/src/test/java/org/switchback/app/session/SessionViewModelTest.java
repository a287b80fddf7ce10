package org.switchback.app.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.switchback.app.MainViewModel;
import org.switchback.app.background.Background;
import org.switchback.app.gpus.GpuCard;
import org.switchback.app.helper.ScriptedConnections;
import org.switchback.app.helper.ScriptedHelper;
import org.switchback.app.session.TrayContent.Row;
import org.switchback.app.session.TrayContent.Sign;
import org.switchback.app.session.TrayContent.Status;
import org.switchback.app.switching.Action;
import org.switchback.app.words.Words;

class SessionViewModelTest {
    private static final String HOST = "NVIDIA GeForce GTX 1080: Host mode (nvidia)";

    private final Words words = Words.in(Locale.ENGLISH);
    private final ScriptedHelper here = ScriptedHelper.withGtx1080();
    private final MainViewModel main = new MainViewModel(
            new ScriptedConnections(here), new Background(Runnable::run, Runnable::run), words, () -> false);
    private final List<String> deeds = new ArrayList<>();
    private final List<SessionViewModel.Notice> said = new ArrayList<>();
    private boolean watched;
    private final SessionViewModel model = new SessionViewModel(
            words,
            main.gpus(),
            main.switchingProperty(),
            new SessionViewModel.Deeds() {
                @Override
                public void raise() {
                    deeds.add("raise");
                }

                @Override
                public void quit() {
                    deeds.add("quit");
                }
            },
            () -> watched,
            said::add);

    @BeforeEach
    void open() {
        main.start(Optional.empty());
    }

    @Test
    void theFirstRowIsTheStateAsText() {
        assertThat(model.contentProperty().get().rows().getFirst()).isEqualTo(new Row.Said(HOST));
        assertThat(model.contentProperty().get().title()).startsWith(HOST);
    }

    @Test
    void inHostModeItIsPassiveAsLongAsTheWindowIsInViewToo() {
        assertThat(model.contentProperty().get().status()).isEqualTo(Status.PASSIVE);
        assertThat(model.contentProperty().get().sign()).isEqualTo(Sign.HOST);
        model.hiddenProperty().set(true);
        assertThat(model.contentProperty().get().status()).isEqualTo(Status.ACTIVE);
    }

    @Test
    void inVmModeItIsActive() {
        here.isInVmMode();
        main.refresh();
        assertThat(model.contentProperty().get().status()).isEqualTo(Status.ACTIVE);
        assertThat(model.contentProperty().get().sign()).isEqualTo(Sign.VM);
    }

    @Test
    void aHalfSwitchedGpuAsksForAttention() {
        here.binds(ScriptedHelper.ITS_SOUND, "vfio-pci");
        main.refresh();
        assertThat(model.contentProperty().get().status()).isEqualTo(Status.NEEDS_ATTENTION);
        assertThat(model.contentProperty().get().sign()).isEqualTo(Sign.ATTENTION);
    }

    @Test
    void aChoiceOpensTheWindowAtThePlan() {
        choose("Switch to VM mode: NVIDIA GeForce GTX 1080");
        assertThat(deeds).containsExactly("raise");
        assertThat(main.switchingProperty().get()).isNotNull();
    }

    @Test
    void theGpuThatDrawsTheDesktopIsNotOffered() {
        assertThat(choices()).containsExactly(
                "Switch to VM mode: NVIDIA GeForce GTX 1080", "Open Switchback", "Quit");
    }

    @Test
    void theLastRowsOpenAndQuit() {
        choose("Open Switchback");
        choose("Quit");
        assertThat(deeds).containsExactly("raise", "quit");
    }

    @Test
    void whileItSwitchesTheFirstRowSaysWhichStep() {
        beginSwitch();
        here.says("authorized", -1, 10, "");
        here.says("started", 0, 10, "");
        assertThat(model.contentProperty().get().title())
                .isEqualTo("GeForce GTX 1080: Step 1 of 11: Check that no program uses 04:00.0 and 04:00.1");
        assertThat(model.contentProperty().get().status()).isEqualTo(Status.ACTIVE);
        assertThat(choices()).containsExactly("Open Switchback", "Quit");
    }

    @Test
    void aResultIsSaidOnceToAPersonWhoLooksElsewhere() {
        beginSwitch();
        here.isInVmMode();
        here.says("finished", -1, 10, "done");
        assertThat(said).singleElement().satisfies(notice -> {
            assertThat(notice.summary()).contains("GTX 1080").contains("VM mode");
            assertThat(notice.urgent()).isFalse();
        });
        press("switch-done");
        assertThat(main.gpus().cards().getFirst().status().tone()).isEqualTo(GpuCard.Tone.VM);
        assertThat(said).hasSize(1);
    }

    @Test
    void aResultThatIsNotTheWantedOneIsUrgentAndAsksForAttention() {
        beginSwitch();
        here.says("finished", -1, 10, "put-back");
        assertThat(said).singleElement().matches(SessionViewModel.Notice::urgent);
        assertThat(model.contentProperty().get().status()).isEqualTo(Status.NEEDS_ATTENTION);
    }

    @Test
    void nothingIsSaidToAPersonWhoSeesTheWindow() {
        watched = true;
        beginSwitch();
        here.says("finished", -1, 10, "put-back");
        assertThat(said).isEmpty();
    }

    @Test
    void aSwitchBySomebodyElseIsSaid() {
        here.isInVmMode();
        main.refresh();
        assertThat(said)
                .extracting(SessionViewModel.Notice::summary)
                .containsExactly("NVIDIA GeForce GTX 1080 has been switched by somebody else");
    }

    @Test
    void anotherMachineIsNotAChange() {
        main.openSample("iommu-off");
        main.openThisMachine();
        assertThat(said).isEmpty();
    }

    private void beginSwitch() {
        choose("Switch to VM mode: NVIDIA GeForce GTX 1080");
        press("switch-apply");
    }

    private void press(String id) {
        main.switchingProperty().get().actions().stream()
                .filter(action -> action.id().equals(id))
                .findFirst()
                .map(Action::run)
                .orElseThrow()
                .run();
    }

    private void choose(String text) {
        model.contentProperty().get().rows().stream()
                .filter(row -> row instanceof Row.Choice choice && choice.text().equals(text))
                .map(Row.Choice.class::cast)
                .findFirst()
                .orElseThrow()
                .action()
                .run();
    }

    private List<String> choices() {
        return model.contentProperty().get().rows().stream()
                .filter(Row.Choice.class::isInstance)
                .map(row -> ((Row.Choice) row).text())
                .toList();
    }
}
