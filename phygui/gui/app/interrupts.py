"""``Ctrl+C`` in the terminal that a window was started from: all windows end, in good order."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from qtpy.QtCore import QSocketNotifier
from qtpy.QtWidgets import QApplication

INTERRUPTED = 130
"""The exit code, as shells have it."""


@contextmanager
def ended_by_ctrl_c(app: QApplication) -> Iterator[None]:
    """Have an interrupt end the event loop at once, and never in the middle of something.

    Qt waits for events without a word of Python, in which alone a handler of signals can run: a
    byte in a socket, which Python writes for each signal, is such an event.
    """
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setblocking(False)
    notifier = QSocketNotifier(ours.fileno(), QSocketNotifier.Type.Read)  # type: ignore[arg-type]
    notifier.activated.connect(lambda _: ours.recv(64))
    before = signal.signal(signal.SIGINT, lambda *_: app.exit(INTERRUPTED))
    fd = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(fd)
        signal.signal(signal.SIGINT, before)
        notifier.setEnabled(False)
        ours.close()
        theirs.close()
