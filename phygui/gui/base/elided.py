"""A line of text that says where it is cut for want of room, and in its tooltip all of it."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtGui import QHelpEvent, QPainter, QPaintEvent
from qtpy.QtWidgets import QLabel, QToolTip

from phygui.gui.base.theme import number_of, plain_tip

LEAST = 12
"""Characters for which there is room in any case."""


class ElidedLabel(QLabel):
    """Plain text in a line, with an ellipsis in the place of what does not fit.

    Where something is cut, and the label has no tooltip, its text is that.

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

    def event(self, event: QEvent) -> bool:
        """Say all of it where the mouse rests, if it is cut."""
        is_cut = self.shown != self.text() and not self.toolTip()
        if is_cut and isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), plain_tip(self.text()), self)
            return True
        return super().event(event)

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
