package org.switchback.gui.gpus;

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
import org.switchback.client.gpus.GpuDetail;
import org.switchback.client.messages.Messages;
import org.switchback.gui.controls.Controls;
import org.switchback.hardware.KebabCase;

/** The card of one GPU. */
final class GpuCardView extends VBox {
    private final GpuCard card;
    private final GpusViewModel model;
    private final Messages messages;
    private final ToggleButton detailsToggle = new ToggleButton();

    GpuCardView(GpuCard card, GpusViewModel model, Messages messages) {
        super(14);
        this.card = card;
        this.model = model;
        this.messages = messages;
        setId("gpu-" + card.nodeId());
        getStyleClass().add("gpu-card");
        setAccessibleText(card.name() + ", " + card.status().text());
        getChildren().addAll(createHeader(), createStateSection(), createBarGrid(), createFooter(), createDetails());
    }

    GpuCard card() {
        return card;
    }

    private Node createHeader() {
        Node badge = Controls.withStyles(new StackPane(new FontIcon(Material2OutlinedAL.DEVELOPER_BOARD)), "gpu-badge");
        Label name = Controls.createLabel(card.name(), "gpu-name");
        name.setId("name-" + card.nodeId());
        name.setWrapText(true);
        Label identity = Controls.createLabel(card.identity(), "identity");
        identity.setId("identity-" + card.nodeId());
        identity.setWrapText(true);
        VBox names = new VBox(2, name, identity);
        HBox.setHgrow(names, Priority.ALWAYS);
        names.setMaxWidth(Double.MAX_VALUE);
        HBox header = new HBox(14, badge, names, createStatusPill());
        header.setAlignment(Pos.CENTER_LEFT);
        return header;
    }

    private Node createStatusPill() {
        GpuCard.StatusLabel status = card.status();
        Label pill = Controls.createLabel(status.text(), "pill", KebabCase.of(status.style()));
        pill.setGraphic(new FontIcon(iconFor(status.style())));
        pill.setId("status-" + card.nodeId());
        pill.setMinWidth(Region.USE_PREF_SIZE);
        return pill;
    }

    private static Ikon iconFor(GpuCard.StatusStyle style) {
        return switch (style) {
            case HOST -> Material2OutlinedAL.COMPUTER;
            case VM -> Material2OutlinedAL.LAYERS;
            case DESKTOP -> Material2OutlinedAL.DESKTOP_WINDOWS;
            case PARTIALLY_SWITCHED -> Material2MZ.WARNING;
            case UNBOUND -> Material2OutlinedAL.LINK_OFF;
        };
    }

    private Node createStateSection() {
        VBox section = new VBox(4, Controls.createWrappingLabel("state-" + card.nodeId(), card.stateText()));
        if (!card.externalChange().isEmpty()) {
            section.getChildren().add(createInfoLine("change", card.externalChange(), Material2OutlinedAL.INFO));
        }
        return section;
    }

    private Node createInfoLine(String name, String text, Ikon icon) {
        Label line = Controls.createWrappingLabel(name + "-" + card.nodeId(), text, "info-line");
        line.setGraphic(new FontIcon(icon));
        return line;
    }

    private Node createBarGrid() {
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
        for (BarSegments strip : card.barStrips()) {
            int index = strip.bar().index();
            Label name = Controls.createLabel(messages.formatBar(index), "bar-name");
            BarStripView view = new BarStripView(strip, card.barStrips(), messages);
            view.setId("bar-" + card.nodeId() + "-" + index);
            Label size = Controls.createLabel(messages.formatSize(strip.bar().length()), "bar-size");
            grid.addRow(row++, name, view, size);
            for (GpuCard.OverlapRow overlap : card.overlaps()) {
                if (overlap.barIndex() == index) {
                    grid.add(createOverlapLabel(overlap), 1, row++, 2, 1);
                }
            }
        }
        Label scale = Controls.createLabel(messages.text("window.bar.scale"), "scale-note");
        GridPane.setHalignment(scale, HPos.RIGHT);
        grid.add(scale, 1, row, 2, 1);
        return grid;
    }

    private Node createOverlapLabel(GpuCard.OverlapRow overlap) {
        Label label = Controls.createWrappingLabel(
                "overlap-" + card.nodeId() + "-" + overlap.barIndex(),
                overlap.text() + ". " + overlap.verdict(),
                "overlap-label",
                overlap.refused() ? "refused" : "releasable");
        label.setGraphic(new FontIcon(overlap.refused() ? Material2MZ.WARNING : Material2OutlinedAL.INFO));
        return label;
    }

