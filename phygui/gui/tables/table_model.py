"""The rows of a cluster table: in the list's order, and changed only where an edit says so."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from qtpy.QtGui import QBrush, QColor, QFont

from phygui.curation.edits.labels import COLOR, NOTE, color_in
from phygui.curation.navigation.cluster_list import ClusterList, SortKey
from phygui.curation.navigation.columns import Column
from phygui.curation.session import Session
from phygui.gui.base.theme import GROUP_MARKS, color, group_color, plain_tip

MANY = 50
"""Above this number of changed rows, sorting all at once is cheaper than one by one."""

_ROLES = frozenset(
    (
        Qt.ItemDataRole.DisplayRole,
        Qt.ItemDataRole.TextAlignmentRole,
        Qt.ItemDataRole.ForegroundRole,
        Qt.ItemDataRole.BackgroundRole,
        Qt.ItemDataRole.ToolTipRole,
        Qt.ItemDataRole.FontRole,
    )
)
_LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
_RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight

Colors = Callable[[int], QColor | None]


class Cell(NamedTuple):
    """How a cell looks."""

    text: str
    alignment: Qt.Alignment
    is_bold: bool
    color: QColor
    background: QColor | None


class ClusterTableModel(QAbstractTableModel):
    """Clusters in rows, columns as declared.

    The rows are kept in their sorted order, so an edit inserts and removes
    exactly the rows that it names, at their places.

    Parameters
    ----------
    session : Session
    rows : ClusterList
        Which clusters are in sight, and in what order.
    colors : callable
        Colour of a cluster where it is selected.
    """

    counted = Signal(int, int)
    """Number of rows shown, and of all."""

    def __init__(self, session: Session, rows: ClusterList, colors: Colors) -> None:
        super().__init__()
        self._session = session
        self.rows = rows
        self.columns = list(rows.fixed)
        self._colors = colors
        self._all: dict[int, None] = {}
        # Sort keys end with the cluster, so they differ, and a row is found by bisection.
        self._keys: list[SortKey] = []
        self._key_of: dict[int, SortKey] = {}
        self._bold = QFont()
        self._bold.setBold(True)

    # -- content ---------------------------------------------------------------------------

    @property
    def cluster_ids(self) -> list[int]:
        """Clusters shown, in the order of the rows."""
        return [key[-1] for key in self._keys]

    @property
    def n_all(self) -> int:
        """Number of clusters, shown or filtered out."""
        return len(self._all)

    def __contains__(self, cluster_id: int) -> bool:
        """Whether there is such a cluster, shown or filtered out."""
        return cluster_id in self._all

    def set_clusters(self, cluster_ids: Iterable[int]) -> None:
        """Show other clusters."""
        self.beginResetModel()
        self._all = dict.fromkeys(cluster_ids)
        self._set_keys(self.rows.in_sight(self._all))
        self.endResetModel()
        self._count()

    def replace(self, deleted: Iterable[int], added: Iterable[int], changed: Iterable[int]) -> None:
        """Remove, insert and rewrite the rows of some clusters; the others are not touched."""
        new, gone = list(added), list(deleted)
        is_large = len(gone) + len(new) > MANY
        for cluster_id in gone:
            self._all.pop(cluster_id, None)
            if not is_large:
                self._remove(cluster_id)
        self._all.update(dict.fromkeys(new))
        living = new + [c for c in changed if c in self._all]
        if is_large or len(living) > MANY:
            self._resort()
            self.dataChanged.emit(
                self.index(0, 0), self.index(len(self._keys) - 1, len(self.columns) - 1)
            )
        else:
            for cluster_id in living:
                self._rewrite(cluster_id)
        self._count()

    def row_of(self, cluster_id: int) -> int | None:
        """Row of a cluster, None when it is not shown."""
        key = self._key_of.get(cluster_id)
        return None if key is None else bisect_left(self._keys, key)

    def rows_of(self, cluster_ids: Iterable[int]) -> list[int]:
        """Rows of clusters, in their order; of those that are shown."""
        wanted = list(cluster_ids)
        if len(wanted) > MANY:
            places = {key[-1]: row for row, key in enumerate(self._keys)}
            rows = [places.get(cluster_id) for cluster_id in wanted]
        else:
            rows = [self.row_of(cluster_id) for cluster_id in wanted]
        return [row for row in rows if row is not None]

    def value(self, cluster_id: int, column: Column) -> Any:
        """The value of one cell: within the time range where that is known."""
        shown = self._session.shown
        if shown.in_range(cluster_id) is not None:
            return column.value(shown.ranged, cluster_id)
        return self.rows.value(cluster_id, column)

    def _is_of_range(self, cluster_id: int, column: Column) -> bool:
        """Whether a cell shows another value than that of the whole cluster."""
        if self._session.shown.in_range(cluster_id) is None:
            return False
        return bool(self.value(cluster_id, column) != self.rows.value(cluster_id, column))

    def follow_filter(self) -> None:
        """The filter is another one."""
        keys = self.rows.in_sight(self._all)
        if [key[-1] for key in keys] == self.cluster_ids:
            return
        self.beginResetModel()
        self._set_keys(keys)
        self.endResetModel()
        self._count()

    def unknown_in_filter(self) -> list[Column]:
        """Columns in the filter of which no cluster has a value."""
        return self.rows.unknown_in_filter(self._all)

    @property
    def group_names(self) -> list[str]:
        """Names of the cluster groups, as they are shown."""
        return list(self._session.shown.group_names.values())

    def tip(self, column: Column) -> str:
        """What a column holds."""
        return column.tip_for(self._session.shown)

    def reason(self, column: Column) -> str:
        """Why a column has no value where it has none for any cluster."""
        shown = self._session.shown
        reasons = {column.reason(shown, c) for c in self._all}
        return reasons.pop() if len(reasons) == 1 else ""

    def refresh_color(self, cluster_ids: Iterable[int]) -> None:
        """Some clusters are selected, or no longer, and have another colour."""
        rows = self.rows_of(cluster_ids)
        if len(rows) > MANY:
            last = self.index(len(self._keys) - 1, 0)
            self.dataChanged.emit(self.index(0, 0), last, [Qt.ItemDataRole.BackgroundRole])
        else:
            for row in rows:
                # It is in the first column; and of more than one cell Qt would paint all that are.
                cell = self.index(row, 0)
                self.dataChanged.emit(cell, cell, [Qt.ItemDataRole.BackgroundRole])

    def set_label_columns(self, columns: Sequence[Column]) -> list[str]:
        """Have the columns of these labels after all others; returns the names of new ones."""
        wanted = {(column.name, column.title): column for column in columns}
        self.rows.keep_labels(column.title for column in columns)
        for i in reversed(range(len(self.columns))):
            column = self.columns[i]
            if column.is_label and (column.name, column.title) not in wanted:
                self.beginRemoveColumns(QModelIndex(), i, i)
                del self.columns[i]
                self.endRemoveColumns()
        known = {(column.name, column.title) for column in self.columns}
        new = [column for key, column in wanted.items() if key not in known]
        if new:
            first = len(self.columns)
            self.beginInsertColumns(QModelIndex(), first, first + len(new) - 1)
            self.columns.extend(new)
            self.endInsertColumns()
        return [column.name for column in new]

    # -- order -----------------------------------------------------------------------------

    def follow_order(self) -> None:
        """The order is another one."""
        self._resort()
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.columns) - 1)

    def _resort(self) -> None:
        self.layoutAboutToBeChanged.emit()
        old = self.persistentIndexList()
        clusters = [self._keys[index.row()][-1] for index in old]
        self._set_keys(self.rows.in_sight(self._all))
        place = {key[-1]: row for row, key in enumerate(self._keys)} if old else {}
        new = [
            self.index(place[c], index.column()) if c in place else QModelIndex()
            for c, index in zip(clusters, old, strict=True)
        ]
        self.changePersistentIndexList(old, new)
        self.layoutChanged.emit()

    def _set_keys(self, keys: list[SortKey]) -> None:
        self._keys = keys
        self._key_of = {key[-1]: key for key in keys}

    # -- rows ------------------------------------------------------------------------------

    def _insert(self, cluster_id: int) -> None:
        key = self.rows.keys([cluster_id])[0]
        row = bisect_left(self._keys, key)
        self.beginInsertRows(QModelIndex(), row, row)
        self._keys.insert(row, key)
        self._key_of[cluster_id] = key
        self.endInsertRows()

    def _remove(self, cluster_id: int) -> None:
        row = self.row_of(cluster_id)
        if row is None:
            return
        self.beginRemoveRows(QModelIndex(), row, row)
        del self._keys[row], self._key_of[cluster_id]
        self.endRemoveRows()

    def _rewrite(self, cluster_id: int) -> None:
        """Bring one row up to date: its content, its place, and whether it is there at all."""
        if not self.rows.passes(cluster_id):
            self._remove(cluster_id)
            return
        row = self.row_of(cluster_id)
        if row is None:
            self._insert(cluster_id)
            return
        row = self._replace_key(row, self.rows.keys([cluster_id])[0])
        self.dataChanged.emit(self.index(row, 0), self.index(row, len(self.columns) - 1))

    def _replace_key(self, row: int, key: SortKey) -> int:
        """Move a row to the place that its new key gives it; returns that row."""
        before = bisect_left(self._keys, key)
        place = before - (before > row)
        if place == row:
            self._keys[row] = key
        else:
            self.beginMoveRows(QModelIndex(), row, row, QModelIndex(), before)
            del self._keys[row]
            self._keys.insert(place, key)
        self._key_of[key[-1]] = key
        if place != row:
            self.endMoveRows()
        return place

    def _count(self) -> None:
        self.counted.emit(len(self._keys), len(self._all))

    # -- Qt asks ---------------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        """Number of rows shown."""
        return 0 if parent.isValid() else len(self._keys)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        """Number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Titles and tooltips."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title + self._rank(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{column.name}: {self.tip(column)}"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignCenter
        return None

    def _rank(self, column: Column) -> str:
        """A small number where a column breaks the ties of others."""
        others = [name for name, _ in self.rows.order[1:]]
        name = column.name
        return "²³"[others.index(name)] if name in others and name != "id" else ""

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One cell."""
        if role not in _ROLES or not index.isValid() or index.row() >= len(self._keys):
            return None
        cluster_id = self._keys[index.row()][-1]
        column = self.columns[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole and column.name == "id":
            note = self._session.shown.labels_of(cluster_id).get(NOTE)
            return plain_tip(note) if note else None
        if role == Qt.ItemDataRole.ToolTipRole:
            about = column.about(self._session.shown, cluster_id)
            if self._is_of_range(cluster_id, column):
                whole = column.text(self.rows.value(cluster_id, column))
                about = f"within the time range; {whole} in all of the recording"
            return plain_tip(f"{column.title}: {about}") if about else None
        cell = self._cell(cluster_id, column)
        if role == Qt.ItemDataRole.DisplayRole:
            return cell.text
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return cell.alignment
        if role == Qt.ItemDataRole.ForegroundRole:
            return QBrush(cell.color)
        if role == Qt.ItemDataRole.BackgroundRole:
            return None if cell.background is None else QBrush(cell.background)
        return self._bold if cell.is_bold else None

    def cell(self, index: QModelIndex) -> Cell:
        """How a cell looks: all at once what Qt asks for role by role."""
        return self._cell(self._keys[index.row()][-1], self.columns[index.column()])

    def _cell(self, cluster_id: int, column: Column) -> Cell:
        is_first = column is self.columns[0]
        background = self._colors(cluster_id) if is_first else None
        if column.is_label and column.title == COLOR:
            own = color_in(self._session.shown.labels_of(cluster_id))
            background = QColor(own) if own else None
        is_left = column.is_label or column.name in ("group", "labels")
        return Cell(
            self.text(cluster_id, column),
            _LEFT if is_left else _RIGHT,
            column.name == "id",
            self._color_of(cluster_id, column),
            background,
        )

    def _color_of(self, cluster_id: int, column: Column) -> QColor:
        if self._is_alarming(cluster_id, column):
            return color("alert")
        if self._is_of_range(cluster_id, column):
            return color("range")
        return group_color(self._session.shown.group_of(cluster_id))

    def _is_alarming(self, cluster_id: int, column: Column) -> bool:
        value = None if column.alarming is None else self.value(cluster_id, column)
        return value is not None and column.alarming is not None and value >= column.alarming

    def text(self, cluster_id: int, column: Column) -> str:
        """What a cell says."""
        text = column.text_of(self._session.shown, cluster_id, self.value(cluster_id, column))
        if column.name == "group":
            return f"{GROUP_MARKS.get(text, '◆')} {text}"
        return text
