"""An interrupt ends the event loop of the windows at once, with the exit code of shells."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from qtpy.QtCore import QTimer

from phygui import Session
from phygui.gui.app.app import Application
from phygui.gui.app.interrupts import INTERRUPTED, ended_by_ctrl_c


def test_an_interrupt_ends_the_windows(qapp: Any) -> None:
    before = signal.getsignal(signal.SIGINT)
    too_late = QTimer()
    too_late.setSingleShot(True)
    too_late.timeout.connect(lambda: qapp.exit(1))
    too_late.start(20_000)
    with ended_by_ctrl_c(qapp):
        QTimer.singleShot(0, lambda: os.kill(os.getpid(), signal.SIGINT))
        assert qapp.exec() == INTERRUPTED
    too_late.stop()
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_closes_a_window_and_keeps_its_edits(
    qtbot: Any, application: Application, demo: Path
) -> None:
    window = application.show_session(Session.open(demo))
    qtbot.waitUntil(lambda: window.is_settled)
    session = window.session
    first = int(session.cluster_ids[0])
    session.move([first], "good")

    QTimer.singleShot(100, lambda: os.kill(os.getpid(), signal.SIGINT))
    assert application.run() == INTERRUPTED
    assert not application.windows
    assert window.is_disposed
    # It is open nowhere any more, and what was not saved is offered.
    with Session.open(demo) as again:
        assert not again.read_only
        assert [edit.description for edit in again.unsaved_edits] == [f"moved {first} to good"]
