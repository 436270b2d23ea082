"""What one view shows the others: the time that is marked, the spikes inside a lasso."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from phygui.gui.work import Latest
from phygui.views.base import View

if TYPE_CHECKING:
    from phygui.gui.main_window import MainWindow

NO_SPIKES = np.empty(0, np.int64)


class Linking:
    """Hands times and spikes from one view of a window to all others."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._time: float | None = None
        self._brush = Latest(window.pool, window)
        self._brush.done.connect(self._highlight)
        self._brush.failed.connect(window.fail)

    def link(self, view: View) -> None:
        """Let a view take part."""
        view.time_clicked.connect(self.go_to)
        set_cursor = getattr(view, "set_cursor", None)
        if set_cursor is not None and self._time is not None:
            set_cursor(self._time)
        if view.has_lasso:
            view.lasso_changed.connect(lambda: self._brush_from(view))

    def go_to(self, seconds: float) -> None:
        """Move the traces to a time, and mark it in every view of time."""
        self._time = seconds
        for view in self._window.views():
            go_to: Callable[[float], None] | None = getattr(view, "go_to", None)
            set_cursor: Callable[[float], None] | None = getattr(view, "set_cursor", None)
            if go_to is not None:
                go_to(seconds)
            elif set_cursor is not None:
                set_cursor(seconds)

    def _brush_from(self, view: View) -> None:
        """Point at the spikes inside a view's lasso in all views."""
        lasso = view.lasso
        if lasso is None or not lasso.is_polygon:
            self._brush.cancel()
            self._highlight(NO_SPIKES)
            return
        snapshot, params = self._window.session.snapshot(), view.params

        def work(cancelled: Callable[[], bool]) -> Any:
            return view.spikes_in_lasso(snapshot, params, lasso, cancelled)

        self._brush.request(work)

    def _highlight(self, spike_ids: Any) -> None:
        for view in self._window.views():
            view.highlight(spike_ids)

    @property
    def is_busy(self) -> bool:
        """Whether spikes are still being looked for."""
        return self._brush.is_busy
