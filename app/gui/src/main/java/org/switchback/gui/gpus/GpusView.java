package org.switchback.gui.gpus;

import atlantafx.base.theme.Styles;
import java.util.List;
import javafx.animation.Animation;
import javafx.animation.PauseTransition;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ProgressIndicator;
import javafx.scene.control.ScrollPane;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import javafx.scene.text.TextAlignment;
import javafx.util.Duration;
import org.kordamp.ikonli.javafx.FontIcon;
import org.kordamp.ikonli.material2.Material2OutlinedAL;
import org.switchback.client.messages.Messages;
import org.switchback.gui.controls.Controls;
import org.switchback.hardware.PciAddress;

/** The GPU page: one card per GPU, or a message placeholder. */
public final class GpusView extends StackPane {
    /** Delay before the scanning message: most machines are read sooner, and a message that flickers does not help. */
    private static final Duration SCANNING_MESSAGE_DELAY = Duration.millis(400);

    private final GpusViewModel model;
    private final Messages messages;
    private final VBox cardBox = new VBox(18);

    /**
     * @param refresh reads the machine again
     * @param openSample opens the default sample machine
     */
    public GpusView(GpusViewModel model, Messages messages, Runnable refresh, Runnable openSample) {
        this.model = model;
        this.messages = messages;
        setId("page-gpus");
        getStyleClass().add("page");
        cardBox.getStyleClass().add("cards");
        cardBox.setMaxWidth(Controls.MAX_PAGE_WIDTH);
        ScrollPane scroll =
                Controls.createScrollPane(Controls.createPage(new VBox(18, cardBox, createHint(openSample))));
        scroll.visibleProperty().bind(model.stateProperty().isEqualTo(GpusViewModel.GpusPageState.CARDS));
        getChildren().addAll(scroll, createPlaceholder(refresh, openSample));
        model.cards().subscribe(this::updateCards);
        updateCards();
        model.stateProperty().subscribe((before, now) -> {
            if (now == GpusViewModel.GpusPageState.CARDS) {
                focusFirstAction();
            }
        });
    }

    private Node createHint(Runnable openSample) {
        VBox hint = new VBox(10);
        hint.setAlignment(Pos.CENTER);
        Controls.populateWhenShown(hint, model.hintProperty().isNotEmpty(), () -> {
            Label text = new Label();
            text.setId("hint");
            text.setWrapText(true);
            text.textProperty().bind(model.hintProperty());
            Button button = Controls.createButton("hint-sample", messages.text("window.gpus.sample"), null, openSample);
            hint.getChildren().addAll(text, button);
        });
        return hint;
    }

    /** The message instead of cards; while scanning it appears after a delay. */
    private Node createPlaceholder(Runnable refresh, Runnable openSample) {
        VBox placeholder = new VBox(18);
        placeholder.setAlignment(Pos.CENTER);
        placeholder.setMaxWidth(520);
        placeholder.accessibleTextProperty().bind(model.messageProperty());
        PauseTransition delay = new PauseTransition(SCANNING_MESSAGE_DELAY);
        model.stateProperty().subscribe(state -> {
            if (state == GpusViewModel.GpusPageState.SCANNING) {
                delay.playFromStart();
            } else {
                delay.stop();
            }
        });
        Controls.populateWhenShown(
                placeholder,
                model.stateProperty()
                        .isNotEqualTo(GpusViewModel.GpusPageState.CARDS)
                        .and(delay.statusProperty().isNotEqualTo(Animation.Status.RUNNING)),
                () -> populatePlaceholder(placeholder, refresh, openSample));
        return placeholder;
    }

    private void populatePlaceholder(VBox placeholder, Runnable refresh, Runnable openSample) {
        ProgressIndicator spinner = new ProgressIndicator();
        spinner.setMaxSize(36, 36);
        spinner.setAccessibleText(messages.text("window.gpus.scanning"));
        Node icon = Controls.withStyles(new FontIcon(Material2OutlinedAL.DEVELOPER_BOARD), "placeholder-icon");
        var scanning = model.stateProperty().isEqualTo(GpusViewModel.GpusPageState.SCANNING);
        Controls.bindVisibility(spinner, scanning);
        Controls.bindVisibility(icon, scanning.not());
        Label text = Controls.createLabel("", Styles.TITLE_4);
        text.setId("message");
        text.setWrapText(true);
        text.setTextAlignment(TextAlignment.CENTER);
        text.textProperty().bind(model.messageProperty());
        Button again = Controls.createButton("gpus-check", messages.text("window.gpus.check"), null, refresh);
        Button sample = Controls.createButton("gpus-sample", messages.text("window.gpus.sample"), null, openSample);
        for (Button button : List.of(again, sample)) {
            button.visibleProperty().bind(scanning.not());
        }
        again.getStyleClass().add(Styles.ACCENT);
        VBox buttons = new VBox(8, again, sample);
        buttons.setAlignment(Pos.CENTER);
        placeholder.getChildren().addAll(spinner, icon, text, buttons);
    }

    /** Unchanged cards keep their nodes, so that the focus stays where it is. */
    private void updateCards() {
        Node focused = getScene() == null ? null : getScene().getFocusOwner();
        String focusedId = focused == null || focused.getId() == null ? "" : focused.getId();
        List<GpuCardView> oldViews =
                cardBox.getChildren().stream().map(GpuCardView.class::cast).toList();
        cardBox.getChildren()
                .setAll(model.cards().stream()
                        .map(card -> oldViews.stream()
                                .filter(view -> view.card() == card)
                                .findFirst()
                                .orElseGet(() -> new GpuCardView(card, model, messages)))
                        .toList());
        if (!focusedId.isEmpty()) {
            Node replacement = cardBox.lookup("#" + focusedId);
            if (replacement != null) {
                replacement.requestFocus();
            }
        }
    }

    /** Focuses the first primary button that is enabled. */
    public void focusFirstAction() {
        model.cards().stream()
                .map(card -> cardBox.lookup("#switch-" + card.nodeId()))
                .filter(button -> button != null && !button.isDisabled())
                .findFirst()
                .ifPresent(Controls::requestFocusOnceShown);
    }

    /** Focuses the primary button of a card, if it has one. */
    public void focusCard(PciAddress gpu) {
        Node button = cardBox.lookup("#switch-" + GpuCard.nodeId(gpu));
        if (button != null) {
            Controls.requestFocusOnceShown(button);
        }
    }
}
