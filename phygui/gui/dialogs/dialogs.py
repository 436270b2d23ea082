"""Small dialogs: errors, unsaved edits, lists of keys and actions, about."""

from __future__ import annotations

import platform
from collections.abc import Sequence

from PyQt5.QtCore import PYQT_VERSION_STR, QT_VERSION_STR, QSortFilterProxyModel, Qt
from PyQt5.QtGui import QKeyEvent, QStandardItem, QStandardItemModel
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMessageBox,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from phygui._version import __version__
from phygui.curation.durability.recovery import UnsavedEdit
from phygui.curation.session import Session
from phygui.gui.actions.actions import ACTIONS
from phygui.gui.actions.line_commands import snippet_rows
from phygui.gui.base.theme import plain_tip
from phygui.gui.window.context import WindowContext

GESTURES = (
    ("drag", "move the view"),
    ("wheel, right-drag", "zoom"),
    ("double-click, R", "show all of the view again"),
    ("Ctrl+wheel", "scale the data"),
    ("Alt+wheel", "change the marker size; in the traces, move in time"),
    ("Ctrl+click in a scatter plot", "add a point to the lasso"),
    ("Ctrl+right-click in a scatter plot", "close the lasso; once more clears it"),
    (
        "Ctrl+click on a channel of the waveforms",
        "fix it as x axis of the features, or release it",
    ),
    ("Ctrl+right-click on a channel of the waveforms", "the same for the y axis"),
    ("Ctrl+click on a spike of the traces", "select its cluster"),
    ("Ctrl+click on a cross-correlogram", "select the two clusters"),
)


N_EDITS = 8
"""Edits that a question about them lists; the others are in its details."""


def make_plain(box: QMessageBox) -> None:
    """Show texts as they are: what a file holds is never taken as markup."""
    box.setTextFormat(Qt.PlainText)
    box.setTextInteractionFlags(Qt.TextSelectableByMouse)
    for label in box.findChildren(QLabel):
        label.setTextFormat(Qt.PlainText)


def show_error(parent: QWidget | None, title: str, sentence: str, details: str = "") -> None:
    """Say in one sentence what went wrong; details can be unfolded and copied."""
    box = QMessageBox(QMessageBox.Warning, title, sentence, QMessageBox.Ok, parent)
    box.setTextFormat(Qt.PlainText)
    box.setTextInteractionFlags(Qt.TextSelectableByMouse)
    if details:
        box.setDetailedText(details)
    box.exec_()


def describe_edits(box: QMessageBox, edits: Sequence[UnsavedEdit], more: str = "") -> None:
    """List the last of some edits, and all of them in the details if those are more."""
    lines = [str(edit) for edit in edits]
    n_left = len(lines) - N_EDITS
    last = "\n".join(
        [*lines[-N_EDITS:], *([f"... and {n_left} before these"] if n_left > 0 else [])]
    )
    box.setInformativeText("\n\n".join(filter(None, [last, more])))
    if n_left > 0:
        box.setDetailedText("\n".join(lines))
    make_plain(box)


def ask_unsaved(parent: QWidget, session: Session) -> str:
    """Ask what to do with unsaved edits: "save", "discard" or "cancel"."""
    n = session.n_unsaved
    box = QMessageBox(
        QMessageBox.Question,
        "Unsaved edits",
        f"{session.path.name} has {n} unsaved edit{'s' if n != 1 else ''}.",
        QMessageBox.Save | QMessageBox.Discard | QMessageBox.Cancel,
        parent,
    )
    question = f"Save {'them' if n != 1 else 'it'} before closing?"
    describe_edits(box, session.journal.edits_to_save, question)
    box.setDefaultButton(QMessageBox.Save)
    answer = box.exec_()
    if answer == QMessageBox.Save:
        return "save"
    return "discard" if answer == QMessageBox.Discard else "cancel"


def about(parent: QWidget) -> None:
    """Say what this program is, and with what it runs."""
    box = QMessageBox(parent)
    box.setWindowTitle("About phygui")
    box.setTextFormat(Qt.PlainText)
    box.setText(f"phygui {__version__}\nManual curation of spike sorting.")
    box.setInformativeText(
        f"Python {platform.python_version()}\nQt {QT_VERSION_STR}\nPyQt {PYQT_VERSION_STR}\n\n"
        "BSD 3-Clause License"
    )
    box.exec_()


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
        layout.addWidget(self.table)
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self.accept)
        self.table.doubleClicked.connect(lambda _: self.accept())
        self._filter("")

    def _filter(self, text: str) -> None:
        self.proxy.setFilterFixedString(text)
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


def show_shortcuts(window: WindowContext) -> None:
    """The searchable list of keys, mouse gestures and snippets."""
    keys = window.keys
    rows = [(keys.text(a), a.title, a.tip) for a in ACTIONS if keys[a]]
    rows += [(usage, "command line", tip) for usage, tip in snippet_rows()]
    rows += [(gesture, "mouse", tip) for gesture, tip in GESTURES]
    if window.help_list is not None:
        window.help_list.deleteLater()
    window.help_list = SearchList(
        window, "Keyboard shortcuts", ["key", "action", ""], rows, size=(1080, 720)
    )
    window.help_list.show()


def show_palette(window: WindowContext) -> None:
    """Every action by name; choosing one does it."""
    actions = [a for a in ACTIONS if a.enabled(window) and a.name != "palette"]
    rows = [(a.title, window.keys.text(a), a.tip) for a in actions]
    docks = [dock for dock in window.docks.values() if not dock.is_on_screen]
    rows += [(f"Show {dock.windowTitle()}", "", "bring it to the front") for dock in docks]
    palette = SearchList(window, "Command palette", ["action", "key", ""], rows)

    def run() -> None:
        chosen = palette.chosen
        if chosen is None:
            return
        if chosen < len(actions):
            window.run(actions[chosen])
        else:
            docks[chosen - len(actions)].bring_to_front()

    palette.accepted.connect(run)
    if window.palette_list is not None:
        window.palette_list.deleteLater()
    window.palette_list = palette
    palette.open()
    palette.search.setFocus()
