"""What one view shows the others: the time that is marked, the spikes inside a lasso."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.dataset import ShankData
from phygui.gui.base.work import Latest
from phygui.gui.docks.view_dock import ViewDock
from phygui.gui.window.parts import WindowParts
from phygui.views.core.base import View

NO_SPIKES = np.empty(0, np.int64)


class Linking:
    """Hands times and spikes from one view of a window to all others, also to those made later."""

    def __init__(self, window: WindowParts) -> None:
        self._window = window
        self._time: float | None = None
        self._spike_ids: NDArray[np.int64] = NO_SPIKES
        # Whose spikes these are: a paused view may show another channel group.
        self._model: ShankData | None = None
        self._drawn_in: ViewDock | None = None
        self._brush = Latest(window.pool, window)
        self._brush.done.connect(lambda found: self._found(*found))
        self._brush.failed.connect(window.fail)
        window.session.switched.connect(self._hand_out)

    def link(self, view: View[Any, Any], dock: ViewDock) -> None:
        """Let the view of a dock take part, when it is made."""
        view.time_clicked.connect(self.visit)
        view.time_range_chosen.connect(self._window.time_ranges.restrict)
        set_cursor = getattr(view, "set_cursor", None)
        if set_cursor is not None and self._time is not None:
            set_cursor(self._time)
        if view.has_lasso:
            view.lasso_changed.connect(lambda: self._brush_from(dock))
        view.highlight(self._spikes_for(dock))
        dock.paused.connect(self._hand_out)

    def forget(self, dock: ViewDock) -> None:
        """A dock is gone for good."""
        if self._drawn_in is dock:
            self._drawn_in = None

    def visit(self, seconds: float) -> None:
        """Go to a time that the user has named, and say it."""
        self.go_to(seconds)
        self._window.say(f"{seconds:.4f} s")

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

    def lasso_dock(self) -> ViewDock | None:
        """The dock with the view that holds a lasso with an area: the one drawn in last."""
        docks = [d for d in self._window.view_docks.values() if _holds_lasso(d)]
        last = self._drawn_in
        return last if last in docks else next(iter(docks), None)

    def _brush_from(self, dock: ViewDock) -> None:
        """Point at the spikes inside a view's lasso in all views; of the clusters that it shows."""
        if _holds_lasso(dock):
            self._drawn_in = dock
        if dock.view.lasso is None:
            # How many it held.
            dock.title_bar.note.setText("")
        holder = self.lasso_dock()
        if holder is None or holder.view.lasso is None:
            self._brush.cancel()
            self._point_at(None, NO_SPIKES)
            return
        view, snapshot = holder.view, holder.snapshot
        params, polygon = view.params, holder.view.lasso

        def work(cancelled: Callable[[], bool]) -> Any:
            # What a split takes, of which a time range shows a part.
            taken = view.spikes_in_lasso(snapshot.whole, params, polygon, cancelled)
            spike_ids = taken[snapshot.holds(taken)]
            n_spikes = sum(len(snapshot.spikes(c)) for c in snapshot.cluster_ids)
            return holder, snapshot.shank, spike_ids, said_of(len(spike_ids), n_spikes, len(taken))

        self._brush.request(work)

    def _found(
        self, dock: ViewDock, shank: ShankData, spike_ids: NDArray[np.int64], text: str
    ) -> None:
        dock.view.note_lasso(text)
        # Where points are dense, it is read there.
        dock.title_bar.note.setText(text)
        self._point_at(shank, spike_ids)

    def _point_at(self, shank: ShankData | None, spike_ids: NDArray[np.int64]) -> None:
        self._model, self._spike_ids = shank, spike_ids
        self._hand_out()

    def _hand_out(self) -> None:
        for dock in self._window.view_docks.values():
            if dock.is_made:
                dock.view.highlight(self._spikes_for(dock))

    def _spikes_for(self, dock: ViewDock) -> NDArray[np.int64]:
        return self._spike_ids if dock.shank is self._model else NO_SPIKES

    @property
    def is_busy(self) -> bool:
        """Whether spikes are still being looked for."""
        return self._brush.is_busy


def said_of(n_inside: int, n_spikes: int, n_taken: int) -> str:
    """Words for what a lasso holds.

    Parameters
    ----------
    n_inside, n_spikes : int
        Spikes of the selected clusters inside it, and all; within the time range, if there is one.
    n_taken : int
        Those that a split takes, also outside of the range.
    """
    text = f"{n_inside:,} of {n_spikes:,} spikes inside"
    return text if n_taken == n_inside else f"{text}; a split takes {n_taken:,}"


def _holds_lasso(dock: ViewDock) -> bool:
    lasso = dock.view.lasso if dock.is_made else None
    return lasso is not None and lasso.is_polygon
