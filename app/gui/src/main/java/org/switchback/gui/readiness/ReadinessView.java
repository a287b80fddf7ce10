package org.switchback.gui.readiness;

import atlantafx.base.theme.Styles;
import javafx.beans.binding.Bindings;
import javafx.geometry.Pos;
import javafx.scene.AccessibleRole;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ScrollPane;
import javafx.scene.control.ToggleButton;
import javafx.scene.control.ToggleGroup;
import javafx.scene.layout.FlowPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.StackPane;
import javafx.scene.layout.VBox;
import org.kordamp.ikonli.Ikon;
import org.kordamp.ikonli.javafx.FontIcon;
import org.kordamp.ikonli.material2.Material2AL;
import org.kordamp.ikonli.material2.Material2MZ;
import org.kordamp.ikonli.material2.Material2OutlinedAL;
import org.switchback.client.messages.Messages;
import org.switchback.client.readiness.CheckResult;
import org.switchback.gui.controls.Controls;

/** The readiness page: a choice of GPUs, the summary, and one row per check. */
public final class ReadinessView extends StackPane {

    private final ReadinessViewModel model;
    private final Messages messages;
    private final VBox rows = new VBox();
    private final FlowPane gpuButtons = new FlowPane(8, 8);

    /** @param refresh reads the machine again */
    public ReadinessView(ReadinessViewModel model, Messages messages, Runnable refresh) {
        this.model = model;
        this.messages = messages;
        setId("page-readiness");
        getStyleClass().addAll("page", "readiness");
        rows.setId("checks");
        rows.getStyleClass().add("checks");
        ScrollPane scroll = Controls.createScrollPane(
                Controls.createPage(new VBox(16, createGpuButtons(), createHeader(refresh), rows)));
        scroll.visibleProperty().bind(model.messageProperty().isEmpty());
        Label message = Controls.createLabel("", Styles.TITLE_4);
        message.setId("readiness-message");
        message.textProperty().bind(model.messageProperty());
        message.visibleProperty().bind(model.messageProperty().isNotEmpty());
        getChildren().addAll(scroll, message);
        model.rows().subscribe(this::populateRows);
        populateRows();
    }

    private Node createGpuButtons() {
        gpuButtons.setId("readiness-gpus");
        gpuButtons.setAccessibleText(messages.text("readiness.page.gpu"));
        model.gpus().subscribe(this::populateGpuButtons);
        model.selectedProperty().subscribe((before, now) -> updateSelectedButton());
        populateGpuButtons();
        Controls.bindVisibility(gpuButtons, Bindings.size(model.gpus()).greaterThan(1));
        return gpuButtons;
    }

    private void populateGpuButtons() {
        ToggleGroup toggleGroup = new ToggleGroup();
        gpuButtons.getChildren().clear();
        for (ReadinessViewModel.GpuOption gpu : model.gpus()) {
            ToggleButton button = Controls.withId(
                    "readiness-" + gpu.address().toString().replace(':', '-').replace('.', '-'),
                    new ToggleButton(gpu.name(), new FontIcon(Material2OutlinedAL.DEVELOPER_BOARD)));
            button.getStyleClass().add("gpu-option");
            button.setToggleGroup(toggleGroup);
            button.setUserData(gpu.address());
            button.setOnAction(event -> {
                button.setSelected(true);
                model.select(gpu.address());
            });
            gpuButtons.getChildren().add(button);
        }
        updateSelectedButton();
    }

    private void updateSelectedButton() {
        for (Node node : gpuButtons.getChildren()) {
            ((ToggleButton) node)
                    .setSelected(
                            node.getUserData().equals(model.selectedProperty().get()));
        }
    }

    private Node createHeader(Runnable refresh) {
        Label summary = Controls.createWrappingLabel("readiness-summary", "", "readiness-summary");
        summary.textProperty().bind(model.summaryProperty());
        HBox.setHgrow(summary, Priority.ALWAYS);
        Button again = Controls.createFlatButton(
                "readiness-check", messages.text("readiness.page.check"), Material2MZ.REFRESH, refresh);
        Button copy = Controls.createFlatButton(
                "readiness-copy",
                messages.text("readiness.page.copy"),
                Material2OutlinedAL.CONTENT_COPY,
                () -> Controls.copyToClipboard(model.toPlainText()));
        HBox header = new HBox(10, summary, again, copy);
        header.setAlignment(Pos.CENTER_LEFT);
        model.overallStatusProperty().subscribe(status -> {
            header.getStyleClass().setAll("readiness-header", status.id());
            summary.setGraphic(new FontIcon(iconFor(status)));
        });
        return header;
    }

    private void populateRows() {
        rows.getChildren().setAll(model.rows().stream().map(this::createRow).toList());
    }

    private Node createRow(CheckRow row) {
        Node icon = Controls.withStyles(new StackPane(new FontIcon(iconFor(row.status()))), "check-icon");
        Label title = Controls.createLabel(row.title(), "check-title");
        Controls.enableWrapping(title);
        title.setPrefWidth(230);
        title.setMinWidth(230);
        VBox texts = new VBox(
                4, Controls.createWrappingLabel("check-text-" + row.check().id(), row.text()));
        HBox.setHgrow(texts, Priority.ALWAYS);
        if (!row.advice().isEmpty()) {
            Label advice =
                    Controls.createWrappingLabel("check-advice-" + row.check().id(), row.advice(), "check-advice");
            advice.setGraphic(new FontIcon(Material2AL.ARROW_FORWARD));
            texts.getChildren().add(advice);
        }
        HBox box = new HBox(14, icon, title, texts);
        box.setId("check-" + row.check().id());
        box.getStyleClass().addAll("check", row.status().id());
        box.setAccessibleRole(AccessibleRole.TEXT);
        box.setAccessibleText(messages.text(
                "readiness.accessible",
                messages.text("readiness.result." + row.status().id()),
                row.title(),
                row.advice().isEmpty() ? row.text() : row.text() + " " + row.advice()));
        return box;
    }

    private static Ikon iconFor(CheckResult.CheckStatus status) {
        return switch (status) {
            case READY -> Material2AL.CHECK_CIRCLE;
            case WARNING -> Material2AL.ERROR;
            case BLOCKED -> Material2AL.CANCEL;
            case UNKNOWN -> Material2AL.HELP_OUTLINE;
        };
    }
}
