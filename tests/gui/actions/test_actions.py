"""Every declared action does something sensible, or says why not; none raises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from importlib import import_module
from itertools import groupby
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QDialog, QFileDialog, QInputDialog, QLabel, QMessageBox

from phygui.gui.actions import declared as declarations
from phygui.gui.actions.actions import ACTIONS, BY_NAME
from phygui.gui.actions.gestures import GESTURES
from phygui.gui.actions.line_commands import snippet_rows
from phygui.views import SPECS

LEAVES = ("quit", "close")


@pytest.fixture
def no_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dialogs that wait for an answer are cancelled at once."""
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *a, **k: ("", ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *a, **k: ("", ""))
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: ("", False))
    monkeypatch.setattr(QInputDialog, "getDouble", lambda *a, **k: (0.0, False))
    monkeypatch.setattr(QMessageBox, "exec", lambda box: int(QMessageBox.StandardButton.Cancel))
    monkeypatch.setattr(QDialog, "exec", lambda box: 0)


@pytest.mark.usefixtures("no_questions")
@pytest.mark.slow
def test_every_action_runs_on_every_kind_of_dataset(
    demo: Path, hybrid: Path, open_window: Callable[..., Any], qtbot: Any
) -> None:
    for path in (demo, hybrid):
        user = open_window(path)
        for selection in (user.session.cluster_ids[:2].tolist(), []):
            for action in ACTIONS:
                if action.name in LEAVES:
                    continue
                living = [c for c in selection if c in user.session.cluster_ids]
                user.session.select(living or selection[:0])
                user.settle()
                with qtbot.captureExceptions() as raised:
                    user.window.actions_by_name[action.name].trigger()
                    user.settle()
                assert not raised, (action.name, raised)
                for dialog in user.window.findChildren(QDialog):
                    dialog.close()


