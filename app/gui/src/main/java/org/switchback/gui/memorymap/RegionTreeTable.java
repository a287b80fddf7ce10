package org.switchback.gui.memorymap;

import java.util.List;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import javafx.collections.ObservableList;
import javafx.scene.control.Label;
import javafx.scene.control.SelectionMode;
import javafx.scene.control.TreeItem;
import javafx.scene.control.TreeTableCell;
import javafx.scene.control.TreeTableColumn;
import javafx.scene.control.TreeTableRow;
import javafx.scene.control.TreeTableView;
import javafx.scene.input.MouseEvent;
import javafx.scene.input.ScrollEvent;
import org.jspecify.annotations.Nullable;
import org.kordamp.ikonli.javafx.FontIcon;
import org.kordamp.ikonli.material2.Material2MZ;
import org.switchback.client.messages.Messages;

/** The map as a tree table. */
final class RegionTreeTable extends TreeTableView<Integer> {
    /** Limit of scroll attempts: one layout pass counts new rows, the next one shows them. */
    private static final int MAX_SCROLLS = 3;

    private final MemoryMapViewModel model;
    private final Messages messages;
    /** True while the selection is updated from the model, so that it is not written back. */
    private boolean updatingSelection;
    /** Whether the selected row is kept visible; false after the user scrolls. */
    private boolean keepSelectionVisible;
    /** Remaining layout passes that may scroll to the selected row. */
    private int scrollsLeft;

    RegionTreeTable(MemoryMapViewModel model, Messages messages) {
        this.model = model;
        this.messages = messages;
        setId("map-tree");
        getStyleClass().add("map-tree");
        setAccessibleText(messages.text("window.map.tree"));
        // The canvas above appears with the map and shrinks this table: the selected row has to stay visible.
        heightProperty().subscribe(() -> scrollsLeft = MAX_SCROLLS);
        Runnable afterLayout = this::scrollToSelection;
        sceneProperty().subscribe((oldScene, newScene) -> {
            if (oldScene != null) {
                oldScene.removePostLayoutPulseListener(afterLayout);
            }
            if (newScene != null) {
                newScene.addPostLayoutPulseListener(afterLayout);
            }
        });
        addEventFilter(ScrollEvent.ANY, event -> keepSelectionVisible = false);
        addEventFilter(MouseEvent.MOUSE_PRESSED, event -> keepSelectionVisible = false);
        setShowRoot(false);
        setFixedCellSize(28);
        setColumnResizePolicy(CONSTRAINED_RESIZE_POLICY_FLEX_LAST_COLUMN);
        getSelectionModel().setSelectionMode(SelectionMode.SINGLE);
        Label placeholder = new Label();
        placeholder.setId("map-nothing");
        setPlaceholder(placeholder);
        model.loader()
                .stateProperty()
                .subscribe(state -> placeholder.setText(
                        messages.text(state == MapLoader.MapPageState.LOADING ? "window.map.loading" : "map.empty")));
        TreeTableColumn<Integer, Integer> region = createColumn("window.map.tree.region", 330, NameCell::new);
        TreeTableColumn<Integer, Integer> size = createColumn(
                "window.map.tree.size",
                78,
                () -> new TextCell(item -> regionMessages().size(item)));
        size.getStyleClass().add("map-size");
        createColumn(
                "window.map.tree.owner",
                70,
                () -> new TextCell(item -> regionMessages().driver(item)));
        setTreeColumn(region);
        getSelectionModel().selectedItemProperty().subscribe((before, now) -> {
            if (now != null && !updatingSelection) {
                model.navigation().select(now.getValue());
            }
        });
        addEventHandler(MouseEvent.MOUSE_CLICKED, event -> {
            if (event.getClickCount() == 2 && model.selectionProperty().get() != MapTree.ROOT) {
                model.viewport().zoomTo(model.selectionProperty().get());
            }
        });
        model.treeProperty().subscribe((before, now) -> rebuildRows());
        model.viewport().shownFiltersProperty().subscribe((before, now) -> rebuildRows());
        model.selectionProperty().subscribe((before, now) -> selectRow());
        rebuildRows();
    }

    private RegionMessages regionMessages() {
        return model.regionMessages();
    }

    private TreeTableColumn<Integer, Integer> createColumn(
            String key, double width, Supplier<TreeTableCell<Integer, Integer>> cell) {
        TreeTableColumn<Integer, Integer> column = new TreeTableColumn<>(messages.text(key));
        column.setSortable(false);
        column.setReorderable(false);
        column.setPrefWidth(width);
        column.setCellValueFactory(row -> row.getValue().valueProperty());
        column.setCellFactory(ignored -> cell.get());
        getColumns().add(column);
        return column;
    }

