package org.switchback.app.readiness;

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
import org.switchback.app.controls.Controls;
import org.switchback.app.words.Words;

/** The page of readiness: which GPU, what its checks come to, and a row a check. */
public final class ReadinessView extends StackPane {
    private static final double WIDEST = 980;

    private final ReadinessViewModel model;
    private final Words words;
    private final VBox rows = new VBox();
    private final FlowPane choices = new FlowPane(8, 8);

    /** @param check looks at the machine again */
    public ReadinessView(ReadinessViewModel model, Words words, Runnable check) {
        this.model = model;
        this.words = words;
        setId("page-readiness");
        getStyleClass().addAll("page", "readiness");
        rows.setId("checks");
        rows.getStyleClass().add("checks");
        VBox content = new VBox(16, choices(), head(check), rows);
        content.setMaxWidth(WIDEST);
        StackPane centred = new StackPane(content);
        centred.getStyleClass().add("page-content");
        StackPane.setAlignment(content, Pos.TOP_CENTER);
        ScrollPane scroll = Controls.scrolling(centred);
        scroll.visibleProperty().bind(model.messageProperty().isEmpty());
        Label message = new Label();
        message.setId("readiness-message");
        message.getStyleClass().add(Styles.TITLE_4);
        message.textProperty().bind(model.messageProperty());
        message.visibleProperty().bind(model.messageProperty().isNotEmpty());
        getChildren().addAll(scroll, message);
        model.rows().addListener((ListChangeListener<CheckRow>) change -> fill());
        fill();
    }

    private Node choices() {
        choices.setId("readiness-gpus");
        choices.setAccessibleText(words.text("readiness.page.gpu"));
        Runnable fill = () -> {
            ToggleGroup one = new ToggleGroup();
            choices.getChildren().clear();
            for (ReadinessViewModel.Choice gpu : model.gpus()) {
                ToggleButton button = Controls.named(
                        "readiness-" + gpu.gpu().toString().replace(':', '-').replace('.', '-'),
                        new ToggleButton(gpu.name(), new FontIcon(Material2OutlinedAL.DEVELOPER_BOARD)));
                button.getStyleClass().add("choice");
                button.setToggleGroup(one);
                button.setUserData(gpu.gpu());
                button.setOnAction(event -> {
                    button.setSelected(true);
                    model.select(gpu.gpu());
                });
                choices.getChildren().add(button);
            }
            mark();
        };
        model.gpus().addListener((ListChangeListener<ReadinessViewModel.Choice>) change -> fill.run());
        model.selectedProperty().addListener((observable, old, now) -> mark());
        fill.run();
        // One GPU needs no choice.
        var several = Bindings.size(model.gpus()).greaterThan(1);
        Controls.showWhen(choices, several);
        return choices;
    }

    private void mark() {
        for (Node node : choices.getChildren()) {
            ((ToggleButton) node).setSelected(node.getUserData().equals(model.selectedProperty().get()));
        }
    }

    private Node head(Runnable check) {
        Label summary = new Label();
        summary.setId("readiness-summary");
        summary.getStyleClass().add("readiness-summary");
        summary.textProperty().bind(model.summaryProperty());
        Controls.wrap(summary);
        summary.setMaxWidth(Double.MAX_VALUE);
        HBox.setHgrow(summary, Priority.ALWAYS);
        Button again =
                Controls.flat("readiness-check", words.text("readiness.page.check"), Material2MZ.REFRESH, check);
        Button copy = Controls.flat(
                "readiness-copy",
                words.text("readiness.page.copy"),
                Material2OutlinedAL.CONTENT_COPY,
                () -> Controls.copy(model.text()));
        HBox head = new HBox(10, summary, again, copy);
        head.setAlignment(Pos.CENTER_LEFT);
        Runnable colour = () -> {
            Finding.Result verdict = model.verdictProperty().get();
            head.getStyleClass().setAll("verdict", verdict.id());
            summary.setGraphic(new FontIcon(sign(verdict)));
        };
        model.verdictProperty().addListener((observable, old, now) -> colour.run());
        colour.run();
        return head;
    }

    private void fill() {
        rows.getChildren().setAll(model.rows().stream().map(this::row).toList());
    }

    private Node row(CheckRow row) {
        FontIcon sign = new FontIcon(sign(row.result()));
        StackPane signs = new StackPane(sign);
        signs.getStyleClass().add("check-sign");
        Label title = new Label(row.title());
        title.getStyleClass().add("check-title");
        Controls.wrap(title);
        title.setPrefWidth(230);
        title.setMinWidth(230);
        Label text = new Label(row.text());
        text.setId("check-text-" + row.check().id());
        Controls.wrap(text);
        VBox said = new VBox(4, text);
        HBox.setHgrow(said, Priority.ALWAYS);
        if (!row.advice().isEmpty()) {
            Label advice = new Label(row.advice(), new FontIcon(Material2AL.ARROW_FORWARD));
            advice.setId("check-advice-" + row.check().id());
            advice.getStyleClass().add("check-advice");
            Controls.wrap(advice);
            said.getChildren().add(advice);
        }
        HBox box = new HBox(14, signs, title, said);
        box.setId("check-" + row.check().id());
        box.getStyleClass().addAll("check", row.result().id());
        box.setAccessibleRole(AccessibleRole.TEXT);
        box.setAccessibleText(words.text(
                "readiness.accessible",
                words.text("readiness.result." + row.result().id()),
                row.title(),
                row.advice().isEmpty() ? row.text() : row.text() + " " + row.advice()));
        return box;
    }

    private static Ikon sign(Finding.Result result) {
        return switch (result) {
            case READY -> Material2AL.CHECK_CIRCLE;
            case TO_DO -> Material2AL.ERROR;
            case BLOCKS -> Material2AL.CANCEL;
            case UNKNOWN -> Material2AL.HELP_OUTLINE;
        };
    }
}
