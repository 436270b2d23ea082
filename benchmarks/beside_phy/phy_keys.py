"""Drive phy's `kwik-gui`, in an environment of its own: `phy_keys.py PATH CLUSTERS REPEATS`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ["QTWEBENGINE_DISABLE_SANDBOX"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from beside_phy.driving import Drawing, main


class Window:
    """Its window on a dataset."""

    def __init__(self, path: str, drawing: Drawing) -> None:
        from phy.apps.kwik.gui import KwikController
        from phy.gui import create_app
        from phy.gui.qt import QApplication, QThreadPool
        from phy.plot.base import BaseCanvas

        create_app()
        BaseCanvas.paintGL = drawing.noted(BaseCanvas.paintGL)
        self.controller = KwikController(path)
        self.gui = self.controller.create_gui()
        self.gui.resize(1920, 1080)
        self.gui.show()
        self.supervisor = self.controller.supervisor
        self.threads = QThreadPool.globalInstance()
        self.turn = QApplication.processEvents

    def is_busy(self) -> bool:
        """Whether a thread works, or tasks wait."""
        threads = self.threads.activeThreadCount()
        return threads > 0 or not self.supervisor.task_logger.has_finished()

    def select(self, clusters: Sequence[int]) -> None:
        """Select some clusters."""
        self.supervisor.select(list(clusters))

    def _act(self, name: str, *arguments: Any) -> None:
        """What a key does: the edit, and the selection that follows it."""
        from phylib.utils import emit

        emit("action", self.supervisor.action_creator, name, *arguments)

    def next(self) -> None:
        """Select the next candidate beside them."""
        self._act("next")

    def merge(self) -> None:
        """Merge what is selected."""
        self._act("merge")

    def split(self, cluster: int) -> None:
        """Take every second spike of a cluster out of it."""
        self._act("split", self.supervisor.clustering.spikes_per_cluster[cluster][::2])

    def move(self) -> None:
        """Call the selected clusters good."""
        self._act("move", "good", "best")

    def undo(self) -> None:
        """Undo."""
        self._act("undo")

    def redo(self) -> None:
        """Redo."""
        self._act("redo")


if __name__ == "__main__":
    main(Window)
    sys.stdout.flush()
    os._exit(0)