    private Node createFooter() {
        VBox summary = new VBox(6);
        for (GpuCard.SummaryLine line : card.summary()) {
            summary.getChildren().add(createInfoLine(KebabCase.of(line.kind()), line.text(), iconFor(line.kind())));
        }
        summary.getChildren().add(detailsToggle);
        HBox.setHgrow(summary, Priority.ALWAYS);
        summary.setMaxWidth(Double.MAX_VALUE);

        HBox buttons = new HBox(8);
        buttons.setAlignment(Pos.BOTTOM_RIGHT);
        buttons.setMinWidth(Region.USE_PREF_SIZE);
        buttons.getChildren().setAll(createButtons());
        HBox footer = new HBox(24, summary, buttons);
        footer.setAlignment(Pos.BOTTOM_LEFT);
        if (card.disabledReason().isEmpty()) {
            return footer;
        }
        Label reason = Controls.createWrappingLabel("reason-" + card.nodeId(), card.disabledReason());
        if (card.actions().isEmpty()) {
            reason.getStyleClass().add("no-action-reason");
            buttons.getChildren().add(reason);
            return footer;
        }
        reason.setGraphic(new FontIcon(Material2OutlinedAL.BLOCK));
        reason.getStyleClass().add("disabled-reason");
        return new VBox(14, reason, footer);
    }

    /** The primary action comes last, where reading ends. */
    private List<Node> createButtons() {
        List<Node> buttons = new ArrayList<>();
        for (int i = card.actions().size() - 1; i >= 0; i--) {
            GpuCard.CardAction action = card.actions().get(i);
            Button button = new Button(action.label());
            button.setId((i == 0 ? "switch-" : "other-") + card.nodeId() + (i > 1 ? "-" + i : ""));
            button.setAccessibleText(messages.text("window.choice.accessible", action.label(), card.name()));
            button.setMinWidth(Region.USE_PREF_SIZE);
            button.setDisable(!action.enabled());
            if (i == 0) {
                button.getStyleClass().add(Styles.ACCENT);
                if (!action.enabled()) {
                    button.setAccessibleHelp(card.disabledReason());
                }
            }
            button.setOnAction(event -> model.runAction(card, action));
            buttons.add(button);
        }
        return buttons;
    }

    private Node createDetails() {
        GridPane grid = Controls.withStyles(new GridPane(14, 5), "details");
        grid.setId("details-" + card.nodeId());
        ColumnConstraints labels = new ColumnConstraints();
        labels.setMinWidth(Region.USE_PREF_SIZE);
        ColumnConstraints texts = new ColumnConstraints();
        texts.setHgrow(Priority.ALWAYS);
        grid.getColumnConstraints().addAll(labels, texts);
        detailsToggle.setId("details-toggle-" + card.nodeId());
        detailsToggle.setAccessibleText(messages.text("window.gpu.details.accessible", card.name()));
        detailsToggle.getStyleClass().addAll(Styles.FLAT, "quiet", "details-toggle");

        detailsToggle.setSelected(model.isExpanded(card));
        detailsToggle.selectedProperty().subscribe(open -> {
            model.setCollapsed(card, !open);
            detailsToggle.setText(messages.text(open ? "window.gpu.details.hide" : "window.gpu.details.show"));
            detailsToggle.setGraphic(
                    new FontIcon(open ? Material2OutlinedAL.EXPAND_LESS : Material2OutlinedAL.EXPAND_MORE));
        });
        Controls.populateWhenShown(grid, detailsToggle.selectedProperty(), () -> {
            for (GpuDetail detail : card.details()) {
                grid.addRow(
                        grid.getRowCount(),
                        Controls.createLabel(detail.label(), "detail-label"),
                        Controls.createWrappingLabel(
                                "detail-" + KebabCase.of(detail.kind()) + "-" + card.nodeId(), detail.text()));
            }
        });
        return grid;
    }

    private static Ikon iconFor(GpuCard.SummaryLine.SummaryKind kind) {
        return switch (kind) {
            case GROUP -> Material2OutlinedAL.GROUP_WORK;
            case COMPANION -> Material2OutlinedAL.LINK;
            case NEIGHBOUR -> Material2OutlinedMZ.WARNING;
            case USERS -> Material2OutlinedMZ.PERSON;
        };
    }
}
