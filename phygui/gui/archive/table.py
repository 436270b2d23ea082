"""The table of sessions: rows in the order and with the filter of the user, and small pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    Qt,
    Signal,
)
from qtpy.QtGui import QBrush, QColor, QPainter, QPen, QPolygonF, QResizeEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from phygui.archive import Session
from phygui.archive.columns import COLUMNS, UNKNOWN, SessionColumn, in_order, session_filter
from phygui.archive.pictures import N_CURVES, Curve
from phygui.curation.navigation.row_filter import FilterError
from phygui.gui.base.theme import color, group_color, plain_tip
from phygui.gui.tables.table_header import Header
from phygui.gui.tables.table_look import dress

PICTURE = 0
"""The column of the pictures; the others follow as they are declared."""
_PICTURE_WIDTH = 22 * N_CURVES
_LEAST_NAME, _LEAST_NOTE = 160, 70
_CELL_MARGIN, _TITLE_MARGIN, _MARK = 11, 13, 16
CURVES = Qt.ItemDataRole.UserRole + 1
_GAP = "\N{EN SPACE}"
"""Between numbers, which stand at the right, and texts that follow at the left."""

Index = QModelIndex | QPersistentModelIndex


class SessionModel(QAbstractTableModel):
    """Sessions in rows: those that the filter lets pass, in their order."""

    sorted = Signal()
    """They are in another order."""

    def __init__(self) -> None:
        super().__init__()
        self._all: dict[Path, Session] = {}
        self.rows: list[Session] = []
        self._unprepared: dict[Path, str] = {}
        self._passes: Callable[[Session], bool] = lambda _: True
        self.order = ("name", False)
        """The column that the rows are sorted by, and whether they descend."""

    # -- content -----------------------------------------------------------------------------

    @property
    def sessions(self) -> list[Session]:
        """All of them, by name."""
        return list(self._all.values())

    def set_sessions(self, sessions: Iterable[Session]) -> None:
        """Show other sessions."""
        self._all = {session.path: session for session in sessions}
        self._renew()

    def update(self, sessions: Iterable[Session]) -> None:
        """More is known of some of them: each stays where it is until rows are sorted anew."""
        news = {session.path: session for session in sessions if session.path in self._all}
        self._all |= news
        for row, session in enumerate(self.rows):
            if session.path in news:
                self.rows[row] = news[session.path]
                last = self.index(row, self.columnCount() - 1)
                self.dataChanged.emit(self.index(row, 0), last)

    def note_preparation(self, path: Path, problem: str) -> None:
        """Have a session's note say why it could not be prepared; nothing where it could be."""
        if problem:
            self._unprepared[path] = problem
        else:
            self._unprepared.pop(path, None)
        row = self.row_of(path)
        if row is not None:
            self.dataChanged.emit(self.index(row, 0), self.index(row, self.columnCount() - 1))

    def text(self, session: Session, column: SessionColumn) -> str:
        """What a cell shows."""
        text = column.shown(session)
        if column.name != "note":
            return text
        problem = self._unprepared.get(session.path)
        notes = [f"could not be prepared: {problem}"] if problem else []
        return "; ".join([*notes, *([] if text == UNKNOWN else [text])])

    def set_filter(self, text: str) -> None:
        """Show the sessions that a line lets pass.

        Raises
        ------
        FilterError
            If it makes no sense; nothing changes then.
        """
        passes = session_filter(text)
        for session in self._all.values():
            passes(session)
        self._passes = passes
        self._renew()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; by that of the pictures, there is no order."""
        if column > PICTURE:
            self.order = (COLUMNS[column - 1].name, order == Qt.SortOrder.DescendingOrder)
            self._renew()
            self.sorted.emit()

    def _renew(self) -> None:
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        paths = [self.rows[i.row()].path if i.row() < len(self.rows) else None for i in before]
        name, descending = self.order
        kept = [session for session in self._all.values() if self._lets_pass(session)]
        self.rows = in_order(kept, name, descending=descending)
        places = {session.path: row for row, session in enumerate(self.rows)}
        for index, path in zip(before, paths, strict=True):
            row = None if path is None else places.get(path)
            now = QModelIndex() if row is None else self.index(row, index.column())
            self.changePersistentIndex(index, now)
        self.layoutChanged.emit()

    def _lets_pass(self, session: Session) -> bool:
        try:
            return self._passes(session)
        except FilterError:
            # It has come since, with a value that cannot be compared so.
            return False

    def row_of(self, path: Path) -> int | None:
        """The row of a dataset, if it is in sight."""
        return next((row for row, s in enumerate(self.rows) if s.path == path), None)

    def sort_again(self) -> None:
        """Put rows of which more is known by now where they belong."""
        self._renew()

    # -- what Qt asks ------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Number of rows."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Number of columns."""
        return 0 if parent.isValid() else 1 + len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Titles and tooltips."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < self.columnCount():
            return None
        if section == PICTURE:
            if role == Qt.ItemDataRole.ToolTipRole:
                return plain_tip(
                    f"mean waveforms of up to {N_CURVES} units, good ones first, "
                    "and their autocorrelograms where it is prepared"
                )
            return "" if role == Qt.ItemDataRole.DisplayRole else None
        column = COLUMNS[section - 1]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title + _GAP * column.is_number
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(f"{column.name}: {column.help}")
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(
                Qt.AlignmentFlag.AlignVCenter
                | (Qt.AlignmentFlag.AlignRight if column.is_number else Qt.AlignmentFlag.AlignLeft)
            )
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One cell."""
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        session = self.rows[index.row()]
        if index.column() == PICTURE:
            if role == CURVES:
                return () if session.overview is None else session.overview.curves
            return None
        column = COLUMNS[index.column() - 1]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(session, column) + _GAP * column.is_number
        if role == Qt.ItemDataRole.ToolTipRole:
            value = None if column.name == "note" else column.value(session)
            long = value if isinstance(value, str) else self.text(session, column)
            return plain_tip(str(session.path) if column.name == "name" else long)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(
                Qt.AlignmentFlag.AlignVCenter
                | (Qt.AlignmentFlag.AlignRight if column.is_number else Qt.AlignmentFlag.AlignLeft)
            )
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._hue(session, column.name)
        return None

    def _hue(self, session: Session, column: str) -> QBrush | None:
        if session.problem and column in ("name", "note"):
            return QBrush(color("wrong"))
        if session.path in self._unprepared and column == "note":
            return QBrush(color("wrong"))
        of = session.overview
        if of is None or not session.is_current or (column == "note" and not session.problem):
            return QBrush(color("dim"))
        if column == "good" and of.n_good:
            return QBrush(group_color("good"))
        if column == "decided" and of.is_decided and of.n_clusters:
            return QBrush(group_color("good"))
        return None


class PictureDelegate(QStyledItemDelegate):
    """Draws mean waveforms side by side, in the colours of their groups."""

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Draw a cell."""
        if painter is None:
            return
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, color("highlight"))
        curves: Sequence[Curve] = index.data(CURVES) or ()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = (option.rect.width() - 8) / N_CURVES
        for i, (group, waveform, acg) in enumerate(curves):
            hue = color("dim") if group == "unsorted" else group_color(group)
            left = option.rect.x() + 4 + i * width
            box = QRectF(left + 2, option.rect.y() + 3, width - 4, option.rect.height() - 6)
            faint = QColor(hue)
            faint.setAlphaF(0.3)
            for place, level in enumerate(acg):
                high = level / 100 * (0.6 if waveform else 1.0) * box.height()
                bar = box.width() / len(acg)
                at = QRectF(box.x() + place * bar, box.bottom() - high, bar, high)
                painter.fillRect(at, faint)
            if waveform:
                painter.setPen(QPen(hue, 1.3))
                painter.drawPolyline(_line(waveform, box))
        painter.restore()


