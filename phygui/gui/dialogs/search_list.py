"""A list with a search line above it, one row of which can be chosen."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QModelIndex, QSortFilterProxyModel, Qt
from qtpy.QtGui import QKeyEvent, QStandardItem, QStandardItemModel
from qtpy.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from phygui.gui.base.placing import well_placed
from phygui.gui.base.theme import plain_tip

SECTION = Qt.ItemDataRole.UserRole + 1
"""The heading that a row stands below."""


def _heading(text: str) -> QStandardItem:
    item = QStandardItem(text)
    item.setFlags(Qt.ItemFlag.ItemIsEnabled)
    font = item.font()
    font.setBold(True)
    item.setFont(font)
    return item


def look_like_a_list(table: QTableView) -> None:
    """Rows to read and choose one of, columns as wide as their texts."""
    table.setShowGrid(False)
    table.setAlternatingRowColors(True)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    header = table.horizontalHeader()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setStretchLastSection(True)
    header.setHighlightSections(False)
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


class _Rows(QSortFilterProxyModel):
    """The rows that match, and the headings of those."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._sections: set[str] = set()

    def find_sections(self) -> None:
        """Keep the headings below which something matches."""
        model = self.sourceModel()
        assert model is not None
        root = QModelIndex()
        matching = (
            r for r in range(model.rowCount()) if super(_Rows, self).filterAcceptsRow(r, root)
        )
        self._sections = {model.index(r, 0).data(SECTION) for r in matching}
        self.invalidateFilter()

    def filterAcceptsRow(self, source_row: int, source_parent: QModelIndex) -> bool:
        """Whether a row is shown."""
        model = self.sourceModel()
        assert model is not None
        first = model.index(source_row, 0, source_parent)
        if first.data(Qt.ItemDataRole.UserRole) is None:
            return first.data() in self._sections
        return super().filterAcceptsRow(source_row, source_parent)


class SearchList(QDialog):
    """A list with a search line; Enter or a double click chooses the current row."""

    def __init__(
        self,
        parent: QWidget,
        title: str,
        headers: list[str],
        rows: Sequence[tuple[str, ...]],
        *,
        size: tuple[int, int] = (900, 560),
        sections: Sequence[str] = (),
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.resize(*size)
        well_placed(self)
        self.search = QLineEdit()
        self.search.setPlaceholderText("search")
        self.search.setClearButtonEnabled(True)
        self.table = QTableView()
        model = QStandardItemModel(0, len(headers), self)
        model.setHorizontalHeaderLabels(headers)
        before = ""
        for i, row in enumerate(rows):
            if sections and sections[i] != before:
                before = sections[i]
                model.appendRow(_heading(before))
            items = [QStandardItem(text) for text in row]
            items[0].setData(i, Qt.ItemDataRole.UserRole)
            items[0].setData(before, SECTION)
            # There may be no room for all of it.
            items[-1].setToolTip(plain_tip(row[-1]))
            model.appendRow(items)
        self.proxy = _Rows(self)
        self.proxy.setSourceModel(model)
        self.proxy.setFilterKeyColumn(-1)
        self.proxy.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.table.setModel(self.proxy)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        look_like_a_list(self.table)
        layout = QVBoxLayout(self)
        layout.addWidget(self.search)
        self.note = QLabel("nothing matches")
        self.note.setObjectName("hint")
        layout.addWidget(self.note)
        layout.addWidget(self.table)
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self.accept)
        self.table.doubleClicked.connect(lambda _: self.accept())
        self._filter("")

    def _filter(self, text: str) -> None:
        self.proxy.setFilterFixedString(text)
        self.proxy.find_sections()
        self.note.setVisible(not self.proxy.rowCount())
        self.table.clearSpans()
        for row in self._headings():
            self.table.setSpan(row, 0, 1, self.proxy.columnCount())
        # What is called so comes before what only mentions it.
        headings = set(self._headings())
        rows = [row for row in range(self.proxy.rowCount()) if row not in headings]
        called = (r for r in rows if text.casefold() in self.proxy.index(r, 0).data().casefold())
        self.table.selectRow(next(called, rows[0] if rows else 0))
        if headings and not text:
            self.table.scrollToTop()

    def _headings(self) -> list[int]:
        """Rows that are headings of the rows below them."""
        rows = range(self.proxy.rowCount())
        return [r for r in rows if self.proxy.index(r, 0).data(Qt.ItemDataRole.UserRole) is None]

    @property
    def chosen(self) -> int | None:
        """Number of the current row among those given, None when none matches."""
        row = self.table.currentIndex().row()
        if row < 0 or row >= self.proxy.rowCount():
            return None
        number = self.proxy.index(row, 0).data(Qt.ItemDataRole.UserRole)
        return None if number is None else int(number)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down move in the list while the search line has the keyboard."""
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            step, headings = (1 if event.key() == Qt.Key.Key_Down else -1), self._headings()
            row = self.table.currentIndex().row() + step
            while row in headings:
                row += step
            if 0 <= row < self.proxy.rowCount():
                self.table.selectRow(row)
            return
        super().keyPressEvent(event)
