"""The dialog that exports what was curated, driven by keys."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from phygui.exports import Curation, ExportSpec, Work, run
from phygui.gui.dialogs import export_results
from phygui.gui.dialogs.export_results import ExportDialog


@pytest.fixture
def user(open_window: Callable[..., Any], small: Path) -> Any:
    user = open_window(small)
    user.session.move([3, 4], "good")
    user.settle()
    return user


def opened(user: Any) -> ExportDialog:
    """Press the key of the dialog."""
    user.press(
        Qt.Key.Key_X, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    user.qtbot.waitUntil(lambda: len(user.window.findChildren(ExportDialog)) == 1)
    [dialog] = user.window.findChildren(ExportDialog)
    user.qtbot.waitUntil(lambda: dialog.format.hasFocus())
    return dialog


def closed(user: Any) -> None:
    user.qtbot.waitUntil(lambda: not user.window.findChildren(ExportDialog))
    user.settle()


def test_the_good_clusters_go_out_by_keys(user: Any, tmp_path: Path) -> None:
    dialog = opened(user)
    QTest.keyClicks(dialog.format, "CSV")
    assert dialog.unsaved.text() == "With 1 edit that is not saved."
    assert dialog.place.text() == str(tmp_path / "simulated_small-curated.csv")
    assert list(dialog.groups) == ["good", "unsorted"]
    # From the format over the group of the good ones to the next.
    QTest.keyClick(dialog.format, Qt.Key.Key_Tab)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is dialog.groups["unsorted"]
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    closed(user)
    path = tmp_path / "simulated_small-curated.csv"
    assert user.message == f"exported to {path}"
    assert pd.read_csv(path)["cluster"].tolist() == [3, 4]
    assert user.session.n_unsaved == 1

    # A second time, by the name alone: it remembers the format, and asks before it replaces.
    path.write_text("mine")
    dialog = opened(user)
    assert dialog.spec.name == "csv"
    dialog.place.selectAll()
    QTest.keyClicks(dialog.place, str(path.with_suffix("")))
    QTest.keyClick(dialog.format, Qt.Key.Key_Return)
    user.qtbot.waitUntil(lambda: not dialog.is_running)
    assert dialog.message.text() == f"{path} exists already."
    assert path.read_text() == "mine"
    assert dialog.replace.isVisible()
    dialog.replace.setFocus()
    QTest.keyClick(dialog.replace, Qt.Key.Key_Space)
    dialog.options["spikes"].setChecked(True)
    QTest.keyClick(dialog.replace, Qt.Key.Key_Return)
    closed(user)
    assert len(pd.read_csv(path)) == user.session.shank.n_spikes


@pytest.mark.slow
def test_an_export_is_cancelled_and_the_window_lives_meanwhile(
    user: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes, goes_on = threading.Event(), threading.Event()

    def write(_: Curation, path: Path, __: Mapping[str, Any], work: Work) -> None:
        path.touch()
        work.step(0.5, "half of it")
        writes.set()
        assert goes_on.wait(30)
        work.step(0.6, "more")

    spec = ExportSpec("csv", "CSV", ".csv", "", write, needs_metrics=False)
    monkeypatch.setattr(run, "find_export", lambda _: spec)
    monkeypatch.setattr(export_results, "exports", lambda: (spec,))
    monkeypatch.setattr(export_results, "TOLD_EVERY_S", 0.0)
    dialog = opened(user)
    QTest.keyClick(dialog.format, Qt.Key.Key_Return)
    user.qtbot.waitUntil(lambda: writes.is_set() and dialog.message.text() == "half of it")
    assert 0 < dialog.bar.value() < dialog.bar.maximum()
    assert not dialog.fields.isEnabled()
    # What is exported was taken when it began, and the curation goes on.
    before = user.session.selection
    user.window.activateWindow()
    user.qtbot.waitUntil(user.window.isActiveWindow)
    user.qtbot.keyClick(user.window.cluster_table.view, Qt.Key.Key_Down)
    user.qtbot.waitUntil(lambda: user.session.selection != before)
    user.session.merge([6, 7])
    user.qtbot.waitUntil(lambda: user.message.startswith("merged 6 and 7"))
    user.window.commands.export()
    assert user.window.findChildren(ExportDialog) == [dialog]
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.message.text() == "cancelling ..."
    goes_on.set()
    closed(user)
    assert user.message == "the export was cancelled, and nothing was written"
    assert not list(tmp_path.glob("*curated*"))
    assert not list(tmp_path.glob(".*curated*"))
