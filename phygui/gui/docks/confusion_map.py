"""A picture of a confusion table: rows are clusters of one clustering, columns of another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QRectF, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PyQt5.QtWidgets import QSizePolicy, QWidget

from phygui.analysis import Agreement
from phygui.gui.base.theme import color

_MARGIN = 26.0


class ConfusionMap(QWidget):
    """Draws the share of each cluster of A that each cluster of B has.

    Rows go by cluster id; columns in such an order that what agrees lies on the diagonal.

    Signals
    -------
    hovered : str
        What is under the mouse, in words.
    clicked : int
        Place of the cluster of A whose row was clicked.
    """

    hovered = pyqtSignal(str)
    clicked = pyqtSignal(int)

    def __init__(self) -> None:
        super().__init__()
        self._agreement: Agreement | None = None
        self._names = ("", "")
        self._columns: NDArray[np.int64] = np.empty(0, np.int64)
        self._image: QImage | None = None
        self._row: int | None = None
        self.setMinimumSize(120, 100)
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Expanding)
        self.setMouseTracking(True)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.82)
        self.setFont(font)

    def set_agreement(self, agreement: Agreement | None, names: tuple[str, str] = ("", "")) -> None:
        """Draw another table."""
        self._agreement, self._names, self._row = agreement, names, None
        if agreement is not None:
            # A column goes where most of its cluster's spikes are.
            swapped = agreement.swapped()
            first = np.searchsorted(swapped.rows, np.arange(len(agreement.ids_b)))
            self._columns = np.argsort(np.argsort(swapped.columns[first], kind="stable"))
        self._image = self._paint()
        self.update()

    def mark(self, row: int | None) -> None:
        """Mark the row of a cluster of A."""
        self._row = row
        self.update()

    def _paint(self) -> QImage | None:
        of = self._agreement
        if of is None or not len(of.counts):
            return None
        # Few pixels show what many clusters share: the largest share counts.
        n_rows, n_columns = (min(len(ids), 1500) for ids in (of.ids_a, of.ids_b))
        shares = np.zeros((n_rows, n_columns))
        rows = of.rows * n_rows // len(of.ids_a)
        columns = self._columns[of.columns] * n_columns // len(of.ids_b)
        np.maximum.at(shares, (rows, columns), of.recall)
        low, high = (
            np.array(QColor(c).getRgb()[:3], float) for c in (color("base"), QColor("#5aa9ff"))
        )
        # Small shares are what one looks for: the square root shows them.
        values = low + np.sqrt(shares)[:, :, None] * (high - low)
        pixels = np.ascontiguousarray(np.rint(values).astype(np.uint8))
        return QImage(
            pixels.tobytes(), n_columns, n_rows, 3 * n_columns, QImage.Format_RGB888
        ).copy()

    def _plot(self) -> QRectF:
        return QRectF(self.rect()).adjusted(_MARGIN, 6.0, -6.0, -_MARGIN)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the table with the names of its sides."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), color("base"))
        plot = self._plot()
        painter.setPen(color("dim"))
        below = QRectF(plot.left(), plot.bottom() + 2, plot.width(), _MARGIN - 4)
        painter.drawText(below, int(Qt.AlignCenter), self._names[1])
        painter.save()
        painter.translate(2, plot.bottom())
        painter.rotate(-90)
        painter.drawText(
            QRectF(0, 0, plot.height(), _MARGIN - 4), int(Qt.AlignCenter), self._names[0]
        )
        painter.restore()
        if self._image is not None:
            painter.drawImage(plot, self._image)
        painter.setPen(QPen(color("line"), 1.0))
        painter.drawRect(plot)
        if self._row is not None and self._agreement is not None:
            height = plot.height() / len(self._agreement.ids_a)
            painter.setPen(QPen(color("text"), 1.0))
            top = plot.top() + self._row * height
            painter.drawRect(QRectF(plot.left(), top, plot.width(), max(height, 2.0)))

    def place(self, x: float, y: float) -> tuple[int, int] | None:
        """Places in A and B of what is at a point of the widget."""
        plot, of = self._plot(), self._agreement
        if of is None or not plot.contains(x, y) or not len(of.counts):
            return None
        row = int((y - plot.top()) / plot.height() * len(of.ids_a))
        column = int((x - plot.left()) / plot.width() * len(of.ids_b))
        row, column = min(row, len(of.ids_a) - 1), min(column, len(of.ids_b) - 1)
        return row, int(np.flatnonzero(self._columns == column)[0])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what is under the mouse."""
        at = self.place(event.x(), event.y())
        self.hovered.emit("" if at is None else self.words(*at))

    def words(self, row: int, column: int) -> str:
        """How much of a cluster of A a cluster of B has."""
        of = self._agreement
        assert of is not None
        a, b = int(of.ids_a[row]), int(of.ids_b[column])
        pairs = of.pairs_of(row)
        counts = of.counts[pairs][of.columns[pairs] == column]
        n = int(counts.sum())
        share = n / int(of.sizes_a[row])
        return f"{n:,d} spikes ({share:.1%}) of cluster {a} of {self._names[0]} are in {b}"

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Tell which row was clicked."""
        at = self.place(event.x(), event.y())
        if at is not None:
            self.clicked.emit(at[0])