    private void rebuildRows() {
        updatingSelection = true;
        try {
            LazyTreeItem root = new LazyTreeItem(MapTree.ROOT);
            root.setExpanded(true);
            setRoot(root);
            if (root.getChildren().size() <= 3) {
                root.getChildren().forEach(child -> child.setExpanded(true));
            }
            // The rows of the new map have the same item numbers as those of the old one.
            refresh();
            scrollTo(0);
        } finally {
            updatingSelection = false;
        }
        selectRow();
    }

    /** Expands the ancestors of the selection, selects its row and makes it visible. */
    private void selectRow() {
        int selected = model.selectionProperty().get();
        updatingSelection = true;
        try {
            if (selected == MapTree.ROOT) {
                getSelectionModel().clearSelection();
                return;
            }
            TreeItem<Integer> selectedRow = getSelectionModel().getSelectedItem();
            if (selectedRow != null && selectedRow.getValue() == selected) {
                return;
            }
            TreeItem<Integer> row = getRoot();
            for (int item : model.treeProperty().get().pathFromRoot(selected)) {
                if (item != MapTree.ROOT && row != null) {
                    row.setExpanded(true);
                    row = findChild(row, item);
                }
            }
            if (row != null) {
                getSelectionModel().select(row);
                keepSelectionVisible = true;
                scrollsLeft = MAX_SCROLLS;
            }
        } finally {
            updatingSelection = false;
        }
    }

    private void scrollToSelection() {
        if (!keepSelectionVisible || scrollsLeft == 0) {
            return;
        }
        int row = getSelectionModel().getSelectedIndex();
        if (row < 0 || isRowVisible(row)) {
            scrollsLeft = 0;
        } else {
            scrollsLeft--;
            scrollTo(Math.max(0, row - 3));
        }
    }

    /** Whether the row was visible in the last layout. */
    private boolean isRowVisible(int row) {
        return lookupAll(".tree-table-row-cell").stream()
                .filter(TreeTableRow.class::isInstance)
                .map(TreeTableRow.class::cast)
                .anyMatch(cell -> cell.isVisible()
                        && cell.getIndex() == row
                        && cell.getBoundsInParent().getMaxY() < getHeight() - 2 * getFixedCellSize());
    }

    private static @Nullable TreeItem<Integer> findChild(TreeItem<Integer> row, int item) {
        ObservableList<TreeItem<Integer>> children = row.getChildren();
        int index =
                BinarySearch.firstIndex(0, children.size(), i -> children.get(i).getValue() >= item);
        return index < children.size() && children.get(index).getValue() == item ? children.get(index) : null;
    }

    /** A row whose children are created lazily. */
    private final class LazyTreeItem extends TreeItem<Integer> {
        private boolean childrenCreated;

        LazyTreeItem(int item) {
            super(item);
        }

        @Override
        public boolean isLeaf() {
            MapTree tree = model.treeProperty().get();
            return tree.regionCount(tree.childrenStart(getValue()), tree.childrenEnd(getValue())) == 0;
        }

        @Override
        public ObservableList<TreeItem<Integer>> getChildren() {
            ObservableList<TreeItem<Integer>> children = super.getChildren();
            if (!childrenCreated) {
                childrenCreated = true;
                MapTree tree = model.treeProperty().get();
                List<LazyTreeItem> rows = IntStream.range(tree.childrenStart(getValue()), tree.childrenEnd(getValue()))
                        .filter(model.navigation()::isSelectable)
                        .mapToObj(LazyTreeItem::new)
                        .toList();
                children.setAll(rows);
            }
            return children;
        }
    }

    private static class TextCell extends TreeTableCell<Integer, Integer> {
        private final IntFunction<String> text;

        TextCell(IntFunction<String> text) {
            this.text = text;
        }

        @Override
        protected void updateItem(@Nullable Integer item, boolean empty) {
            super.updateItem(item, empty);
            setText(empty || item == null ? null : text.apply(item));
        }
    }

    /** The label of a region with its change or overlap. */
    private final class NameCell extends TreeTableCell<Integer, Integer> {
        private final FontIcon warning = new FontIcon(Material2MZ.WARNING);

        @Override
        protected void updateItem(@Nullable Integer item, boolean empty) {
            super.updateItem(item, empty);
            MapTree tree = model.treeProperty().get();
            if (empty || item == null || item >= tree.size()) {
                setText(null);
                setGraphic(null);
                return;
            }
            boolean gap = tree.kind(item) == RegionKind.GAP && tree.change(item) == RegionChange.UNCHANGED;
            setText((gap ? "≈ " : tree.change(item).labelPrefix())
                    + regionMessages().label(item));
            setAccessibleText(regionMessages().accessibleText(item, 1));
            setGraphic(tree.kind(item) == RegionKind.OVERLAP ? warning : null);
        }
    }
}
