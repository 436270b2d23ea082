"""A line of text that says where it is cut for want of room."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QPainter, QPaintEvent
from qtpy.QtWidgets import QLabel

from phygui.gui.base.theme import number_of

LEAST = 12
"""Characters for which there is room in any case."""


class ElidedLabel(QLabel):
    """Plain text in a line, with an ellipsis in the place of what does not fit.

    Parameters
    ----------
    mode : Qt.TextElideMode
        Where it is cut: in the middle if its end matters.
    """

    def __init__(self, mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._mode = mode

    @property
    def shown(self) -> str:
        """What can be read."""
        return self.fontMetrics().elidedText(self.text(), self._mode, self.contentsRect().width())

    def minimumSizeHint(self) -> QSize:
        """Of the text, or of the beginning of a long one."""
        whole, least = super().minimumSizeHint(), LEAST * self.fontMetrics().averageCharWidth()
        margins = self.contentsMargins()
        least += margins.left() + margins.right()
        return QSize(min(whole.width(), least), whole.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what fits."""
        style, painter = self.style(), QPainter(self)
        style.drawItemText(
            painter,
            self.contentsRect(),
            number_of(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter),
            self.palette(),
            self.isEnabled(),
            self.shown,
            self.foregroundRole(),
        )