class EndDelegate(QStyledItemDelegate):
    """Cuts a text that is too long at its beginning: of a path, the end says which it is."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        """As the style wants it."""
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideLeft


def _line(levels: Sequence[int], box: QRectF) -> QPolygonF:
    """A waveform in a box; its largest deflection takes the whole height, up or down."""
    top, bottom = max([*levels, 0]), min([*levels, 0])
    scale = box.height() / max(top - bottom, 1)
    step = box.width() / max(len(levels) - 1, 1)
    return QPolygonF(
        [QPointF(box.x() + i * step, box.y() + (top - v) * scale) for i, v in enumerate(levels)]
    )


class SessionTable(QTableView):
    """The table itself.

    Signals
    -------
    chosen : Path
        A session is to be opened: it was double-clicked, or Return was pressed on it.
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.content = SessionModel()
        self.setModel(self.content)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        header = Header(self)
        self.setHorizontalHeader(header)
        dress(self)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 14)
        self.setItemDelegateForColumn(PICTURE, PictureDelegate(self))
        self.setItemDelegateForColumn(PICTURE + 1, EndDelegate(self))
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._is_dragged = False
        header.dragged.connect(self._dragged)
        self.content.sorted.connect(self.fit_columns)
        self.sort_by("name")
        self.setSortingEnabled(True)
        self.doubleClicked.connect(lambda index: self.chosen.emit(self._path(index)))

    def _dragged(self) -> None:
        self._is_dragged = True

    def _path(self, index: QModelIndex) -> Path:
        return self.content.rows[index.row()].path

    def sort_by(self, name: str, *, descending: bool = False) -> None:
        """Sort by a column."""
        place = next((i for i, column in enumerate(COLUMNS) if column.name == name), 0)
        order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicator(1 + place, order)
        self.content.sort(1 + place, order)

    def fit_columns(self) -> None:
        """Make every column as wide as what it says, unless the user has given one a width.

        Names have what the others leave: their beginnings are cut first. Without a picture there
        is no column for them.
        """
        viewport, metrics, content = self.viewport(), self.fontMetrics(), self.content
        has_pictures = any(s.overview is not None and s.overview.curves for s in content.rows)
        self.setColumnHidden(PICTURE, not has_pictures)
        if self._is_dragged or viewport is None:
            return
        picture_width = _PICTURE_WIDTH if has_pictures else 0
        if has_pictures:
            self.setColumnWidth(PICTURE, picture_width)
        some = content.rows[:: max(1, len(content.rows) // 200)]
        widths = {}
        for column in COLUMNS:
            texts = [content.text(session, column) + _GAP for session in some]
            widths[column.name] = max(
                [metrics.horizontalAdvance(text) + _CELL_MARGIN for text in texts]
                + [metrics.horizontalAdvance(column.title + _GAP) + _TITLE_MARGIN]
            )
            if column.name == content.order[0]:
                # Qt keeps room for a mark beside the title; here it is drawn above it.
                widths[column.name] += _MARK
        left = viewport.width() - picture_width - sum(widths.values())
        left += widths["name"] + widths["note"]
        # The last column takes what is left over in any case.
        widths["note"] = min(widths["note"], max(left - widths["name"], _LEAST_NOTE))
        widths["name"] = min(widths["name"], max(left - widths["note"], _LEAST_NAME))
        for i, column in enumerate(COLUMNS, 1):
            self.setColumnWidth(i, widths[column.name])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The columns share another width."""
        super().resizeEvent(event)
        self.fit_columns()

    @property
    def current(self) -> Session | None:
        """The session that the keyboard is at."""
        index = self.currentIndex()
        return self.content.rows[index.row()] if index.isValid() else None

    @property
    def selected(self) -> list[Session]:
        """The selected sessions, in the order of the rows."""
        rows = sorted({index.row() for index in self.selectionModel().selectedRows()})
        return [self.content.rows[row] for row in rows]

    def go_to(self, path: Path) -> None:
        """Select a session, and bring it into sight; nothing where it is filtered out."""
        row = self.content.row_of(path)
        if row is not None:
            self.setCurrentIndex(self.content.index(row, 1))
            self.selectRow(row)
            self.scrollTo(self.content.index(row, 1))
