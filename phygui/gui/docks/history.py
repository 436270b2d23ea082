"""The history dock: every edit in words, the tally of the groups there, a click jumps to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from qtpy.QtGui import QBrush, QFont, QKeyEvent, QResizeEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from phygui.curation.edits.update import Update
from phygui.curation.session import Session
from phygui.dataset.groups import BEST_FIRST, GROUP_NAMES
from phygui.gui.base.theme import GROUP_MARKS, color, plain_tip
from phygui.gui.docks.dock import Dock
from phygui.gui.tables.table_look import dress

TITLES = ("time", "edit", "groups")
SAVED = "✓ saved"


def told(update: Update, session: Session) -> str:
    """What an edit, made, undone or redone, was: one sentence for the status bar."""
    if update.cause != "edit":
        return f"{'undid' if update.cause == 'undo' else 'redid'}: {update.description}"
    is_merge = len(update.after) == 1 < len(update.before)
    n_doubles = session.suggestions.n_doubles(update.before) if is_merge else 0
    if not n_doubles:
        return update.description
    twice = f"{n_doubles:,d} {'spike' if n_doubles == 1 else 'spikes'} of it detected twice"
    return f"{update.description}, {twice}: Edit > Set doubles aside"


class HistoryModel(QAbstractTableModel):
    """One row for each point of the history, the first one before any edit.

    Each change of the session costs what the rows cost that it changes.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._updates: list[Update] = []
        self._position = 0
        self._saved: int | None = 0

    @property
    def position(self) -> int:
        """The row that is in effect."""
        return self._position

    def reload(self) -> None:
        """Another clustering: begin anew."""
        self.beginResetModel()
        self._updates = list(self._session.shown.history)
        self._position = self._session.shown.history_position
        self._saved = self._session.shown.saved_position
        self.endResetModel()

    def follow(self) -> None:
        """Take over what has changed since."""
        now = self._session.shown.history
        # An edit forgets what was undone and comes at the end: what is in common comes first.
        common = min(len(now), len(self._updates))
        while common and now[common - 1] is not self._updates[common - 1]:
            common -= 1
        if common < len(self._updates):
            self.beginRemoveRows(QModelIndex(), common + 1, len(self._updates))
            del self._updates[common:]
            self.endRemoveRows()
        if common < len(now):
            self.beginInsertRows(QModelIndex(), common + 1, len(now))
            self._updates.extend(now[common:])
            self.endInsertRows()
        before, self._position = self._position, self._session.shown.history_position
        self._rewrite(*sorted((before, self._position)))
        if self._saved != self._session.shown.saved_position:
            old, self._saved = self._saved, self._session.shown.saved_position
            for row in (old, self._saved):
                if row is not None:
                    self._rewrite(row, row)

    def _rewrite(self, first: int, last: int) -> None:
        last = min(last, len(self._updates))
        if first <= last:
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(TITLES) - 1))

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        """One more than there are edits."""
        return 0 if parent.isValid() else len(self._updates) + 1

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        """Time, edit, groups."""
        return len(TITLES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Titles."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return TITLES[section]
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One cell."""
        row = index.row()
        if not index.isValid() or row > len(self._updates):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return (self._time, self._words, self._tally)[index.column()](row)
        if role == Qt.ItemDataRole.ForegroundRole and row > self._position:
            return QBrush(color("dim"))
        if role == Qt.ItemDataRole.FontRole:
            font = QFont()
            font.setBold(row == self._position)
            font.setItalic(row > self._position)
            return font
        if role == Qt.ItemDataRole.ToolTipRole:
            undone = " (undone)" if row > self._position else ""
            return plain_tip(f"{self._words(row)}{undone}\nclick: go to this point")
        return None

    def _time(self, row: int) -> str:
        made = self._updates[row - 1].time if row else None
        return made.astimezone().strftime("%H:%M:%S") if made is not None else ""

    def _words(self, row: int) -> str:
        words = self._updates[row - 1].description if row else "as it was opened"
        return f"{words}   {SAVED}" if row == self._saved else words

    def _tally(self, row: int) -> str:
        names = self._session.shown.group_names
        found = {names.get(g, str(g)): n for g, n in self._session.shown.tally_at(row).items()}
        four = [GROUP_NAMES[group] for group in BEST_FIRST]
        order = [*four, *sorted(set(found) - set(four))]
        return "  ".join(f"{GROUP_MARKS.get(n, '◆')} {found[n]}" for n in order if found.get(n))


class _View(QTableView):
    """A list that leaves the keys to the window."""

    resized = Signal()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tell."""
        super().resizeEvent(event)
        self.resized.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.ignore()


class HistoryDock(Dock):
    """The list of edits.

    Signals
    -------
    wanted : int
        The user wants so many edits to be in effect.
    """

    wanted = Signal(int)

    def __init__(self, session: Session, attempt: Callable[[Callable[[], object]], None]) -> None:
        self.model = HistoryModel(session)
        self.view = _View()
        super().__init__("history", "History", self.view)
        view = self.view
        view.setModel(self.model)
        view.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        dress(view)
        header = view.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.resizeSection(0, view.fontMetrics().horizontalAdvance("00:00:00") + 24)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        view.clicked.connect(lambda index: self.wanted.emit(index.row()))
        self.wanted.connect(lambda row: attempt(lambda: session.jump_to(row)))
        session.clustered.connect(lambda _: self._follow())
        session.saved.connect(lambda _: self.model.follow())
        session.failed.connect(lambda _: self._follow())
        session.switched.connect(self.reload)
        self.visibilityChanged.connect(lambda shown: self._scroll() if shown else None)
        # It is laid out after it is shown.
        view.resized.connect(self._scroll)
        self.reload()

    def reload(self) -> None:
        """Another clustering is the active one."""
        self.model.reload()
        self._scroll()

    def _follow(self) -> None:
        self.model.follow()
        self._scroll()

    def _scroll(self) -> None:
        """Bring the point that is in effect into view."""
        self.view.scrollTo(self.model.index(self.model.position, 0))
