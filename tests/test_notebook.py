"""Windows, tables and pictures from a notebook."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import QTimer
from qtpy.QtGui import QImage
from qtpy.QtWidgets import QApplication

import phygui
from phygui import KwikModel, Session, notebook


@pytest.fixture
def session(small: Path) -> Iterator[Session]:
    with Session.open(small, journal=False) as session:
        yield session
        session.close(discard=True)


@pytest.fixture
def application(qapp: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The application that a kernel would have; it is closed in the end."""
    from phygui.gui.app.app import Application

    made: list[Any] = []

    def running() -> Any:
        made.extend([] if made else [Application()])
        return made[0]

    monkeypatch.setattr(notebook, "_running", running)
    yield made
    for each in made:
        each.close()


def test_a_table_has_a_row_for_each_cluster(session: Session) -> None:
    session.learn_all()
    first = next(iter(session.spikes_per_cluster))
    session.label([first], "region", "CA1")
    table = session.table()
    assert list(table.index) == sorted(session.spikes_per_cluster)
    assert table.n_spikes.sum() == len(session.spike_clusters)
    assert table.loc[first, "region"] == "CA1"
    assert table.region.value_counts()[""] == len(table) - 1
    assert table.snr.dtype == np.float64
    assert table.snr.notna().any()
    assert table.loc[first, "group"] == session.shown.group_of(first)


def test_without_pandas_a_table_is_arrays(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = session.table()
    monkeypatch.setitem(sys.modules, "pandas", None)
    found = session.table()
    monkeypatch.undo()
    assert list(found) == ["id", *wanted.columns]
    pd.testing.assert_frame_equal(pd.DataFrame(found).set_index("id"), wanted)


def test_a_notebook_shows_models_and_sessions_as_tables(session: Session, small: Path) -> None:
    html = session._repr_html_()
    assert html.count("<table>") == 2
    assert small.name in html
    session.label([next(iter(session.spikes_per_cluster))], "<b>", "&")
    assert "<b>" not in session._repr_html_()
    with KwikModel(small) as model:
        assert "sample rate" in model._repr_html_()


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_a_picture_of_a_view_without_a_window(
    kind: Any, session: Session, application: list[Any], tmp_path: Path
) -> None:
    clusters = list(session.spikes_per_cluster)[:2]
    before = set(QApplication.topLevelWidgets())
    found = phygui.figure(session, "correlograms", clusters, kind=kind, size=(300, 200), bin_ms=2.0)
    assert not session.selected
    assert not {w for w in QApplication.topLevelWidgets() if w.isVisible()} - before
    path = tmp_path / f"x.{kind}"
    found.save(path)
    image = QImage(str(path)) if kind == "png" else None
    if image is not None:
        assert (image.width(), image.height()) == (600, 400)
        colors = {image.pixel(x, y) for x in range(0, 600, 5) for y in range(0, 400, 5)}
        assert len(colors) > 3
        assert found._repr_png_() == path.read_bytes()
    else:
        assert str(clusters[0]) in (found._repr_svg_() or "")
    with pytest.raises(ValueError, match="its name has to end"):
        found.save(tmp_path / "x.jpg")


def test_what_there_is_no_picture_of_is_said(session: Session, application: list[Any]) -> None:
    with pytest.raises(ValueError, match="did you mean waveforms"):
        phygui.figure(session, "waveform")
    with pytest.raises(ValueError, match="no cluster 12345"):
        phygui.figure(session, "waveforms", [12345])
    with pytest.raises(ValueError, match="'4' was given, expected cluster ids"):
        phygui.figure(session, "waveforms", "4")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a size and a scale above 0"):
        phygui.figure(session, "waveforms", size=(0, 200))
    for settings, sentence in (
        ({"width": 3}, "no setting 'width'"),
        ({"bin_ms": "a"}, "bin_ms is 'a', expected such as 1.0"),
        ({"bin_ms": -1}, r"the bin is .* ms, not -1"),
        ({"scale_by": "x"}, "no setting"),
    ):
        with pytest.raises(ValueError, match=sentence):
            phygui.figure(session, "correlograms", **settings)


@pytest.mark.slow
def test_beside_a_kernel_the_window_is_that_of_the_session(
    session: Session, application: list[Any], qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(notebook, "_shell", lambda: SimpleNamespace(enable_gui=asked.append))
    window: Any = phygui.show(session)
    assert asked == ["qt5"]
    assert window.session is session
    qtbot.waitUntil(lambda: window.is_shown)
    clusters = list(session.spikes_per_cluster)[:2]
    session.merge(clusters)
    qtbot.waitUntil(lambda: "merged" in window.status["edit"].text())
    # A picture of a view as it is.
    assert next(iter(window.views())).figure().data.startswith(b"\x89PNG")
    qtbot.waitUntil(lambda: window.is_settled)
    session.undo()


def test_a_kernel_that_waits_in_qt_looks_for_cells_by_itself(
    session: Session, application: list[Any], qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell that came just before it began to wait wakes nobody."""
    left: list[int] = []
    waiting = SimpleNamespace(quit=lambda: left.append(1))
    kernel = SimpleNamespace(app=SimpleNamespace(qt_event_loop=waiting))
    shell = SimpleNamespace(enable_gui=lambda _: None, kernel=kernel)
    monkeypatch.setattr(notebook, "_shell", lambda: shell)
    window: Any = phygui.show(session)
    qtbot.waitUntil(lambda: len(left) >= 2)
    notebook._keep_answering(shell, application[0])
    timers = application[0].app.findChildren(QTimer, notebook._ANSWERING)
    assert len(timers) == 1
    timers[0].deleteLater()
    window.close()


def test_elsewhere_a_path_is_shown_in_a_process_of_its_own(
    session: Session, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []
    monkeypatch.setattr(notebook, "_shell", lambda: None)
    monkeypatch.setattr(subprocess, "Popen", lambda command, **_: started.append(command))
    phygui.show(small)
    assert started == [[sys.executable, "-m", "phygui", str(small)]]
    with pytest.raises(RuntimeError, match="a session is shown beside a kernel"):
        phygui.show(session)


def test_without_a_display_a_sentence_says_so(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(RuntimeError, match="there is no display"):
        phygui.show(small)


@pytest.mark.slow
def test_a_kernel_goes_on_beside_its_window(small: Path) -> None:
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=120)

    def run(code: str) -> str:
        said: list[str] = []

        def hear(message: Any) -> None:
            content = message["content"]
            said.append(content.get("text") or "\n".join(content.get("traceback", ())))
            said.append(content.get("data", {}).get("text/plain", ""))

        client.execute_interactive(code, output_hook=hear, timeout=100)
        return "".join(said)

    try:
        run(f"import phygui, time\nwindow = phygui.show({str(small)!r})\nsession = window.session")
        assert "True" in run("window.isVisible()")
        merged = "session.merge(list(session.spikes_per_cluster)[:2]).description"
        assert "merged" in run(merged)
        # Between two cells, the window is drawn by the kernel.
        deadline = 60
        while "True" not in run("window.is_shown") and deadline:
            deadline -= 1
            client.wait_for_ready(timeout=60)
        assert "merged" in run("window.status['edit'].text()")
        assert "Figure, png" in run("next(iter(window.views())).figure()")
        assert "belongs to a notebook" in run(
            "window.show_dock('console'); window.console.widget().text()"
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
