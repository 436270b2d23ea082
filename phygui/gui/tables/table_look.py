"""How tables look: rows and fonts alike in all, and cells that can be read when selected."""

from __future__ import annotations

from qtpy.QtCore import QModelIndex, QPointF, Qt
from qtpy.QtGui import QColor, QFont, QFontMetrics, QPainter, QStaticText
from qtpy.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from phygui.gui.base.theme import color
from phygui.gui.tables.table_model import ClusterTableModel


def dress(view: QTableView, scale: float = 0.92) -> None:
    """Give a table the look of all tables; to be called once it has its horizontal header.

    Parameters
    ----------
    view : QTableView
    scale : float
        Size of its font in that of the window.
    """
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setShowGrid(False)
    view.setWordWrap(False)
    view.setAlternatingRowColors(True)
    font = view.font()
    font.setPointSizeF(font.pointSizeF() * scale)
    view.setFont(font)
    view.horizontalHeader().setFont(font)
    view.verticalHeader().hide()
    view.verticalHeader().setDefaultSectionSize(view.fontMetrics().height() + 5)


def luminance(color: QColor) -> float:
    """How bright a colour looks, 0 to 1, roughly as WCAG 2.2 defines relative luminance."""
    red, green, blue = (part**2.2 for part in (color.redF(), color.greenF(), color.blueF()))
    return float((0.2126 * red + 0.7152 * green + 0.0722 * blue) ** (1 / 2.2))


MIDDLE = 0.47
"""Luminance against which white and near-black text have the same contrast."""

MOST_TEXTS = 4096
"""Texts that are kept laid out."""

_DARK, _LIGHT = QColor("#101114"), QColor("#ffffff")
"""Text on light and on dark colours."""


class CellDelegate(QStyledItemDelegate):
    """Draws cells, with group colours and cluster colours readable in selected rows too.

    A selection rewrites tables, which is to take less time than the plots beside them: Qt's own
    drawing asks the model for each role and goes through the style sheet for each cell.
    """

    def __init__(self, view: QTableView, model: ClusterTableModel) -> None:
        super().__init__(view)
        self._model = model
        self._fonts: tuple[QFont, QFont] = (QFont(), QFont())
        self._margin = 0
        self._texts: dict[tuple[str, bool, int], tuple[QStaticText, float, float]] = {}

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Draw a cell."""
        if painter is None:
            return
        cell, rect, hue = self._model.cell(index), option.rect, None
        if cell.background is not None:
            painter.fillRect(rect, cell.background)
            hue = _DARK if luminance(cell.background) > MIDDLE else _LIGHT
        elif option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, color("highlight"))
        if option.font != self._fonts[0] or not self._margin:
            self._take_over(option)
        room = rect.width() - 2 * self._margin
        key = (cell.text, cell.is_bold, room)
        laid_out = self._texts.get(key)
        if laid_out is None:
            laid_out = self._lay_out(*key)
        text, width, height = laid_out
        x = float(rect.x() + self._margin)
        if cell.alignment & Qt.AlignmentFlag.AlignRight:
            x += room - width
        painter.setFont(self._fonts[cell.is_bold])
        painter.setPen(cell.color if hue is None else hue)
        painter.drawStaticText(QPointF(x, rect.y() + (rect.height() - height) / 2), text)

    def _take_over(self, option: QStyleOptionViewItem) -> None:
        """Another font: all texts look different."""
        view, bold = option.widget, QFont(option.font)
        bold.setBold(True)
        self._fonts = (QFont(option.font), bold)
        # What Qt leaves free at either side of a text.
        self._margin = (
            view.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, view) + 1
        )
        self._texts.clear()

    def _lay_out(self, text: str, is_bold: bool, room: int) -> tuple[QStaticText, float, float]:
        """A text as it is drawn, and its size; laid out once, however often it is drawn."""
        font = self._fonts[is_bold]
        metrics = QFontMetrics(font)
        # A label may have several lines; a row has one.
        first, more, _ = text.partition("\n")
        static = QStaticText(
            metrics.elidedText(first + "…" * len(more), Qt.TextElideMode.ElideRight, room)
        )
        static.setTextFormat(Qt.TextFormat.PlainText)
        static.prepare(font=font)
        if len(self._texts) >= MOST_TEXTS:
            self._texts.clear()
        size = static.size()
        found = static, size.width(), size.height()
        self._texts[text, is_bold, room] = found
        return found
