package org.switchback.app.memorymap;

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
import org.switchback.app.controls.Controls;
import org.switchback.app.words.Words;

/** What there is to know about the selection. */
final class DetailsPane extends ScrollPane {
    private final MemoryMapViewModel model;
    private final Words words;
    private final VBox content = new VBox(6);
    private final Button showGpu;
    private final FlowPane buttons;

    /**
     * @param copyLine   copies the line of the listing
     * @param copyReport copies what a bug report needs
     */
    DetailsPane(MemoryMapViewModel model, Words words, Runnable copyLine, Runnable copyReport) {
        this.model = model;
        this.words = words;
        setId("map-details");
        getStyleClass().add("map-details");
        setAccessibleText(words.text("window.map.details"));
        setFitToWidth(true);
        setHbarPolicy(ScrollBarPolicy.NEVER);
        content.getStyleClass().add("map-details-content");
        setContent(content);
        showGpu = button("map-show-gpu", "window.map.show-gpu", model::showGpu);
        buttons = new FlowPane(
                8,
                8,
                showGpu,
                button("map-copy-line", "window.map.copy-line", copyLine),
                button("map-copy-report", "window.map.copy-report", copyReport));
        model.selectionProperty().addListener((observable, before, now) -> show());
        model.treeProperty().addListener((observable, before, now) -> show());
        show();
    }

    private Button button(String id, String key, Runnable run) {
        Button button = Controls.button(id, words.text(key), null, run);
        button.getStyleClass().add(Styles.SMALL);
        return button;
    }

    private void show() {
        int item = model.selectionProperty().get();
        if (item == MapTree.WHOLE) {
            Label nothing = line("map-details-nothing", words.text("window.map.nothing-selected"));
            nothing.getStyleClass().add("map-quiet");
            content.getChildren().setAll(nothing);
            return;
        }
        ItemWords said = model.itemWords();
        Label name = line("map-details-name", said.label(item));
        name.getStyleClass().add("map-details-name");
        HBox head = new HBox(10, name);
        head.setAlignment(Pos.CENTER_LEFT);
        HBox.setHgrow(name, Priority.ALWAYS);
        MapTree tree = model.treeProperty().get();
        if (tree.kind(item) == Kind.OVERLAP) {
            Label pill = new Label(words.text("window.map.overlaps"), new FontIcon(Material2MZ.WARNING));
            pill.setId("map-details-overlaps");
            pill.getStyleClass().addAll("pill", "mixed");
            pill.setMinWidth(Region.USE_PREF_SIZE);
            head.getChildren().add(pill);
        }
        List<Node> lines = new ArrayList<>();
        lines.add(head);
        List<String> facts = said.facts(item);
        for (int i = 0; i < facts.size(); i++) {
            Label fact = line("map-fact-" + i, facts.get(i));
            if (i == 0 && said.range(item).isPresent()) {
                fact.getStyleClass().add("map-address");
            }
            lines.add(fact);
        }
        showGpu.setVisible(model.selectedGpu().isPresent());
        showGpu.setManaged(showGpu.isVisible());
        lines.add(buttons);
        content.getChildren().setAll(lines);
    }

    private static Label line(String id, String text) {
        Label line = new Label(text);
        line.setId(id);
        Controls.wrap(line);
        line.setMaxWidth(Double.MAX_VALUE);
        return line;
    }
}
