"""The spike list: each spike of the selection in a row; a click goes there in the traces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from qtpy.QtGui import QBrush, QColor, QKeyEvent, QResizeEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QStackedLayout,
    QTableView,
    QWidget,
)

from phygui.curation.statistics.amplitudes import amplitude_unit
from phygui.gui.base.context import WindowContext
from phygui.gui.base.work import Latest
from phygui.gui.docks.dock import Dock
from phygui.gui.tables.table_header import MARGIN, Header
from phygui.gui.tables.table_look import dress
from phygui.views.core.colors import cluster_color
from phygui.views.data.spike_rows import Column, SpikeRows, amplitudes_at, ordered, rows_of

COLUMNS: tuple[Column, ...] = ("time", "cluster", "amplitude", "interval", "spike")
TIPS = {
    "time": "seconds",
    "cluster": "its cluster",
    "amplitude": "as in the amplitude view",
    "interval": "milliseconds since the spike before it of the same cluster and recording",
    "spike": "its number in the dataset",
}
PAGE = 200
"""Rows of which the amplitudes are read together."""
_KEPT = 6
"""Pages that are read at most where a user scrolls on and on; the others are out of sight."""
NOT_YET, NONE = "...", "–"
EMPTY = "Select a cluster to see its spikes."


class SpikeModel(QAbstractTableModel):
    """Rows that are made when they are seen: a million of them cost what the visible ones do.

    Signals
    -------
    pages_wanted
        Amplitudes of rows that are seen are to be read.
    sort_wanted : int, bool
        A column, and whether it descends.
    """

    pages_wanted = Signal()
    sort_wanted = Signal(int, bool)

    def __init__(self, color_of: Callable[[int, int], QColor]) -> None:
        super().__init__()
        self._color_of = color_of
        self.rows: SpikeRows | None = None
        self._order: NDArray[np.int64] = np.empty(0, np.int64)
        self._pages: dict[int, NDArray[np.float32]] = {}
        self.wanted: dict[int, None] = {}
        """Numbers of pages, the last one asked for at the end."""
        self._has_units = True

    def set_rows(self, rows: SpikeRows | None, order: NDArray[np.int64]) -> None:
        """Show other spikes, or the same in another order."""
        self.beginResetModel()
        self.rows, self._order = rows, order
        self._pages.clear()
        self.wanted.clear()
        self.endResetModel()

    def in_page(self, page: int) -> NDArray[np.int64]:
        """Places of the spikes of a page in the order of time."""
        return self._order[page * PAGE : (page + 1) * PAGE]

    def set_pages(self, found: dict[int, NDArray[np.float32]]) -> None:
        """Amplitudes have been read."""
        column = COLUMNS.index("amplitude")
        for page, values in found.items():
            self._pages[page] = values
            self.wanted.pop(page, None)
            first = page * PAGE
            self.dataChanged.emit(
                self.index(first, column), self.index(first + len(values) - 1, column)
            )

    def row_at(self, row: int) -> int:
        """Place of the spike in a row in the order of time."""
        return int(self._order[row])

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        """One for each spike."""
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        """Those of ``COLUMNS``."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Titles, with their units where there is room, and what they mean."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        name = COLUMNS[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            unit = self._unit(name) if name == "amplitude" else ""
            return f"{TIPS[name]}, {unit}" if unit else TIPS[name]
        return self.title(name, self._has_units) if role == Qt.ItemDataRole.DisplayRole else None

    def title(self, name: str, with_unit: bool) -> str:
        """Title of a column."""
        unit = self._unit(name) if with_unit else ""
        return f"{name} ({unit})" if unit else name

    def _unit(self, name: str) -> str:
        if name == "amplitude" and self.rows is not None:
            return amplitude_unit(self.rows.snapshot.shank)
        return {"time": "s", "interval": "ms"}.get(name, "")

    def write_units(self, has_units: bool) -> None:
        """Have units in the titles, or leave them to the tooltips."""
        if has_units != self._has_units:
            self._has_units = has_units
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(COLUMNS) - 1)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One cell."""
        rows = self.rows
        if rows is None or not index.isValid() or index.row() >= len(self._order):
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        at, name = self.row_at(index.row()), COLUMNS[index.column()]
        place = int(rows.places[at])
        if role == Qt.ItemDataRole.ForegroundRole and name == "cluster":
            return QBrush(self._color_of(place, rows.cluster_ids[place]))
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if name == "time":
            return f"{rows.times[at]:.4f}"
        if name == "cluster":
            return str(rows.cluster_ids[place])
        if name == "spike":
            return str(rows.spike_ids[at])
        if name == "interval":
            return _number(1000 * rows.intervals[at], 2)
        page, offset = divmod(index.row(), PAGE)
        known = self._pages.get(page)
        if known is None:
            self._want(page)
            return NOT_YET
        return _number(float(known[offset]), 1)

    def _want(self, page: int) -> None:
        is_new = page not in self.wanted
        self.wanted.pop(page, None)
        self.wanted[page] = None
        while len(self.wanted) > _KEPT:
            del self.wanted[next(iter(self.wanted))]
        if is_new:
            self.pages_wanted.emit()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Ask for another order: a worker finds it."""
        if 0 <= column < len(COLUMNS):
            self.sort_wanted.emit(column, order == Qt.SortOrder.DescendingOrder)


