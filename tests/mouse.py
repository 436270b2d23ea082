"""Events of the mouse that QTest has no function for."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QCoreApplication, QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent


def turn_wheel(native: Any, at: Any, steps: int, held: Any) -> None:
    """Turn the wheel over a place of a canvas; with Alt it turns sideways, as Qt does."""
    is_sideways = held == Qt.KeyboardModifier.AltModifier
    delta = QPoint(120 * steps, 0) if is_sideways else QPoint(0, 120 * steps)
    point = QPointF(*at)
    event = QWheelEvent(
        point,
        QPointF(native.mapToGlobal(point.toPoint())),
        QPoint(),
        delta,
        Qt.MouseButton.NoButton,
        held,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QCoreApplication.sendEvent(native, event)
