"""A sortable table of what was computed once: rows of cells, each a text and what it sorts by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from qtpy.QtGui import QBrush, QColor, QKeyEvent, QKeySequence, QResizeEvent
from qtpy.QtWidgets import QAbstractItemView, QApplication, QTableView

from phygui.gui.base.theme import plain_tip
from phygui.gui.tables.table_header import MARGIN, Header
from phygui.gui.tables.table_look import dress


@dataclass(frozen=True)
class Cell:
    """One cell: what it says, what it sorts by, and how it looks."""

    text: str
    value: Any = None
    """What it sorts by; the text if None."""
    color: QColor | None = None
    tip: str = ""
    left: bool = False


class PlainModel(QAbstractTableModel):
    """Rows of cells under titles."""

    def __init__(self, titles: Sequence[str], tips: Sequence[str] = ()) -> None:
        super().__init__()
        self._titles = list(titles)
        self._tips = list(tips)
        self._rows: list[Sequence[Cell]] = []
        self.is_grey = False
        """Whether cells have no colours of their own, as in a table that is not enabled."""

    def set_rows(self, rows: Sequence[Sequence[Cell]], titles: Sequence[str] = ()) -> None:
        """Show other rows, under other titles if any are given."""
        self.beginResetModel()
        self._rows = list(rows)
        self._titles = list(titles) or self._titles
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        """Number of rows."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        """Number of columns."""
        return 0 if parent.isValid() else len(self._titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Titles and tooltips."""
        if orientation == Qt.Orientation.Horizontal and 0 <= section < len(self._titles):
            if role == Qt.ItemDataRole.DisplayRole:
                return self._titles[section]
            if role == Qt.ItemDataRole.ToolTipRole and section < len(self._tips):
                return self._tips[section]
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One cell."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        cell = self._rows[index.row()][index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return cell.text
        if role == Qt.ItemDataRole.UserRole:
            return cell.text if cell.value is None else cell.value
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(cell.tip) if cell.tip else None
        if role == Qt.ItemDataRole.ForegroundRole and cell.color is not None and not self.is_grey:
            return QBrush(cell.color)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(
                Qt.AlignmentFlag.AlignVCenter
                | (Qt.AlignmentFlag.AlignLeft if cell.left else Qt.AlignmentFlag.AlignRight)
            )
        return None


class PlainTable(QTableView):
    """A table of rows that were computed once; leaves the keys of the curator to the window.

    Its columns share the width that there is, until the user drags one to another.

    Parameters
    ----------
    titles, tips : sequence of str
        Of the columns.
    sortable : bool
        Whether a click on a title sorts.
    n_kept : int or None
        Where there is no room for all columns, the last ones go, down to this number of them;
        None if none goes.
    scale : float
        Size of the font, relative to that of the program.

    Signals
    -------
    chosen : int
        The user has gone to this row, as numbered when the rows were set.
    """

    chosen = Signal(int)

    def __init__(
        self,
        titles: Sequence[str],
        tips: Sequence[str] = (),
        *,
        sortable: bool = True,
        n_kept: int | None = None,
        scale: float = 0.92,
    ) -> None:
        super().__init__()
        self._n_kept = n_kept
        self._needs: list[int] = []
        self.wide: int | None = None
        """The column that takes all the width that is left, in place of a share for each."""
        self.is_dragged = False
        """Whether the user has given a column a width, which it keeps until they are fitted."""
        self.content = PlainModel(titles, tips)
        self.proxy = QSortFilterProxyModel(self)
        self.proxy.setSourceModel(self.content)
        self.proxy.setSortRole(Qt.ItemDataRole.UserRole)
        self.setModel(self.proxy)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        header = Header(self)
        self.setHorizontalHeader(header)
        dress(self, scale)
        header.dragged.connect(self._dragged)
        if sortable:
            self.setSortingEnabled(True)
            header.setSortIndicator(-1, Qt.SortOrder.DescendingOrder)
        self.clicked.connect(lambda index: self.chosen.emit(self.proxy.mapToSource(index).row()))

    def _dragged(self) -> None:
        self.is_dragged = True
        self._needs.clear()

    def set_rows(self, rows: Sequence[Sequence[Cell]], titles: Sequence[str] = ()) -> None:
        """Show other rows."""
        self.content.set_rows(rows, titles)

    @property
    def needs(self) -> tuple[int, int]:
        """Pixels for the columns that never go, and for all; none before they are fitted."""
        return sum(self._needs[: self._n_kept]), sum(self._needs)

    def fit_columns(self, widest: int = 160) -> None:
        """Make every column as wide as its content needs, and share out what is left."""
        metrics, content = self.fontMetrics(), self.content
        self.is_dragged = False
        self._needs.clear()
        for column in range(content.columnCount()):
            texts = [
                str(
                    content.headerData(
                        column, Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole
                    )
                )
            ]
            rows = range(min(content.rowCount(), 200))
            texts += [str(content.index(row, column).data()) for row in rows]
            width = max(map(metrics.horizontalAdvance, texts)) + MARGIN
            self._needs.append(min(width, widest))
        self._share()

    def _share(self) -> None:
        """Share the width that there is among the columns for which there is room."""
        needs, viewport = list(self._needs), self.viewport()
        if not needs or viewport is None:
            return
        room = viewport.width()
        while self._n_kept is not None and len(needs) > self._n_kept and sum(needs) > room:
            needs.pop()
        surplus, n = max(room - sum(needs), 0), len(needs)
        for column in range(self.content.columnCount()):
            self.setColumnHidden(column, column >= n)
            if column < n:
                share = surplus // n + (column < surplus % n)
                if self.wide is not None and self.wide < n:
                    share = surplus if column == self.wide else 0
                self.setColumnWidth(column, needs[column] + share)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The columns share another width."""
        super().resizeEvent(event)
        self._share()

    def text_of(self, row: int, column: int) -> str:
        """What a cell says, rows as they are shown."""
        return str(self.proxy.index(row, column).data())

    def rows_as_text(self) -> str:
        """All rows as they are shown, for a spreadsheet: text with tabs, titles first."""
        columns = [c for c in range(self.content.columnCount()) if not self.isColumnHidden(c)]
        titles = [
            self.content.headerData(c, Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole)
            for c in columns
        ]
        lines = [titles]
        for row in range(self.proxy.rowCount()):
            indices = [self.proxy.index(row, column) for column in columns]
            # What a cell sorts by has all its digits.
            found = [(i.data(), i.data(Qt.ItemDataRole.UserRole)) for i in indices]
            lines.append([str(v) if isinstance(v, int | float) else t for t, v in found])
        return "\n".join("\t".join(" ".join(str(t).split()) for t in line) for line in lines)

    def mark(self, row: int | None) -> None:
        """Select a row, as numbered when the rows were set, without telling anyone."""
        if row is None:
            self.clearSelection()
            return
        index = self.proxy.mapFromSource(self.content.index(row, 0))
        self.selectRow(index.row())
        self.scrollTo(index)

    def changeEvent(self, event: QEvent) -> None:
        """What is not enabled is grey all over."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.EnabledChange:
            self.content.is_grey = not self.isEnabled()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys belong to the window."""
        if event.matches(QKeySequence.StandardKey.Copy):
            QApplication.clipboard().setText(self.rows_as_text())
        else:
            event.ignore()
