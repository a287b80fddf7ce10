package org.switchback.app.memorymap;

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
import org.switchback.app.words.Words;

/** The same map as rows. */
final class RegionTree extends TreeTableView<Integer> {
    /** Rows that are new are counted by one layout and shown by the next. */
    private static final int TRIES = 3;

    private final MemoryMapViewModel model;
    private final Words words;
    /** While the selection is carried over from the model, it is not carried back. */
    private boolean following;
    /** Whether the row of the selection has to stay in view: until somebody scrolls. */
    private boolean kept;
    /** So many layouts more may bring it into view. */
    private int tries;

    RegionTree(MemoryMapViewModel model, Words words) {
        this.model = model;
        this.words = words;
        setId("map-tree");
        getStyleClass().add("map-tree");
        setAccessibleText(words.text("window.map.tree"));
        // The picture above takes its room only once there is a map: the row of the selection must not get lost then.
        heightProperty().subscribe(() -> tries = TRIES);
        Runnable afterLayout = this::keepInView;
        sceneProperty().subscribe((old, now) -> {
            if (old != null) {
                old.removePostLayoutPulseListener(afterLayout);
            }
            if (now != null) {
                now.addPostLayoutPulseListener(afterLayout);
            }
        });
        addEventFilter(ScrollEvent.ANY, event -> kept = false);
        addEventFilter(MouseEvent.MOUSE_PRESSED, event -> kept = false);
        setShowRoot(false);
        setFixedCellSize(28);
        setColumnResizePolicy(CONSTRAINED_RESIZE_POLICY_FLEX_LAST_COLUMN);
        getSelectionModel().setSelectionMode(SelectionMode.SINGLE);
        Label nothing = new Label();
        nothing.setId("map-nothing");
        setPlaceholder(nothing);
        model.stateProperty().subscribe(now -> nothing.setText(words.text(
                now == MemoryMapViewModel.State.LOADING ? "window.map.loading" : "map.empty")));
        TreeTableColumn<Integer, Integer> region = column("window.map.tree.region", 330, NameCell::new);
        TreeTableColumn<Integer, Integer> size =
                column("window.map.tree.size", 78, () -> new TextCell(item -> said().size(item)));
        size.getStyleClass().add("map-size");
        TreeTableColumn<Integer, Integer> owner =
                column("window.map.tree.owner", 70, () -> new TextCell(item -> said().owner(item)));
        getColumns().add(region);
        getColumns().add(size);
        getColumns().add(owner);
        setTreeColumn(region);
        getSelectionModel().selectedItemProperty().addListener((observable, before, now) -> {
            if (now != null && !following) {
                model.select(now.getValue());
            }
        });
        addEventHandler(MouseEvent.MOUSE_CLICKED, event -> {
            if (event.getClickCount() == 2 && model.selectionProperty().get() != MapTree.WHOLE) {
                model.zoomTo(model.selectionProperty().get());
            }
        });
        model.treeProperty().addListener((observable, before, now) -> plant());
        model.shownProperty().addListener((observable, before, now) -> plant());
        model.selectionProperty().addListener((observable, before, now) -> follow());
        plant();
    }

    private ItemWords said() {
        return model.itemWords();
    }

    private TreeTableColumn<Integer, Integer> column(
            String key, double width, Supplier<TreeTableCell<Integer, Integer>> cell) {
        TreeTableColumn<Integer, Integer> column = new TreeTableColumn<>(words.text(key));
        column.setSortable(false);
        column.setReorderable(false);
        column.setPrefWidth(width);
        column.setCellValueFactory(row -> row.getValue().valueProperty());
        column.setCellFactory(of -> cell.get());
        return column;
    }

    private void plant() {
        following = true;
        try {
            Branch root = new Branch(MapTree.WHOLE);
            root.setExpanded(true);
            setRoot(root);
            if (root.getChildren().size() <= 3) {
                root.getChildren().forEach(child -> child.setExpanded(true));
            }
            // Rows of the old map have the numbers of the new one.
            refresh();
            scrollTo(0);
        } finally {
            following = false;
        }
        follow();
    }

    /** Opens what is around the selection and shows its row. */
    private void follow() {
        int selected = model.selectionProperty().get();
        following = true;
        try {
            if (selected == MapTree.WHOLE) {
                getSelectionModel().clearSelection();
                return;
            }
            TreeItem<Integer> chosen = getSelectionModel().getSelectedItem();
            if (chosen != null && chosen.getValue() == selected) {
                return;
            }
            TreeItem<Integer> at = getRoot();
            for (int item : model.treeProperty().get().path(selected)) {
                if (item != MapTree.WHOLE && at != null) {
                    at.setExpanded(true);
                    at = child(at, item);
                }
            }
            if (at != null) {
                getSelectionModel().select(at);
                kept = true;
                tries = TRIES;
            }
        } finally {
            following = false;
        }
    }

    private void keepInView() {
        if (!kept || tries == 0) {
            return;
        }
        int row = getSelectionModel().getSelectedIndex();
        if (row < 0 || inView(row)) {
            tries = 0;
        } else {
            tries--;
            scrollTo(Math.max(0, row - 3));
        }
    }

    /** As the rows were last laid out. */
    private boolean inView(int row) {
        return lookupAll(".tree-table-row-cell").stream()
                .filter(TreeTableRow.class::isInstance)
                .map(TreeTableRow.class::cast)
                .anyMatch(cell -> cell.isVisible() && cell.getIndex() == row
                        && cell.getBoundsInParent().getMaxY() < getHeight() - 2 * getFixedCellSize());
    }

    private static @Nullable TreeItem<Integer> child(TreeItem<Integer> of, int item) {
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
    private final class Branch extends TreeItem<Integer> {
        private boolean grown;

        Branch(int item) {
            super(item);
        }

        @Override
        public boolean isLeaf() {
            MapTree tree = model.treeProperty().get();
            return tree.regions(tree.childFrom(getValue()), tree.childTo(getValue())) == 0;
        }

        @Override
        public ObservableList<TreeItem<Integer>> getChildren() {
            ObservableList<TreeItem<Integer>> children = super.getChildren();
            if (!grown) {
                grown = true;
                MapTree tree = model.treeProperty().get();
                List<TreeItem<Integer>> rows = new ArrayList<>();
                for (int part = tree.childFrom(getValue()); part < tree.childTo(getValue()); part++) {
                    if (model.selectable(part)) {
                        rows.add(new Branch(part));
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
            String sign = switch (tree.mark(item)) {
                case SAME -> tree.kind(item) == Kind.GAP ? "≈ " : "";
                case REMOVED -> "− ";
                case ADDED -> "+ ";
            };
            setText(sign + said().label(item));
            setAccessibleText(said().accessible(item, 1));
            setGraphic(tree.kind(item) == Kind.OVERLAP ? warning : null);
        }
    }
}
