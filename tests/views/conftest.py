"""Fixtures for tests of views: a shared OpenGL context, and errors in callbacks that are seen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from qtpy.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QImage, QMouseEvent
from qtpy.QtTest import QTest
from vispy import app
from vispy.io import write_png

from tests.mouse import turn_wheel
from tests.views.board import Board

QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
app.use_app("pyqt5")


@pytest.fixture(autouse=True)
def _application(qapp: Any) -> None:
    """Text is measured with Qt's fonts."""


@pytest.fixture
def shown(qtbot: Any) -> Iterator[Callable[..., Any]]:
    """Show a view at a size and wait until it has painted: ``shown(view, data, (500, 400))``."""
    views = []

    def show(view: Any, data: Any = None, size: tuple[int, int] = (500, 400)) -> Any:
        view.events.ignore_callback_errors = False
        views.append(view)
        view.native.resize(*size)
        view.show()
        qtbot.waitExposed(view.native)
        if data is None:
            qtbot.wait(1)
            return view
        painted: list[bool] = []
        note = view.painted.connect(lambda: painted.append(True))
        view.set_data(data)
        qtbot.waitUntil(lambda: bool(painted))
        view.painted.disconnect(note)
        return view

    yield show
    for view in views:
        view.close()
        # Else the widget dies whenever Python collects it, maybe while another one paints, and
        # takes the current OpenGL context with it.
        view.native.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def board(shown: Callable[..., Any]) -> Board:
    """A view of two plots, shown."""
    return shown(Board(), "data", (500, 300))


class Mouse:
    """Real mouse and key events for a view, at places in logical pixels."""

    def __init__(self, view: Any) -> None:
        self.view = view
        self.native = view.native

    def _send(self, kind: Any, pos: Any, button: Any, buttons: Any, held: Any) -> None:
        if kind == QEvent.Type.MouseMove:
            # vispy drops moves that follow one another faster.
            QTest.qWait(12)
        point = QPointF(*pos)
        at = self.native.mapToGlobal(QPoint(int(pos[0]), int(pos[1])))
        event = QMouseEvent(kind, point, QPointF(at), button, buttons, held)
        QCoreApplication.sendEvent(self.native, event)

    def click(
        self,
        pos: Any,
        button: Any = Qt.MouseButton.LeftButton,
        held: Any = Qt.KeyboardModifier.NoModifier,
    ) -> None:
        """Press and release."""
        self._send(QEvent.Type.MouseButtonPress, pos, button, button, held)
        self._send(QEvent.Type.MouseButtonRelease, pos, button, Qt.MouseButton.NoButton, held)

    def double_click(self, pos: Any) -> None:
        """Click twice."""
        self.click(pos)
        left = Qt.MouseButton.LeftButton
        self._send(QEvent.Type.MouseButtonDblClick, pos, left, left, Qt.KeyboardModifier.NoModifier)
        self._send(
            QEvent.Type.MouseButtonRelease,
            pos,
            left,
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
        )

    def drag(
        self,
        start: Any,
        stop: Any,
        button: Any = Qt.MouseButton.LeftButton,
        held: Any = Qt.KeyboardModifier.NoModifier,
    ) -> None:
        """Press, move in steps, release."""
        self._send(QEvent.Type.MouseButtonPress, start, button, button, held)
        for k in range(1, 5):
            pos = np.add(start, np.subtract(stop, start) * k / 4)
            self._send(QEvent.Type.MouseMove, pos, Qt.MouseButton.NoButton, button, held)
        self._send(QEvent.Type.MouseButtonRelease, stop, button, Qt.MouseButton.NoButton, held)

    def move(self, pos: Any) -> None:
        """Move with no button down."""
        self._send(
            QEvent.Type.MouseMove,
            pos,
            Qt.MouseButton.NoButton,
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
        )

    def wheel(self, pos: Any, steps: int, held: Any = Qt.KeyboardModifier.NoModifier) -> None:
        """Turn the wheel; with Alt it turns sideways, as Qt does."""
        turn_wheel(self.native, pos, steps, held)


@pytest.fixture
def mouse() -> type[Mouse]:
    """``mouse(view).click((100, 50))`` and so on."""
    return Mouse


@pytest.fixture
def picture() -> Callable[[Any], NDArray[np.int16]]:
    """Render a view: ``picture(view)`` -> (height, width, 3) int16, row 0 at the top."""

    def render(view: Any, scale: float = 1.0) -> NDArray[np.int16]:
        from phygui.views.core.export import render

        return render(view, scale)[..., :3].astype(np.int16)

    return render


@pytest.fixture
def snapshot_of() -> Callable[..., Any]:
    """Make a snapshot of a model: ``snapshot_of(model, [4, 9])``."""
    from phygui.curation.statistics.snapshot import Snapshot
    from phygui.formats.kwik.shank import KwikShank

    shanks: dict[int, KwikShank] = {}

    def make(model: Any, cluster_ids: Any) -> Snapshot:
        spike_clusters = np.asarray(model.spike_clusters)
        lists = {int(c): np.flatnonzero(spike_clusters == c) for c in np.unique(spike_clusters)}
        shank = shanks.setdefault(id(model), KwikShank(model))
        return Snapshot(1, shank, tuple(cluster_ids), lists, spike_clusters, {})

    return make


@pytest.fixture
def small_model(small: Any) -> Iterator[Any]:
    """The model of the small genuine dataset."""
    from phygui import KwikModel

    with KwikModel(small) as model:
        yield model


@pytest.fixture
def same_picture(picture: Any) -> Callable[[Any, str], None]:
    """Compare a view with a stored picture: ``same_picture(view, "features")``.

    Fonts and drivers differ a little from machine to machine: few pixels may differ much, and all
    together hardly. With PHYGUI_STORE_PICTURES set the picture is stored instead, to be looked at.
    """
    folder = Path(__file__).parent / "pictures"

    def compare(view: Any, name: str) -> None:
        path = folder / f"{name}.png"
        if os.environ.get("PHYGUI_STORE_PICTURES"):
            folder.mkdir(exist_ok=True)
            write_png(str(path), picture(view).astype(np.uint8))
            return
        assert path.exists(), f"{path} is missing: set PHYGUI_STORE_PICTURES=1 and run again"
        stored = QImage(str(path)).convertToFormat(QImage.Format.Format_RGB888)
        pixels = np.frombuffer(stored.bits().asstring(stored.sizeInBytes()), np.uint8)
        wanted = pixels.reshape(stored.height(), stored.bytesPerLine())
        wanted = wanted[:, : 3 * stored.width()].reshape(stored.height(), -1, 3)
        found = picture(view)
        assert found.shape == wanted.shape
        apart = np.abs(found - wanted.astype(np.int16)).max(axis=2)
        assert apart.mean() < 3, f"{name} differs from its picture by {apart.mean():.1f} on average"
        part = float(np.mean(apart > 60))
        assert part < 0.02, f"{100 * part:.1f}% of the pixels of {name} differ from its picture"

    return compare
