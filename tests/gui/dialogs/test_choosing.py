"""What dialogs offer as datasets, and what may be dropped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import QCoreApplication, QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QFileDialog, QWidget

from phygui.gui.dialogs.choosing import Ask, DropTarget, choose_dataset


@pytest.mark.usefixtures("distribution")
def test_the_file_dialog_offers_what_formats_keep_in_files(
    qapp: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told: list[str] = []

    def choose(_: object, __: str, start: str, patterns: str) -> tuple[str, str]:
        told.extend([start, patterns])
        return str(tmp_path / "a.kwik"), ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", choose)
    assert choose_dataset(None, Ask.FILE, tmp_path) == tmp_path / "a.kwik"
    assert told == [str(tmp_path), "Datasets (*.kwik);;All files (*)"]


@pytest.mark.parametrize("ask", list(Ask))
def test_whoever_wants_none_gets_none(ask: Ask, qapp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    assert choose_dataset(None, ask, None) is None


@pytest.mark.parametrize(
    ("url", "taken"), [("file:///data/a.kwik", True), ("https://example.org/a.kwik", False)]
)
def test_only_local_files_may_be_dropped(url: str, taken: bool, qtbot: Any) -> None:
    widget, dropped = QWidget(), []
    qtbot.addWidget(widget)
    DropTarget(widget).dropped.connect(dropped.append)
    data = QMimeData()
    data.setUrls([QUrl(url)])
    at, how = (
        QPoint(3, 3),
        (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier),
    )
    enter = QDragEnterEvent(at, *how)
    enter.ignore()
    QCoreApplication.sendEvent(widget, enter)
    assert enter.isAccepted() == taken
    QCoreApplication.sendEvent(widget, QDropEvent(QPointF(at), *how))
    assert dropped == [Path("/data/a.kwik")] * taken