@pytest.mark.slow
def test_the_key_of_what_is_not_possible_says_why(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    session, window = user.session, user.window
    user.select(session.cluster_ids[0].item())
    ctrl, alt = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
    for key, modifiers, words in (
        (Qt.Key.Key_G, Qt.KeyboardModifier.NoModifier, "at least two clusters"),
        (Qt.Key.Key_K, Qt.KeyboardModifier.NoModifier, "draw a lasso first"),
        (Qt.Key.Key_G, ctrl, "no match is selected"),
        (Qt.Key.Key_Z, ctrl, "nothing to undo"),
        (Qt.Key.Key_S, ctrl, "nothing to save"),
    ):
        window.say("")
        user.press(key, modifiers)
        assert words in user.message
        assert window.status["edit"].property("wrong") == "true"
    # In a dock of its own and on a canvas it is said as well.
    dock = window.view_docks["features"]
    dock.setFloating(True)
    user.settle()
    dock.activateWindow()
    user.qtbot.waitUntil(dock.isActiveWindow, timeout=5_000)
    user.view("features").native.setFocus()
    window.say("")
    user.qtbot.keyClick(user.view("features").native, Qt.Key.Key_K)
    assert "draw a lasso first" in user.message
    dock.setFloating(False)
    # What is not the window's is left alone.
    window.say("")
    line = window.cluster_table.filter
    window.activateWindow()
    line.setFocus()
    user.qtbot.keyClick(line, Qt.Key.Key_G)
    assert line.text() == "g"
    assert user.message == ""
    line.clear()

    window.switching.switch(clustering="original")
    user.settle()
    for key, modifiers in (
        (Qt.Key.Key_G, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_K, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_G, alt),
    ):
        window.say("")
        user.press(key, modifiers)
        assert "'original' is read-only: copy it to edit the copy" in user.message
    assert not session.history


def test_undo_and_redo_say_in_the_menu_what_they_are_about(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    undo, redo = (user.window.actions_by_name[name] for name in ("undo", "redo"))
    assert (undo.text(), redo.text()) == ("Undo", "Redo")
    ids = user.session.cluster_ids.tolist()
    user.select(*ids[:2])
    user.press(Qt.Key.Key_G)
    assert undo.text() == f"Undo: merged {ids[0]} and {ids[1]} into {ids[-1] + 1}"
    user.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert undo.text() == "Undo"
    assert redo.text() == f"Redo: merged {ids[0]} and {ids[1]} into {ids[-1] + 1}"
    user.session.label(ids[:1], "a&b", "1")
    user.settle()
    assert undo.text() == f"Undo: labelled {ids[0]} a&&b=1"
    user.session.label(ids[:1], "a", "x" * 200)
    user.settle()
    assert undo.text().endswith("xxx ...")


def test_keys_change_how_views_are_drawn(demo: Path, open_window: Callable[..., Any]) -> None:
    user = open_window(demo)
    view = user.view("waveforms")
    overlap = view.params.overlap
    user.press(Qt.Key.Key_O)
    assert view.params.overlap != overlap
    user.press(Qt.Key.Key_M)
    assert view.params.show == "mean"
    user.press(Qt.Key.Key_M)
    user.press(Qt.Key.Key_O)
    assert (view.params.overlap, view.params.show) == (overlap, "spikes")

    for key, modifiers, kind, name, values, action in (
        (
            Qt.Key.Key_D,
            Qt.KeyboardModifier.NoModifier,
            "features",
            "diagonal",
            ("time", "histogram"),
            "diagonal",
        ),
        (
            Qt.Key.Key_A,
            Qt.KeyboardModifier.ShiftModifier,
            "traces",
            "ticks",
            (False, True),
            "ticks",
        ),
        (
            Qt.Key.Key_S,
            Qt.KeyboardModifier.NoModifier,
            "scatter",
            "size_by",
            ("spikes", "amplitude"),
            "sizes",
        ),
    ):
        for value in (*values, values[0]):
            assert getattr(user.view(kind).params, name) == value
            item = user.window.actions_by_name[action]
            assert item.isChecked() == (value in ("histogram", True))
            user.press(key, modifiers)


def test_the_traces_walk_along_the_spikes_of_the_selection(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    cluster = user.session.cluster_ids[0]
    user.select(cluster)
    times = user.session.model.spike_times[user.session.spikes_per_cluster[cluster]]
    traces = user.view("traces")
    traces.go_to(float(times[3]) + 1e-4)
    user.settle()
    user.press(Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert traces.params.time == pytest.approx(times[4], abs=1e-6)
    user.press(Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert traces.params.time == pytest.approx(times[3], abs=1e-6)


def test_every_file_of_declarations_is_in_the_table() -> None:
    declared = {
        action.name
        for module in iter_modules(declarations.__path__)
        for action in getattr(
            import_module(f"{declarations.__name__}.{module.name}"), "ACTIONS", ()
        )
    }
    assert declared == set(BY_NAME)
    # A menu is in one piece.
    menus = [action.menu_path[0] for action in ACTIONS]
    assert [menu for menu, _ in groupby(menus)] == list(dict.fromkeys(menus))


def test_a_shank_is_called_by_one_word(onlooker: Any) -> None:
    window = onlooker.window
    texts = [text for action in ACTIONS for text in (action.title, action.tip)]
    texts += [text for pair in GESTURES for text in pair]
    texts += [text for row in snippet_rows() for text in row]
    texts += [
        str(of.metadata.get(word, ""))
        for spec in SPECS.values()
        for of in fields(spec.params)
        for word in ("label", "help")
    ]
    texts += [label.text() for label in window.findChildren(QLabel)]
    texts += [action.text() + action.toolTip() for action in window.findChildren(QAction)]
    assert len(texts) > 400
    assert any("shank" in text.casefold() for text in texts)
    for other in ("channel group", "channel_group", "probe group"):
        assert not [text for text in texts if other in text.casefold()]
