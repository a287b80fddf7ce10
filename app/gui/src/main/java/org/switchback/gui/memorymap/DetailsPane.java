package org.switchback.gui.memorymap;

import atlantafx.base.theme.Styles;
import java.util.ArrayList;
import java.util.List;
import javafx.geometry.Pos;
import javafx.scene.Node;
import javafx.scene.control.Button;
import javafx.scene.control.Label;
import javafx.scene.control.ScrollPane;
import javafx.scene.layout.FlowPane;
import javafx.scene.layout.HBox;
import javafx.scene.layout.Priority;
import javafx.scene.layout.Region;
import javafx.scene.layout.VBox;
import org.kordamp.ikonli.javafx.FontIcon;
import org.kordamp.ikonli.material2.Material2MZ;
import org.switchback.gui.controls.Controls;
import org.switchback.client.messages.Messages;

/** What there is to know about the selection. */
final class DetailsPane extends ScrollPane {
    private final MemoryMapViewModel model;
    private final Messages messages;
    private final VBox content = new VBox(6);
    private final Button showGpuButton;
    private final FlowPane buttons;

    /**
     * @param copyLine   copies the line of the listing
     * @param copyReport copies what a bug report needs
     */
    DetailsPane(MemoryMapViewModel model, Messages messages, Runnable copyLine, Runnable copyReport) {
        this.model = model;
        this.messages = messages;
        setId("map-details");
        getStyleClass().add("map-details");
        setAccessibleText(messages.text("window.map.details"));
        setFitToWidth(true);
        setHbarPolicy(ScrollBarPolicy.NEVER);
        content.getStyleClass().add("map-details-content");
        setContent(content);
        showGpuButton = createButton("map-show-gpu", "window.map.show-gpu", model::showGpu);
        buttons = new FlowPane(
                8,
                8,
                showGpuButton,
                createButton("map-copy-line", "window.map.copy-line", copyLine),
                createButton("map-copy-report", "window.map.copy-report", copyReport));
        model.selectionProperty().addListener((observable, before, now) -> update());
        model.treeProperty().addListener((observable, before, now) -> update());
        update();
    }

    private Button createButton(String id, String key, Runnable run) {
        Button button = Controls.createButton(id, messages.text(key), null, run);
        button.getStyleClass().add(Styles.SMALL);
        return button;
    }

    private void update() {
        int item = model.selectionProperty().get();
        if (item == MapTree.ROOT) {
            Label nothing = createLabel("map-details-nothing", messages.text("window.map.nothing-selected"));
            nothing.getStyleClass().add("map-quiet");
            content.getChildren().setAll(nothing);
            return;
        }
        RegionMessages said = model.regionMessages();
        Label name = createLabel("map-details-name", said.label(item));
        name.getStyleClass().add("map-details-name");
        HBox head = new HBox(10, name);
        head.setAlignment(Pos.CENTER_LEFT);
        HBox.setHgrow(name, Priority.ALWAYS);
        MapTree tree = model.treeProperty().get();
        if (tree.kind(item) == RegionKind.OVERLAP) {
            Label pill = new Label(messages.text("window.map.overlaps"), new FontIcon(Material2MZ.WARNING));
            pill.setId("map-details-overlaps");
            pill.getStyleClass().addAll("pill", "mixed");
            pill.setMinWidth(Region.USE_PREF_SIZE);
            head.getChildren().add(pill);
        }
        List<Node> lines = new ArrayList<>();
        lines.add(head);
        List<String> facts = said.detailLines(item);
        for (int i = 0; i < facts.size(); i++) {
            Label fact = createLabel("map-fact-" + i, facts.get(i));
            if (i == 0 && said.range(item).isPresent()) {
                fact.getStyleClass().add("map-address");
            }
            lines.add(fact);
        }
        showGpuButton.setVisible(model.selectedGpu().isPresent());
        showGpuButton.setManaged(showGpuButton.isVisible());
        lines.add(buttons);
        content.getChildren().setAll(lines);
    }

    private static Label createLabel(String id, String text) {
        Label line = new Label(text);
        line.setId(id);
        Controls.enableWrapping(line);
        line.setMaxWidth(Double.MAX_VALUE);
        return line;
    }
}
