package org.switchback.gui.memorymap;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.Supplier;
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

/** The same map as rows. */
final class RegionTreeTable extends TreeTableView<Integer> {
    /** Rows that are new are counted by one layout and shown by the next. */
    private static final int MAX_SCROLLS = 3;

    private final MemoryMapViewModel model;
    private final Messages messages;
    /** While the selection is carried over from the model, it is not carried back. */
    private boolean updatingSelection;
    /** Whether the row of the selection has to stay in view: until somebody scrolls. */
    private boolean keepSelectionVisible;
    /** So many layouts more may bring it into view. */
    private int scrollsLeft;

    RegionTreeTable(MemoryMapViewModel model, Messages messages) {
        this.model = model;
        this.messages = messages;
        setId("map-tree");
        getStyleClass().add("map-tree");
        setAccessibleText(messages.text("window.map.tree"));
        // The picture above takes its room only once there is a map: the row of the selection must not get lost then.
        heightProperty().subscribe(() -> scrollsLeft = MAX_SCROLLS);
        Runnable afterLayout = this::scrollToSelection;
        sceneProperty().subscribe((old, now) -> {
            if (old != null) {
                old.removePostLayoutPulseListener(afterLayout);
            }
            if (now != null) {
                now.addPostLayoutPulseListener(afterLayout);
            }
        });
        addEventFilter(ScrollEvent.ANY, event -> keepSelectionVisible = false);
        addEventFilter(MouseEvent.MOUSE_PRESSED, event -> keepSelectionVisible = false);
        setShowRoot(false);
        setFixedCellSize(28);
        setColumnResizePolicy(CONSTRAINED_RESIZE_POLICY_FLEX_LAST_COLUMN);
        getSelectionModel().setSelectionMode(SelectionMode.SINGLE);
        Label nothing = new Label();
        nothing.setId("map-nothing");
        setPlaceholder(nothing);
        model.stateProperty().subscribe(now -> nothing.setText(messages.text(
                now == MemoryMapViewModel.MapPageState.LOADING ? "window.map.loading" : "map.empty")));
        TreeTableColumn<Integer, Integer> region = createColumn("window.map.tree.region", 330, NameCell::new);
        TreeTableColumn<Integer, Integer> size =
                createColumn("window.map.tree.size", 78, () -> new TextCell(item -> regionMessages().size(item)));
        size.getStyleClass().add("map-size");
        TreeTableColumn<Integer, Integer> owner =
                createColumn("window.map.tree.owner", 70, () -> new TextCell(item -> regionMessages().driver(item)));
        getColumns().add(region);
        getColumns().add(size);
        getColumns().add(owner);
        setTreeColumn(region);
        getSelectionModel().selectedItemProperty().addListener((observable, before, now) -> {
            if (now != null && !updatingSelection) {
                model.select(now.getValue());
            }
        });
        addEventHandler(MouseEvent.MOUSE_CLICKED, event -> {
            if (event.getClickCount() == 2 && model.selectionProperty().get() != MapTree.ROOT) {
                model.zoomTo(model.selectionProperty().get());
            }
        });
        model.treeProperty().addListener((observable, before, now) -> rebuildRows());
        model.shownFiltersProperty().addListener((observable, before, now) -> rebuildRows());
        model.selectionProperty().addListener((observable, before, now) -> selectRow());
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
        column.setCellFactory(of -> cell.get());
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
            // Rows of the old map have the numbers of the new one.
            refresh();
            scrollTo(0);
        } finally {
            updatingSelection = false;
        }
        selectRow();
    }

    /** Opens what is around the selection and shows its row. */
    private void selectRow() {
        int selected = model.selectionProperty().get();
        updatingSelection = true;
        try {
            if (selected == MapTree.ROOT) {
                getSelectionModel().clearSelection();
                return;
            }
            TreeItem<Integer> chosen = getSelectionModel().getSelectedItem();
            if (chosen != null && chosen.getValue() == selected) {
                return;
            }
            TreeItem<Integer> at = getRoot();
            for (int item : model.treeProperty().get().pathFromRoot(selected)) {
                if (item != MapTree.ROOT && at != null) {
                    at.setExpanded(true);
                    at = findChild(at, item);
                }
            }
            if (at != null) {
                getSelectionModel().select(at);
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

    /** As the rows were last laid out. */
    private boolean isRowVisible(int row) {
        return lookupAll(".tree-table-row-cell").stream()
                .filter(TreeTableRow.class::isInstance)
                .map(TreeTableRow.class::cast)
                .anyMatch(cell -> cell.isVisible() && cell.getIndex() == row
                        && cell.getBoundsInParent().getMaxY() < getHeight() - 2 * getFixedCellSize());
    }

    private static @Nullable TreeItem<Integer> findChild(TreeItem<Integer> of, int item) {
        ObservableList<TreeItem<Integer>> children = of.getChildren();
        int low = 0;
        int high = children.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int found = children.get(middle).getValue();
            if (found == item) {
                return children.get(middle);
            }
            if (found < item) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return null;
    }

    /** A row, whose parts become rows when somebody looks. */
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
                List<TreeItem<Integer>> rows = new ArrayList<>();
                for (int part = tree.childrenStart(getValue()); part < tree.childrenEnd(getValue()); part++) {
                    if (model.isSelectable(part)) {
                        rows.add(new LazyTreeItem(part));
                    }
                }
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

    /** A name with the sign of what is the matter with it. */
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
            String sign = switch (tree.change(item)) {
                case UNCHANGED -> tree.kind(item) == RegionKind.GAP ? "≈ " : "";
                case REMOVED -> "− ";
                case ADDED -> "+ ";
            };
            setText(sign + regionMessages().label(item));
            setAccessibleText(regionMessages().accessibleText(item, 1));
            setGraphic(tree.kind(item) == RegionKind.OVERLAP ? warning : null);
        }
    }
}
