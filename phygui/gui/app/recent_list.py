"""The recent datasets of the start window: what each is and how far, read while one looks."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue

from qtpy.QtCore import QModelIndex, QObject, QRect, QSize, Qt, Signal
from qtpy.QtGui import QFontMetrics, QPainter
from qtpy.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from phygui.archive import Overview, holds_datasets, overview
from phygui.errors import DatasetError
from phygui.gui.base.theme import color, number_of
from phygui.words import counted, in_bytes

log = logging.getLogger(__name__)

PATH = Qt.ItemDataRole.UserRole
DETAILS = Qt.ItemDataRole.UserRole + 1
"""What is said of a dataset, in words."""
DECIDED = Qt.ItemDataRole.UserRole + 2
"""How many of its clusters are decided, and how many there are."""
_GAP = 6
_BAR = 150
"""Pixels of the bar of what is decided."""


class Overviews(QObject):
    """Reads what datasets are, one after the other, in a thread of its own.

    Signals
    -------
    told : Path, str, (int, int)
        A dataset, what is said of it, and how many of how many clusters are decided.
    """

    told = Signal(object, str, object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._wanted: SimpleQueue[Path | None] = SimpleQueue()
        self._is_over = False
        self._goes_on = threading.Event()
        self._goes_on.set()
        # No worker of a pool: a drive that is gone would keep the program from ending.
        threading.Thread(target=self._read, name="phygui-overviews", daemon=True).start()

    def look_at(self, path: Path) -> None:
        """Tell of a dataset, later."""
        self._wanted.put(path)

    def pause(self, paused: bool) -> None:
        """Read nothing for now, what is opened comes first; or go on."""
        if paused:
            self._goes_on.clear()
        else:
            self._goes_on.set()

    def stop(self) -> None:
        """Read no more."""
        self._is_over = True
        self._wanted.put(None)
        self._goes_on.set()

    def _read(self) -> None:
        while (path := self._wanted.get()) is not None:
            self._goes_on.wait()
            if self._is_over:
                return
            decided = 0, 0
            try:
                if path.is_dir() and holds_datasets(path):
                    words = "a folder of datasets"
                else:
                    found = overview(path)
                    words = in_words(found, size_of(path))
                    decided = found.n_decided, found.n_clusters
            except DatasetError as error:
                words = str(error)
            except Exception:
                log.exception("nothing can be said of %s", path)
                continue
            with suppress(RuntimeError):  # the window is gone meanwhile
                self.told.emit(path, words, decided)


def size_of(path: Path) -> int:
    """Bytes of a dataset: of a folder, or of the files that are called alike."""
    try:
        files = path.iterdir() if path.is_dir() else path.parent.glob(f"{path.stem}.*")
        return sum(os.stat(file).st_size for file in files if file.is_file())
    except OSError:
        return 0


def in_words(found: Overview, n_bytes: int) -> str:
    """What is said of a dataset, in one line."""
    parts = []
    if found.saved:
        with suppress(ValueError):
            saved = datetime.fromisoformat(found.saved)
            # Windows knows no format of a day without a zero.
            parts.append(f"{saved.day} {saved:%b %Y, %H:%M}")
    if found.duration:
        minutes = found.duration / 60
        parts.append(f"{found.duration:.0f} s" if minutes < 2 else f"{minutes:,.0f} min")
    if found.n_spikes is not None:
        parts.append(f"{found.n_spikes:,} spikes")
    if n_bytes:
        parts.append(in_bytes(n_bytes))
    parts.append(counted(len(found.shanks), "shank"))
    if found.has_unsaved:
        parts.append("unsaved edits")
    return "  ·  ".join(parts)


class RecentDelegate(QStyledItemDelegate):
    """Draws a dataset in two lines: name and folder, what it is; at the right how far it is."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Two lines."""
        if index.data(PATH) is None:
            return super().sizeHint(option, index)
        return QSize(200, 2 * QFontMetrics(option.font).height() + 3 * _GAP)

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Draw it."""
        if painter is None:
            return
        if index.data(PATH) is None:
            super().paint(painter, option, index)
            return
        painter.save()
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if is_selected:
            painter.fillRect(option.rect, color("highlight"))
        decided, n_clusters = index.data(DECIDED) or (0, 0)
        inside = option.rect.adjusted(_GAP, _GAP, -_GAP, -_GAP)
        high = QFontMetrics(option.font).height()
        left = QRect(inside)
        if n_clusters:
            left.setRight(inside.right() - _BAR - 2 * _GAP)
            bar = QRect(inside.right() - _BAR, inside.top() + high + _GAP, _BAR, 5)
            self._draw_progress(painter, option, bar, decided, n_clusters)
        path, bold = Path(index.data(PATH)), painter.font()
        bold.setBold(True)
        painter.setFont(bold)
        painter.setPen(color("text"))
        name = QFontMetrics(bold).elidedText(path.name, Qt.TextElideMode.ElideRight, left.width())
        painter.drawText(left, Qt.AlignmentFlag.AlignTop, name)
        used = QFontMetrics(bold).horizontalAdvance(name) + 2 * _GAP
        painter.setFont(option.font)
        painter.setPen(color("text" if is_selected else "dim"))
        metrics = QFontMetrics(option.font)
        folder = metrics.elidedText(
            str(path.parent), Qt.TextElideMode.ElideMiddle, left.width() - used
        )
        painter.drawText(left.adjusted(used, 0, 0, 0), Qt.AlignmentFlag.AlignTop, folder)
        details = metrics.elidedText(
            index.data(DETAILS) or "", Qt.TextElideMode.ElideRight, left.width()
        )
        painter.drawText(left, Qt.AlignmentFlag.AlignBottom, details)
        painter.restore()

    @staticmethod
    def _draw_progress(
        painter: QPainter, option: QStyleOptionViewItem, bar: QRect, decided: int, n_clusters: int
    ) -> None:
        painter.setFont(option.font)
        painter.setPen(color("text"))
        above = bar.adjusted(0, -200, 0, -_GAP - bar.height() + 2)
        words = f"{decided} of {n_clusters} decided"
        painter.drawText(
            above, number_of(Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight), words
        )
        painter.fillRect(bar, color("line"))
        done = QRect(bar)
        done.setWidth(round(bar.width() * decided / n_clusters))
        painter.fillRect(done, color("link"))
