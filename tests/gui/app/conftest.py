"""The whole application, with settings of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from qtpy.QtCore import QCoreApplication, QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent

from phygui.gui.app.app import Application
from phygui.gui.base.settings import Settings


@pytest.fixture
def application(qapp: Any, settings: Settings, usable_windows: None) -> Iterator[Application]:
    application = Application(settings)
    yield application
    if application.start is not None:
        application.start.close()
    application.close()


@pytest.fixture
def drop() -> Callable[[Any, str], None]:
    """Drag a file or folder over a widget, and drop it there: ``drop(widget, path)``."""

    def drop_(widget: Any, path: str) -> None:
        data, at = QMimeData(), QPoint(9, 9)
        data.setUrls([QUrl.fromLocalFile(path)])
        how = (
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QCoreApplication.sendEvent(widget, QDragEnterEvent(at, *how))
        QCoreApplication.sendEvent(widget, QDropEvent(QPointF(at), *how))

    return drop_
