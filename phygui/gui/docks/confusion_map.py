"""A picture of a confusion table: rows are clusters of one clustering, columns of another."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from qtpy.QtCore import QRectF, Qt, Signal
from qtpy.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from phygui.analysis import Agreement
from phygui.gui.base.theme import color, number_of

_MARGIN = 26.0


class ConfusionMap(QWidget):
    """Draws the share of each cluster of A that each cluster of B has.

    Rows go in an order that is given; columns so that what agrees lies on the diagonal. Clusters
    are named at both sides where there is room, those that have changed in a clearer colour.

    Signals
    -------
    hovered : str
        What is under the mouse, in words.
    clicked : int
        Place of the cluster of A whose row was clicked.
    """

    hovered = Signal(str)
    clicked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._agreement: Agreement | None = None
        self._names = ("", "")
        self._rows: NDArray[np.int64] = np.empty(0, np.int64)
        """Where the row of each cluster of A is, from the top."""
        self._columns: NDArray[np.int64] = np.empty(0, np.int64)
        """Where the column of each cluster of B is, from the left."""
        self._image: QImage | None = None
        self._row: int | None = None
        # Low enough for a dock below the plots of a small window.
        self.setMinimumSize(120, 70)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.82)
        self.setFont(font)

    def set_agreement(
        self,
        agreement: Agreement | None,
        names: tuple[str, str] = ("", ""),
        order: ArrayLike | None = None,
    ) -> None:
        """Draw another table.

        Parameters
        ----------
        agreement : Agreement or None
        names : tuple of str
            Of the two clusterings.
        order : array of int (n_a,), optional
            Places of the clusters of A from the top row down; by their ids if it is not given.
        """
        self._agreement, self._names, self._row = agreement, names, None
        if agreement is not None:
            places = np.arange(len(agreement.ids_a)) if order is None else np.asarray(order)
            self._rows = np.argsort(places, kind="stable")
            # A column goes where most of its cluster's spikes are.
            swapped = agreement.swapped()
            first = np.searchsorted(swapped.rows, np.arange(len(agreement.ids_b)))
            best = self._rows[swapped.columns[first]]
            self._columns = np.argsort(np.argsort(best, kind="stable"))
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
        rows = self._rows[of.rows] * n_rows // len(of.ids_a)
        columns = self._columns[of.columns] * n_columns // len(of.ids_b)
        np.maximum.at(shares, (rows, columns), of.recall)
        low, high = (
            np.array(QColor(c).getRgb()[:3], float) for c in (color("base"), QColor("#5aa9ff"))
        )
        # Small shares are what one looks for: the square root shows them.
        values = low + np.sqrt(shares)[:, :, None] * (high - low)
        pixels = np.ascontiguousarray(np.rint(values).astype(np.uint8))
        return QImage(
            pixels.tobytes(), n_columns, n_rows, 3 * n_columns, QImage.Format.Format_RGB888
        ).copy()

    def _plot(self) -> QRectF:
        of, widest = self._agreement, 0
        if of is not None and len(of.ids_a):
            widest = self.fontMetrics().horizontalAdvance(str(int(of.ids_a.max()))) + 4
        below = self.fontMetrics().height() if widest else 0
        return QRectF(self.rect()).adjusted(_MARGIN + widest, 6.0, -6.0, -_MARGIN - below)

    def names_at(self) -> list[tuple[QRectF, str, bool]]:
        """Where ids are written, and whether the cluster differs: as many as can be read."""
        of, plot, metrics = self._agreement, self._plot(), self.fontMetrics()
        if of is None or not len(of.counts):
            return []
        is_same = of.jaccard == 1.0
        found = []
        for ids, at, same, along in (
            (of.ids_a, self._rows, of.rows[is_same], 1),
            (of.ids_b, self._columns, of.columns[is_same], 0),
        ):
            length = plot.height() if along else plot.width()
            pitch = length / len(ids)
            widest = metrics.horizontalAdvance(str(int(ids.max()))) + 6
            step = max(int(np.ceil((metrics.height() if along else widest) / pitch)), 1)
            unchanged = set(same.tolist())
            for place in np.argsort(at)[::step].tolist():
                middle = (int(at[place]) + 0.5) * pitch
                if along:
                    box = QRectF(plot.left() - 40, plot.top() + middle - 8, 37, 16)
                else:
                    box = QRectF(plot.left() + middle - 20, plot.bottom() + 1, 40, 14)
                found.append((box, str(int(ids[place])), place not in unchanged))
        return found

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the table with the names of its sides."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), color("base"))
        plot = self._plot()
        painter.setPen(color("dim"))
        below = QRectF(plot.left(), self.height() - _MARGIN + 4, plot.width(), _MARGIN - 6)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, self._names[1])
        painter.save()
        painter.translate(2, plot.bottom())
        painter.rotate(-90)
        painter.drawText(
            QRectF(0, 0, plot.height(), _MARGIN - 4),
            Qt.AlignmentFlag.AlignCenter,
            self._names[0],
        )
        painter.restore()
        for box, text, differs in self.names_at():
            painter.setPen(color("text" if differs else "dim"))
            align = (
                Qt.AlignmentFlag.AlignRight
                if box.right() < plot.left()
                else Qt.AlignmentFlag.AlignHCenter
            )
            painter.drawText(box, number_of(align | Qt.AlignmentFlag.AlignVCenter), text)
        if self._image is not None:
            painter.drawImage(plot, self._image)
        painter.setPen(QPen(color("line"), 1.0))
        painter.drawRect(plot)
        if self._row is not None and self._agreement is not None:
            height = plot.height() / len(self._agreement.ids_a)
            painter.setPen(QPen(color("text"), 1.0))
            top = plot.top() + int(self._rows[self._row]) * height
            painter.drawRect(QRectF(plot.left(), top, plot.width(), max(height, 2.0)))

    def place(self, x: float, y: float) -> tuple[int, int] | None:
        """Places in A and B of what is at a point of the widget."""
        plot, of = self._plot(), self._agreement
        if of is None or not plot.contains(x, y) or not len(of.counts):
            return None
        row = int((y - plot.top()) / plot.height() * len(of.ids_a))
        column = int((x - plot.left()) / plot.width() * len(of.ids_b))
        row, column = min(row, len(of.ids_a) - 1), min(column, len(of.ids_b) - 1)
        places = (
            np.flatnonzero(side == k) for side, k in ((self._rows, row), (self._columns, column))
        )
        first, second = (int(place[0]) for place in places)
        return first, second

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
