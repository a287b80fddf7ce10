package org.switchback.gui.readiness;

import atlantafx.base.theme.Styles;
import javafx.beans.binding.Bindings;
import javafx.collections.ListChangeListener;
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
    private static final double MAX_WIDTH = 980;

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
        VBox content = new VBox(16, createGpuButtons(), createHeader(refresh), rows);
        content.setMaxWidth(MAX_WIDTH);
        StackPane centered = new StackPane(content);
        centered.getStyleClass().add("page-content");
        StackPane.setAlignment(content, Pos.TOP_CENTER);
        ScrollPane scroll = Controls.createScrollPane(centered);
        scroll.visibleProperty().bind(model.messageProperty().isEmpty());
        Label message = new Label();
        message.setId("readiness-message");
        message.getStyleClass().add(Styles.TITLE_4);
        message.textProperty().bind(model.messageProperty());
        message.visibleProperty().bind(model.messageProperty().isNotEmpty());
        getChildren().addAll(scroll, message);
        model.rows().addListener((ListChangeListener<CheckRow>) change -> populateRows());
        populateRows();
    }

    private Node createGpuButtons() {
        gpuButtons.setId("readiness-gpus");
        gpuButtons.setAccessibleText(messages.text("readiness.page.gpu"));
        Runnable populate = () -> {
            ToggleGroup toggleGroup = new ToggleGroup();
            gpuButtons.getChildren().clear();
            for (ReadinessViewModel.GpuOption gpu : model.gpus()) {
                ToggleButton button = Controls.withId(
                        "readiness-"
                                + gpu.address().toString().replace(':', '-').replace('.', '-'),
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
        };
        model.gpus().addListener((ListChangeListener<ReadinessViewModel.GpuOption>) change -> populate.run());
        model.selectedProperty().addListener((observable, old, now) -> updateSelectedButton());
        populate.run();
        Controls.bindVisibility(gpuButtons, Bindings.size(model.gpus()).greaterThan(1));
        return gpuButtons;
    }

    private void updateSelectedButton() {
        for (Node node : gpuButtons.getChildren()) {
            ((ToggleButton) node)
                    .setSelected(
                            node.getUserData().equals(model.selectedProperty().get()));
        }
    }

    private Node createHeader(Runnable refresh) {
        Label summary = new Label();
        summary.setId("readiness-summary");
        summary.getStyleClass().add("readiness-summary");
        summary.textProperty().bind(model.summaryProperty());
        Controls.enableWrapping(summary);
        summary.setMaxWidth(Double.MAX_VALUE);
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
        Runnable updateStatus = () -> {
            CheckResult.CheckStatus status = model.overallStatusProperty().get();
            header.getStyleClass().setAll("readiness-header", status.id());
            summary.setGraphic(new FontIcon(iconFor(status)));
        };
        model.overallStatusProperty().addListener((observable, old, now) -> updateStatus.run());
        updateStatus.run();
        return header;
    }

    private void populateRows() {
        rows.getChildren().setAll(model.rows().stream().map(this::createRow).toList());
    }

    private Node createRow(CheckRow row) {
        StackPane icon = new StackPane(new FontIcon(iconFor(row.status())));
        icon.getStyleClass().add("check-icon");
        Label title = new Label(row.title());
        title.getStyleClass().add("check-title");
        Controls.enableWrapping(title);
        title.setPrefWidth(230);
        title.setMinWidth(230);
        Label text = new Label(row.text());
        text.setId("check-text-" + row.check().id());
        Controls.enableWrapping(text);
        VBox texts = new VBox(4, text);
        HBox.setHgrow(texts, Priority.ALWAYS);
        if (!row.advice().isEmpty()) {
            Label advice = new Label(row.advice(), new FontIcon(Material2AL.ARROW_FORWARD));
            advice.setId("check-advice-" + row.check().id());
            advice.getStyleClass().add("check-advice");
            Controls.enableWrapping(advice);
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
