package org.switchback.app.gpus;

import atlantafx.base.theme.Styles;
import java.util.ArrayList;
import java.util.List;
import javafx.geometry.HPos;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ToggleButton;
import javafx.scene.layout.ColumnConstraints;
import javafx.scene.layout.GridPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import org.kordamp.ikonli.Ikon;
import org.kordamp.ikonli.javafx.FontIcon;
import org.kordamp.ikonli.material2.Material2MZ;
import org.kordamp.ikonli.material2.Material2OutlinedAL;
import org.kordamp.ikonli.material2.Material2OutlinedMZ;
import org.switchback.app.controls.Controls;
import org.switchback.app.words.Words;
import org.switchback.hardware.Spelling;

/** The card of one GPU. */
final class GpuCardView extends VBox {
    private final GpuCard card;
    private final GpusViewModel model;
    private final Words words;
    private final ToggleButton fold = new ToggleButton();

    GpuCardView(GpuCard card, GpusViewModel model, Words words) {
        super(14);
        this.card = card;
        this.model = model;
        this.words = words;
        setId("gpu-" + card.id());
        getStyleClass().add("gpu-card");
        setAccessibleText(card.name() + ", " + card.status().text());
        getChildren().addAll(head(), standing(), bars(), foot(), details());
    }

    GpuCard card() {
        return card;
    }

    private Node head() {
        StackPane badge = new StackPane(new FontIcon(Material2OutlinedAL.DEVELOPER_BOARD));
        badge.getStyleClass().add("gpu-badge");
        Label name = new Label(card.name());
        name.setId("name-" + card.id());
        name.getStyleClass().add("gpu-name");
        name.setWrapText(true);
        Label identity = new Label(card.identity());
        identity.setId("identity-" + card.id());
        identity.getStyleClass().add("identity");
        identity.setWrapText(true);
        VBox names = new VBox(2, name, identity);
        HBox.setHgrow(names, Priority.ALWAYS);
        names.setMaxWidth(Double.MAX_VALUE);
        HBox head = new HBox(14, badge, names, pill());
        head.setAlignment(Pos.CENTER_LEFT);
        return head;
    }

    private Node pill() {
        GpuCard.Status status = card.status();
        Label pill = new Label(status.text(), new FontIcon(sign(status.tone())));
        pill.setId("status-" + card.id());
        pill.getStyleClass().addAll("pill", Spelling.of(status.tone()));
        pill.setMinWidth(Region.USE_PREF_SIZE);
        return pill;
    }

    private static Ikon sign(GpuCard.Tone tone) {
        return switch (tone) {
            case HOST -> Material2OutlinedAL.COMPUTER;
            case VM -> Material2OutlinedAL.LAYERS;
            case DESKTOP -> Material2OutlinedAL.DESKTOP_WINDOWS;
            case MIXED -> Material2MZ.WARNING;
            case UNBOUND -> Material2OutlinedAL.LINK_OFF;
        };
    }

    private Node standing() {
        Label sentence = new Label(card.sentence());
        sentence.setId("state-" + card.id());
        Controls.wrap(sentence);
        VBox standing = new VBox(4, sentence);
        if (!card.change().isEmpty()) {
            Label change = new Label(card.change(), new FontIcon(Material2OutlinedAL.INFO));
            change.setId("change-" + card.id());
            change.getStyleClass().add("fact");
            Controls.wrap(change);
            standing.getChildren().add(change);
        }
        return standing;
    }

    private Node bars() {
        GridPane grid = new GridPane(12, 8);
        ColumnConstraints names = new ColumnConstraints();
        names.setMinWidth(Region.USE_PREF_SIZE);
        ColumnConstraints strips = new ColumnConstraints();
        strips.setHgrow(Priority.ALWAYS);
        strips.setFillWidth(true);
        ColumnConstraints sizes = new ColumnConstraints();
        sizes.setMinWidth(Region.USE_PREF_SIZE);
        sizes.setHalignment(HPos.RIGHT);
        grid.getColumnConstraints().addAll(names, strips, sizes);
        int row = 0;
        for (BarStrip strip : card.strips()) {
            int index = strip.bar().index();
            Label name = new Label(words.bar(index));
            name.getStyleClass().add("bar-name");
            StripView view = new StripView(strip, card.strips(), words);
            view.setId("bar-" + card.id() + "-" + index);
            Label size = new Label(words.size(strip.bar().length()));
            size.getStyleClass().add("bar-size");
            grid.addRow(row++, name, view, size);
            for (GpuCard.Claim claim : card.claims()) {
                if (claim.bar() == index) {
                    grid.add(claimLine(claim), 1, row++, 2, 1);
                }
            }
        }
        Label scale = new Label(words.text("window.bar.scale"));
        scale.getStyleClass().add("scale-note");
        GridPane.setHalignment(scale, HPos.RIGHT);
        grid.add(scale, 1, row, 2, 1);
        return grid;
    }

