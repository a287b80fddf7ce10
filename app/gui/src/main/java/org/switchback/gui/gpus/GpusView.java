package org.switchback.gui.gpus;

import atlantafx.base.theme.Styles;
import java.util.List;
import javafx.animation.Animation;
import javafx.animation.PauseTransition;
import javafx.collections.ListChangeListener;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ProgressIndicator;
import javafx.scene.control.ScrollPane;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.scene.text.TextAlignment;
import javafx.util.Duration;
import org.kordamp.ikonli.javafx.FontIcon;
import org.kordamp.ikonli.material2.Material2OutlinedAL;
import org.switchback.gui.controls.Controls;
import org.switchback.client.messages.Messages;
import org.switchback.hardware.PciAddress;

/** The page of GPUs: a card each, or what is to be said instead. */
public final class GpusView extends StackPane {
    /** How long a machine is looked at before that is said: most answer sooner, and a sign that only flickers helps nobody. */
    private static final Duration SCANNING_MESSAGE_DELAY = Duration.millis(400);

    private final GpusViewModel model;
    private final Messages messages;
    private final VBox cardBox = new VBox(18);

    /**
     * @param check  looks at the machine again
     * @param sample opens the first sample machine
     */
    public GpusView(GpusViewModel model, Messages messages, Runnable check, Runnable sample) {
        this.model = model;
        this.messages = messages;
        setId("page-gpus");
        getStyleClass().add("page");
        cardBox.getStyleClass().add("cards");
        cardBox.setMaxWidth(980);
        StackPane centred = new StackPane(new VBox(18, cardBox, createHint(sample)));
        centred.getStyleClass().add("page-content");
        ((Region) centred.getChildren().getFirst()).setMaxWidth(980);
        StackPane.setAlignment(centred.getChildren().getFirst(), Pos.TOP_CENTER);
        ScrollPane scroll = Controls.createScrollPane(centred);
        scroll.visibleProperty().bind(model.stateProperty().isEqualTo(GpusViewModel.GpusPageState.CARDS));
        getChildren().addAll(scroll, createPlaceholder(check, sample));
        model.cards().addListener((ListChangeListener<GpuCard>) change -> updateCards());
        updateCards();
        model.stateProperty().addListener((observable, before, now) -> {
            if (now == GpusViewModel.GpusPageState.CARDS) {
                focusFirstAction();
            }
        });
    }

    private Node createHint(Runnable sample) {
        VBox hint = new VBox(10);
        hint.setAlignment(Pos.CENTER);
        Controls.populateWhenShown(hint, model.hintProperty().isNotEmpty(), () -> populateHint(hint, sample));
        return hint;
    }

    private void populateHint(VBox hint, Runnable sample) {
        Label text = new Label();
        text.setId("hint");
        text.setWrapText(true);
        text.textProperty().bind(model.hintProperty());
        Button open = Controls.createButton("hint-sample", messages.text("window.gpus.sample"), null, sample);
        hint.getChildren().addAll(text, open);
    }

    /** What is said instead of cards: that the machine is being looked at only if that takes a while. */
    private Node createPlaceholder(Runnable check, Runnable sample) {
        VBox instead = new VBox(18);
        instead.setAlignment(Pos.CENTER);
        instead.setMaxWidth(520);
        instead.accessibleTextProperty().bind(model.messageProperty());
        PauseTransition patience = new PauseTransition(SCANNING_MESSAGE_DELAY);
        Runnable look = () -> {
            if (model.stateProperty().get() == GpusViewModel.GpusPageState.SCANNING) {
                patience.playFromStart();
            } else {
                patience.stop();
            }
        };
        look.run();
        model.stateProperty().addListener((observable, before, now) -> look.run());
        Controls.populateWhenShown(
                instead,
                model.stateProperty().isNotEqualTo(GpusViewModel.GpusPageState.CARDS)
                        .and(patience.statusProperty().isNotEqualTo(Animation.Status.RUNNING)),
                () -> populatePlaceholder(instead, check, sample));
        return instead;
    }

    private void populatePlaceholder(VBox instead, Runnable check, Runnable sample) {
        ProgressIndicator spinner = new ProgressIndicator();
        spinner.setMaxSize(36, 36);
        spinner.setAccessibleText(messages.text("window.gpus.scanning"));
        FontIcon sign = new FontIcon(Material2OutlinedAL.DEVELOPER_BOARD);
        sign.getStyleClass().add("big-sign");
        var scanning = model.stateProperty().isEqualTo(GpusViewModel.GpusPageState.SCANNING);
        Controls.bindVisibility(spinner, scanning);
        Controls.bindVisibility(sign, scanning.not());
        Label text = new Label();
        text.setId("message");
        text.setWrapText(true);
        text.setTextAlignment(TextAlignment.CENTER);
        text.getStyleClass().add(Styles.TITLE_4);
        text.textProperty().bind(model.messageProperty());
        Button again = Controls.createButton("gpus-check", messages.text("window.gpus.check"), null, check);
        Button open = Controls.createButton("gpus-sample", messages.text("window.gpus.sample"), null, sample);
        for (Button button : List.of(again, open)) {
            button.visibleProperty().bind(scanning.not());
        }
        again.getStyleClass().add(Styles.ACCENT);
        VBox offer = new VBox(8, again, open);
        offer.setAlignment(Pos.CENTER);
        instead.getChildren().addAll(spinner, sign, text, offer);
    }

    /** A card that says what it said before keeps its node, so that the keyboard stays where it is. */
    private void updateCards() {
        Node focused = getScene() == null ? null : getScene().getFocusOwner();
        String focusedId = focused == null || focused.getId() == null ? "" : focused.getId();
        List<GpuCardView> old =
                cardBox.getChildren().stream().map(GpuCardView.class::cast).toList();
        cardBox.getChildren()
                .setAll(model.cards().stream()
                        .map(card -> old.stream()
                                .filter(view -> view.card() == card)
                                .findFirst()
                                .orElseGet(() -> new GpuCardView(card, model, messages)))
                        .toList());
        if (!focusedId.isEmpty()) {
            Node again = cardBox.lookup("#" + focusedId);
            if (again != null) {
                again.requestFocus();
            }
        }
    }

    /** Puts the keyboard on the first thing that can be done with the machine. */
    public void focusFirstAction() {
        model.cards().stream()
                .map(card -> cardBox.lookup("#switch-" + card.nodeId()))
                .filter(button -> button != null && !button.isDisabled())
                .findFirst()
                .ifPresent(Controls::requestFocusOnceShown);
    }

    /** Puts the keyboard on the main choice of a GPU's card. */
    public void focusCard(PciAddress gpu) {
        Node button = cardBox.lookup("#switch-" + GpuCard.nodeId(gpu));
        if (button != null) {
            Controls.requestFocusOnceShown(button);
        }
    }
}
