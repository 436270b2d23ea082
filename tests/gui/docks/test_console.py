"""The console beside the window, and what it says where it cannot be."""

from __future__ import annotations

import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from qtpy import sip
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QLabel

from phygui.gui.docks.console import ConsoleDock
from phygui.logs import log_path


class Window:
    """As much of a window as a console needs that is not made."""

    def say(self, _: str) -> None:
        """Say nothing."""


@pytest.mark.slow
def test_edits_from_the_console_are_edits_like_any_other(onlooker: Any) -> None:
    user, window = onlooker, onlooker.window
    hook = sys.excepthook
    user.press(Qt.Key.Key_F12)
    console = window.console.console
    assert window.console.is_on_screen
    assert QApplication.focusWidget() is console._control
    # What is typed is no key of the window: G would merge.
    user.window.session.select(list(user.session.spikes_per_cluster)[:2])
    user.settle()
    user.qtbot.keyClicks(QApplication.focusWidget(), "g = 41 + 1")
    user.qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    user.qtbot.waitUntil(lambda: console.kernel_manager.kernel.shell.user_ns.get("g") == 42)
    assert not user.session.history
    first, second = list(user.session.spikes_per_cluster)[:2]

    def run(code: str) -> str:
        before = len(console._control.toPlainText())
        console.execute(code)
        user.settle()
        user.qtbot.waitUntil(lambda: not console._executing)
        return str(console._control.toPlainText()[before:])

    run(f"session.merge([{first}, {second}])")
    assert user.session.history[-1].description.startswith("merged")
    assert user.session.is_modified
    assert second not in user.session.shown.cluster_groups
    assert "merged" in user.message
    user.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert second in user.session.shown.cluster_groups
    # Keys of the window that the console has as well are the window's.
    run(f"session.move([{first}], 'good')")
    window.console.bring_to_front()
    user.qtbot.keyClick(
        QApplication.focusWidget(), Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier
    )
    user.qtbot.waitUntil(lambda: not user.session.is_modified)
    # What cannot be done is one sentence.
    said = run("session.merge([123456, 7])")
    assert "123456" in said
    assert "Traceback" not in said
    assert "True" in run("model is session.model and window.session is session")
    # Long work goes to a thread.
    run("work = later(np.sum, [1, 2])")
    user.qtbot.waitUntil(lambda: "sum is done" in user.message)
    assert "3" in run("work.result()")
    assert sys.excepthook is hook
    # What was typed is there the next time.
    window.dispose()
    with sqlite3.connect(log_path().parent / "console" / "history.sqlite") as kept:
        lines = [line for (line,) in kept.execute("select source from history")]
    assert "work.result()" in lines


@pytest.mark.parametrize("result", [42, ValueError("no")])
def test_what_ends_after_its_window_tells_nobody(
    qapp: Any, monkeypatch: pytest.MonkeyPatch, result: Any
) -> None:
    raised, go_on = [], threading.Event()
    monkeypatch.setattr(threading, "excepthook", raised.append)

    def work() -> int:
        go_on.wait(10)
        if isinstance(result, Exception):
            raise result
        return int(result)

    dock = ConsoleDock(Window())  # type: ignore[arg-type]
    future = dock.later(work)
    (thread,) = [each for each in threading.enumerate() if each.name == "phygui-console"]
    sip.delete(dock)
    go_on.set()
    thread.join(10)
    assert raised == []
    assert (future.exception() or future.result()) == result


def test_what_is_missing_is_said_with_the_command(
    qtbot: Any, monkeypatch: pytest.MonkeyPatch, small: Path
) -> None:
    monkeypatch.setitem(sys.modules, "qtconsole.inprocess", None)

    dock = ConsoleDock(Window())  # type: ignore[arg-type]
    qtbot.addWidget(dock)
    dock.finish()
    label = dock.widget()
    assert isinstance(label, QLabel)
    assert "pip install 'phygui[console]'" in label.text()
    dock.dispose()
