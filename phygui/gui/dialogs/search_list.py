"""A list with a search line above it, one row of which can be chosen."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import QSortFilterProxyModel, Qt
from PyQt5.QtGui import QKeyEvent, QStandardItem, QStandardItemModel
from PyQt5.QtWidgets import (
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
        for i, row in enumerate(rows):
            items = [QStandardItem(text) for text in row]
            items[0].setData(i, Qt.UserRole)
            # There may be no room for all of it.
            items[-1].setToolTip(plain_tip(row[-1]))
            model.appendRow(items)
        self.proxy = QSortFilterProxyModel(self)
        self.proxy.setSourceModel(model)
        self.proxy.setFilterKeyColumn(-1)
        self.proxy.setFilterCaseSensitivity(Qt.CaseInsensitive)
        self.table.setModel(self.proxy)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        self.table.setShowGrid(False)
        self.table.setAlternatingRowColors(True)
        self.table.setEditTriggers(QAbstractItemView.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SingleSelection)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeToContents)
        header.setStretchLastSection(True)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignLeft | Qt.AlignVCenter)
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
        self.note.setVisible(not self.proxy.rowCount())
        # What is called so comes before what only mentions it.
        names = [self.proxy.index(row, 0).data() for row in range(self.proxy.rowCount())]
        called = (row for row, name in enumerate(names) if text.casefold() in name.casefold())
        self.table.selectRow(next(called, 0))

    @property
    def chosen(self) -> int | None:
        """Number of the current row among those given, None when none matches."""
        row = self.table.currentIndex().row()
        if row < 0 or row >= self.proxy.rowCount():
            return None
        return int(self.proxy.index(row, 0).data(Qt.UserRole))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down move in the list while the search line has the keyboard."""
        if event.key() in (Qt.Key_Up, Qt.Key_Down):
            row = self.table.currentIndex().row() + (1 if event.key() == Qt.Key_Down else -1)
            self.table.selectRow(min(max(row, 0), self.proxy.rowCount() - 1))
            return
        super().keyPressEvent(event)