    private Node claimLine(GpuCard.Claim claim) {
        FontIcon sign = new FontIcon(claim.refused() ? Material2MZ.WARNING : Material2OutlinedAL.INFO);
        Label line = new Label(claim.text() + ". " + claim.verdict(), sign);
        line.setId("claim-" + card.id() + "-" + claim.bar());
        line.getStyleClass().addAll("claim", claim.refused() ? "refused" : "evicted");
        Controls.wrap(line);
        line.setMaxWidth(Double.MAX_VALUE);
        return line;
    }

    private Node foot() {
        VBox facts = new VBox(6);
        for (GpuCard.Fact fact : card.facts()) {
            Label line = new Label(fact.text(), new FontIcon(sign(fact.kind())));
            line.setId(Spelling.of(fact.kind()) + "-" + card.id());
            line.getStyleClass().add("fact");
            Controls.wrap(line);
            facts.getChildren().add(line);
        }
        facts.getChildren().add(fold);
        HBox.setHgrow(facts, Priority.ALWAYS);
        facts.setMaxWidth(Double.MAX_VALUE);

        HBox offer = new HBox(8);
        offer.setAlignment(Pos.BOTTOM_RIGHT);
        offer.setMinWidth(Region.USE_PREF_SIZE);
        offer.getChildren().setAll(buttons());
        HBox foot = new HBox(24, facts, offer);
        foot.setAlignment(Pos.BOTTOM_LEFT);
        if (card.reason().isEmpty()) {
            return foot;
        }
        Label reason = new Label(card.reason());
        reason.setId("reason-" + card.id());
        Controls.wrap(reason);
        if (card.choices().isEmpty()) {
            reason.getStyleClass().add("stays");
            offer.getChildren().add(reason);
            return foot;
        }
        reason.setGraphic(new FontIcon(Material2OutlinedAL.BLOCK));
        reason.setMaxWidth(Double.MAX_VALUE);
        reason.getStyleClass().add("reason");
        return new VBox(14, reason, foot);
    }

    /** The main choice is the last, where the eye ends. */
    private List<Node> buttons() {
        List<Node> buttons = new ArrayList<>();
        for (int i = card.choices().size() - 1; i >= 0; i--) {
            GpuCard.Choice choice = card.choices().get(i);
            Button button = new Button(choice.label());
            button.setId((i == 0 ? "switch-" : "other-") + card.id() + (i > 1 ? "-" + i : ""));
            button.setAccessibleText(words.text("window.choice.accessible", choice.label(), card.name()));
            button.setMinWidth(Region.USE_PREF_SIZE);
            button.setDisable(!choice.enabled());
            if (i == 0) {
                button.getStyleClass().add(Styles.ACCENT);
                if (!choice.enabled()) {
                    button.setAccessibleHelp(card.reason());
                }
            }
            button.setOnAction(event -> model.choose(card, choice));
            buttons.add(button);
        }
        return buttons;
    }

    private Node details() {
        GridPane grid = new GridPane(14, 5);
        grid.setId("details-" + card.id());
        grid.getStyleClass().add("details");
        ColumnConstraints labels = new ColumnConstraints();
        labels.setMinWidth(Region.USE_PREF_SIZE);
        ColumnConstraints texts = new ColumnConstraints();
        texts.setHgrow(Priority.ALWAYS);
        grid.getColumnConstraints().addAll(labels, texts);
        fold.setId("fold-" + card.id());
        fold.setAccessibleText(words.text("window.gpu.details.accessible", card.name()));
        fold.getStyleClass().addAll(Styles.FLAT, "quiet", "fold");
        Runnable show = () -> {
            boolean open = fold.isSelected();
            fold.setText(words.text(open ? "window.gpu.details.hide" : "window.gpu.details.show"));
            fold.setGraphic(new FontIcon(open ? Material2OutlinedAL.EXPAND_LESS : Material2OutlinedAL.EXPAND_MORE));
        };
        fold.setSelected(model.detailed(card));
        show.run();
        fold.selectedProperty().addListener((observable, was, open) -> {
            model.fold(card, !open);
            show.run();
        });
        Controls.fillWhen(grid, fold.selectedProperty(), () -> fillDetails(grid));
        return grid;
    }

    private void fillDetails(GridPane grid) {
        int row = 0;
        for (GpuDetail detail : card.details()) {
            Label label = new Label(detail.label());
            label.getStyleClass().add("detail-label");
            Label text = new Label(detail.text());
            text.setId("detail-" + Spelling.of(detail.kind()) + "-" + card.id());
            Controls.wrap(text);
            grid.addRow(row++, label, text);
        }
    }

    private static Ikon sign(GpuCard.Fact.Kind kind) {
        return switch (kind) {
            case GROUP -> Material2OutlinedAL.GROUP_WORK;
            case COMPANION -> Material2OutlinedAL.LINK;
            case NEIGHBOUR -> Material2OutlinedMZ.WARNING;
            case USERS -> Material2OutlinedMZ.PERSON;
        };
    }
}
