"""Drive the window of phygui: `phygui_keys.py PATH CLUSTERS REPEATS`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from qtpy.QtWidgets import QApplication
from window import open_window

from beside_phy.driving import Drawing, main
from phygui.gui.app.preload import compile_all
from phygui.heap import keep_large_apart
from phygui.views.core.base import View


class Window:
    """The window on a dataset."""

    def __init__(self, path: str, drawing: Drawing) -> None:
        keep_large_apart()
        compile_all()
        View.on_draw = drawing.noted(View.on_draw)  # type: ignore[method-assign]
        # What a large folder suggests takes minutes; it is not what is timed.
        self.window = open_window(Path(path), Path(path).parent, is_still="still" in sys.argv)
        self.session = self.window.session
        self.session.wizard.skip_noise_and_mua = False
        self.next, self.merge = self.session.next_match, self.session.merge
        self.undo, self.redo = self.session.undo, self.session.redo
        self.turn = QApplication.processEvents

    def is_busy(self) -> bool:
        """Whether a view is still to be painted."""
        return not self.window.is_shown

    def select(self, clusters: Sequence[int]) -> None:
        """Select some clusters."""
        self.session.select(clusters)

    def split(self, cluster: int) -> None:
        """Take every second spike of a cluster out of it."""
        self.session.split(self.session.spikes_per_cluster[cluster][::2])

    def move(self) -> None:
        """Call the selected clusters good."""
        self.session.move(self.session.selection.best, "good")


if __name__ == "__main__":
    main(Window)
    sys.stdout.flush()
    os._exit(0)
