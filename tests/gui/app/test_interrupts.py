"""An interrupt ends the event loop of the windows at once, with the exit code of shells."""

from __future__ import annotations

import os
import signal
from typing import Any

from qtpy.QtCore import QTimer

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
