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
import org.switchback.client.messages.Messages;
import org.switchback.gui.controls.Controls;

/** The details of the selected item. */
final class DetailsPane extends ScrollPane {
    private final MemoryMapViewModel model;
    private final Messages messages;
    private final VBox content = new VBox(6);
    private final Button showGpuButton;
    private final FlowPane buttons;

    /**
     * @param copyLine copies the line of the listing
     * @param copyReport copies the text for a bug report
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
        model.selectionProperty().subscribe((before, now) -> update());
        model.treeProperty().subscribe(now -> update());
    }

    private Button createButton(String id, String key, Runnable action) {
        return Controls.withStyles(Controls.createButton(id, messages.text(key), null, action), Styles.SMALL);
    }

    private void update() {
        int item = model.selectionProperty().get();
        if (item == MapTree.ROOT) {
            content.getChildren()
                    .setAll(Controls.createWrappingLabel(
                            "map-details-nothing", messages.text("window.map.nothing-selected"), "map-quiet"));
            return;
        }
        RegionMessages regionMessages = model.regionMessages();
        Label name = Controls.createWrappingLabel("map-details-name", regionMessages.label(item), "map-details-name");
        HBox header = new HBox(10, name);
        header.setAlignment(Pos.CENTER_LEFT);
        HBox.setHgrow(name, Priority.ALWAYS);
        if (model.treeProperty().get().kind(item) == RegionKind.OVERLAP) {
            Label pill = Controls.createLabel(messages.text("window.map.overlaps"), "pill", "partially-switched");
            pill.setGraphic(new FontIcon(Material2MZ.WARNING));
            pill.setId("map-details-overlaps");
            pill.setMinWidth(Region.USE_PREF_SIZE);
            header.getChildren().add(pill);
        }
        List<Node> rows = new ArrayList<>();
        rows.add(header);
        List<String> details = regionMessages.detailLines(item);
        for (int i = 0; i < details.size(); i++) {
            Label detail = Controls.createWrappingLabel("map-fact-" + i, details.get(i));
            if (i == 0 && regionMessages.range(item).isPresent()) {
                detail.getStyleClass().add("map-address");
            }
            rows.add(detail);
        }
        showGpuButton.setVisible(model.selectedGpu().isPresent());
        showGpuButton.setManaged(showGpuButton.isVisible());
        rows.add(buttons);
        content.getChildren().setAll(rows);
    }
}
