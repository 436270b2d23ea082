"""Which of the files that were opened lately are still there, found out without waiting."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from qtpy.QtCore import QObject, Signal


class Lookout(QObject):
    """Looks for files, each in a thread of its own: a network drive that is gone takes minutes.

    Signals
    -------
    found, missing : Path
        A file is there, or is not, in the thread of the window.
    """

    found = Signal(object)
    missing = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.there: set[Path] = set()
        """Those that were found by now."""

    def look_for(self, paths: Iterable[Path]) -> None:
        """Tell later which of these are missing."""
        for path in paths:
            # No worker of a pool: those that hang would keep others from working.
            threading.Thread(
                target=self._look, args=(path,), name="phygui-recent", daemon=True
            ).start()

    def _look(self, path: Path) -> None:
        # That of pathlib raises where a folder or drive is out of reach.
        if os.path.exists(path):
            self.there.add(path)
        with suppress(RuntimeError):  # the window is gone meanwhile
            (self.found if path in self.there else self.missing).emit(path)
