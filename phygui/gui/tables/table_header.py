"""The header of a table: it marks the sort order, and tells when a column is dragged."""

from __future__ import annotations

from qtpy.QtCore import QPointF, QRect, Qt, Signal
from qtpy.QtGui import QMouseEvent, QPainter, QPolygonF
from qtpy.QtWidgets import QHeaderView, QTableView

from phygui.gui.base.theme import color

MARGIN = 8
"""Pixels that a cell takes beside its text."""


class Header(QHeaderView):
    """A header with the mark of the sort order above the title, where it hides none of it."""

    dragged = Signal()
    """The user has given a column a width."""

    def __init__(self, table: QTableView) -> None:
        super().__init__(Qt.Orientation.Horizontal, table)
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setMinimumSectionSize(24)
        # Sections are also resized by the program, and for a moment where rows are sorted.
        self._is_held = False
        self.sectionResized.connect(self._resized)

    def _resized(self) -> None:
        if self._is_held:
            self.dragged.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A border between columns may be dragged from here."""
        self._is_held = True
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """It is let go."""
        self._is_held = False
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """On a border, the column is made as wide as its content."""
        self._is_held = True
        super().mouseDoubleClickEvent(event)
        self._is_held = False

    def paintSection(self, painter: QPainter | None, rect: QRect, section: int) -> None:
        """Draw the title, then the mark: it points up where the column ascends."""
        # A title that is too long is read from its beginning, and seen to be cut. Qt would cut the
        # others as well, for its margins and for a mark that stands elsewhere here.
        title = str(self.model().headerData(section, Qt.Orientation.Horizontal) or "")
        fits = self.fontMetrics().horizontalAdvance(title) <= rect.width()
        self.setTextElideMode(Qt.TextElideMode.ElideNone if fits else Qt.TextElideMode.ElideRight)
        # It would leave its pen and clip to what is drawn after it.
        assert painter is not None
        painter.save()
        super().paintSection(painter, rect, section)
        painter.restore()
        if not self.isSortIndicatorShown() or section != self.sortIndicatorSection():
            return
        middle, tip, base = rect.left() + rect.width() / 2, rect.top() + 1.0, rect.top() + 4.5
        if self.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder:
            tip, base = base, tip
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("text"))
        corners = ((middle - 4.0, base), (middle + 4.0, base), (middle, tip))
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))
        painter.restore()