def _number(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}".replace("-", "−") if np.isfinite(value) else NONE


class _Table(QTableView):
    """A list that leaves the keys to the window, and no title cut where there is room for all."""

    def __init__(self, content: SpikeModel) -> None:
        super().__init__()
        self._content = content
        self.setModel(content)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.ignore()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.share_width()

    def share_width(self) -> None:
        """Give each column what its title takes, and an equal part of what is left."""
        header, content = self.horizontalHeader(), self._content
        metrics, room = header.fontMetrics(), self.viewport().width()
        for has_units in (True, False):
            titles = [content.title(name, has_units) for name in COLUMNS]
            needs = np.array([metrics.horizontalAdvance(title) + MARGIN for title in titles])
            if needs.sum() <= room:
                break
        content.write_units(has_units)
        spare = (room - needs.sum()) / len(needs)
        ends = np.cumsum(needs + spare).round().astype(int)
        for k, width in enumerate(np.diff(ends, prepend=0)):
            header.resizeSection(k, max(int(width), header.minimumSectionSize()))


class SpikeListDock(Dock):
    """The spikes of the selected clusters; follows the selection while it is seen.

    Parameters
    ----------
    window : WindowContext

    Signals
    -------
    chosen : float
        The user wants to see what is at this time, seconds.
    """

    chosen = Signal(float)

    def __init__(self, window: WindowContext) -> None:
        super().__init__("spikes", "Spike list")
        self._window = window
        self._is_stale = True
        self._sorted_by: tuple[int, bool] = (COLUMNS.index("time"), False)
        self.model = SpikeModel(self._color_of)
        self.model.pages_wanted.connect(self._read)
        self.model.sort_wanted.connect(self._sort)
        self._work, self._reading = Latest(window.pool, self), Latest(window.pool, self)
        self._work.done.connect(lambda found: self._receive(*found))
        self._work.failed.connect(self._fail)
        self._reading.done.connect(lambda found: self._take_pages(*found))
        self._reading.failed.connect(self._fail_to_read)
        # What was asked for meanwhile has not been read.
        self._reading.dropped.connect(self._read)
        session = window.session
        session.selection_changed.connect(lambda _: self.refresh())
        session.proposed.connect(self.refresh)
        session.time_range_changed.connect(self.refresh)
        session.switched.connect(self.refresh)
        self.visibilityChanged.connect(lambda _: self._catch_up())

    def finish(self) -> None:
        """Make the table, which nobody needs before the dock is shown."""
        super().finish()
        if self.widget() is not None:
            return
        self.table = table = _Table(self.model)
        self.hint = QLabel(EMPTY)
        self.hint.setObjectName("hint")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setWordWrap(True)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        table.setTabKeyNavigation(False)
        header = Header(table)
        table.setHorizontalHeader(header)
        dress(table)
        header.setSortIndicator(self._sorted_by[0], Qt.SortOrder.AscendingOrder)
        table.setSortingEnabled(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        # The unit of the amplitudes is known with the first spikes.
        self.model.modelReset.connect(table.share_width)
        table.clicked.connect(self._go)
        holder = QWidget()
        self._stack = QStackedLayout(holder)
        self._stack.addWidget(self.hint)
        self._stack.addWidget(table)
        self.hold_widget(holder)

    def _color_of(self, place: int, cluster_id: int) -> QColor:
        own = self._window.session.shown.color_of(cluster_id)
        return QColor(own) if own else QColor(*cluster_color(place, self._window.theme))

    @property
    def is_busy(self) -> bool:
        """Whether something that is seen is still to come."""
        return self._work.is_busy or self._reading.is_busy

    def refresh(self) -> None:
        """Other clusters are selected, or the same ones hold other spikes."""
        self._is_stale = True
        self._catch_up()

    def cancel(self) -> None:
        """Stop reading."""
        self._work.cancel()
        self._reading.cancel()

    def _catch_up(self) -> None:
        """Load what is to be seen; out of sight, nothing."""
        if not self.is_on_screen:
            if self.is_busy:
                self._is_stale = True
                self.cancel()
        elif self._is_stale:
            self._is_stale = False
            self._arrange(None)
        else:
            self._read()

    def _sort(self, column: int, descending: bool) -> None:
        self._sorted_by = column, descending
        rows = self.model.rows
        if rows is not None:
            # Those of another selection may be on their way.
            is_current = rows.snapshot.generation == self._window.session.shown.generation
            self._arrange(rows if is_current else None)

    def _arrange(self, rows: SpikeRows | None) -> None:
        """Have a worker find the rows, unless they are known, and their order."""
        column, descending = self._sorted_by
        name, snapshot = COLUMNS[column], self._window.session.snapshot()
        self._reading.cancel()
        if name == "amplitude" and rows is None:
            # Those of all spikes are read, which may take a while: until then in order of time.
            name, descending = "time", False
        elif name == "amplitude":
            self.title_bar.note.setText("reading the amplitudes...")

        def work(cancelled: Callable[[], bool]) -> Any:
            found = rows_of(snapshot, cancelled) if rows is None else rows
            sizes = None
            if name == "amplitude":
                sizes = amplitudes_at(found, np.arange(len(found)), cancelled)
            return found, ordered(found, name, descending, sizes), name

        self._work.request(work)

    def _receive(self, rows: SpikeRows, order: NDArray[np.int64], by: Column) -> None:
        # Pages that are read meanwhile are those of the order before.
        self._reading.cancel()
        self.model.set_rows(rows, order)
        self._stack.setCurrentIndex(1 if len(rows) else 0)
        self.title_bar.note.setText(f"{len(rows):,} spikes" if len(rows) else "")
        if by != COLUMNS[self._sorted_by[0]]:
            self._arrange(rows)

    def _fail(self, error: Exception) -> None:
        self.title_bar.note.setText("")
        self._window.fail(error)

    def _read(self) -> None:
        """Read the amplitudes of the rows that are seen."""
        rows, pages = self.model.rows, list(self.model.wanted)
        if self._reading.is_busy or rows is None or not pages or not self.is_on_screen:
            return
        places = {page: self.model.in_page(page) for page in pages}

        def work(cancelled: Callable[[], bool]) -> Any:
            every = amplitudes_at(rows, np.concatenate(list(places.values())), cancelled)
            stops = np.cumsum([len(at) for at in places.values()])
            return rows, dict(zip(places, np.split(every, stops[:-1]), strict=True))

        self._reading.request(work)

    def _take_pages(self, rows: SpikeRows, found: dict[int, NDArray[np.float32]]) -> None:
        if rows is self.model.rows:
            self.model.set_pages(found)
        self._read()

    def _fail_to_read(self, error: Exception) -> None:
        # They are asked for again when they are painted.
        self.model.wanted.clear()
        self._window.fail(error)

    def _go(self, index: QModelIndex) -> None:
        rows = self.model.rows
        if rows is not None and index.isValid():
            self.chosen.emit(float(rows.times[self.model.row_at(index.row())]))
