"""A line of text that says where it is cut."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtGui import QHelpEvent
from qtpy.QtWidgets import QApplication, QToolTip

from phygui.gui.base.elided import ElidedLabel
from phygui.gui.window.background import ProgressLine


@pytest.mark.parametrize(
    ("mode", "begins", "ends"),
    [(Qt.TextElideMode.ElideMiddle, "unp", "34%"), (Qt.TextElideMode.ElideRight, "unpacking", "…")],
)
def test_what_does_not_fit_is_cut_where_it_matters_least(
    qapp: Any, mode: Any, begins: str, ends: str
) -> None:
    label = ElidedLabel(mode)
    label.setText("unpacking a_recording_of_many_hours.kwx 34%")
    whole = label.sizeHint().width()
    label.resize(whole, 20)
    assert label.shown == label.text()
    assert label.minimumSizeHint().width() < whole / 2
    label.resize(whole // 2, 20)
    assert label.shown.startswith(begins)
    assert label.shown.endswith(ends)
    assert "…" in label.shown
    assert not label.grab().isNull()
    label.setText("short")
    assert label.minimumSizeHint().width() <= label.sizeHint().width()


def test_how_far_it_is_stays_in_sight(qapp: Any) -> None:
    line = ProgressLine()
    line.show_progress("unpacking a_recording_of_many_hours.kwx", 34, 100)
    line.resize(line.minimumSizeHint())
    line.layout().activate()
    assert line.label.shown.endswith("34%")
    assert line.label.text().startswith("unpacking a_recording_of_many_hours.kwx")


def test_what_is_cut_is_read_where_the_mouse_rests(onlooker: Any) -> None:
    dock = onlooker.window.docks["similarity"]
    note = dock.title_bar.note
    words = (
        "12 suggestions <b>of</b> very many, 3 of 26 clusters looked at, and the rest is to come"
    )

    def rest() -> None:
        at = note.rect().center()
        event = QHelpEvent(QEvent.Type.ToolTip, at, note.mapToGlobal(at))
        QApplication.sendEvent(note, event)

    note.setText("12 of 26")
    QToolTip.hideText()
    rest()
    assert not QToolTip.isVisible()
    note.setText(words)
    assert note.shown.endswith("…")
    rest()
    assert QToolTip.isVisible()
    assert "&lt;b&gt;of&lt;/b&gt;" in QToolTip.text()
    QToolTip.showText(QPoint(), "")
