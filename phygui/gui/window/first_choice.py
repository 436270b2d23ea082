"""Which cluster is selected when a clustering opens: the best, as far as that is known by then."""

from __future__ import annotations

import time

from qtpy.QtCore import QObject, QTimer, Signal

from phygui.curation.edits.update import Selection
from phygui.gui.base.delays import DELAYS
from phygui.gui.window.parts import WindowParts


class FirstChoice(QObject):
    """Selects the first cluster, and another one as long as nobody has touched it.

    Signals
    -------
    made
        A cluster has been selected after a wait, and can be painted.
    """

    made = Signal()

    def __init__(self, window: WindowParts) -> None:
        super().__init__(window)
        self._window = window
        self._session = window.session
        self._is_awaited = False
        self._chosen: Selection | None = None
        self._chosen_at = 0.0
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.timeout.connect(self._end)

    @property
    def is_awaited(self) -> bool:
        """Whether nothing is selected yet."""
        return self._is_awaited

    def begin(self) -> None:
        """Select the first cluster when it is known which is best, or after a short wait."""
        session = self._session
        self._chosen = None
        if not session.selected and not session.knowledge.missing_stats():
            self._choose()
        self._is_awaited = not session.selected
        for dock in self._window.view_docks.values():
            dock.hold(self._is_awaited)
        # Begun anew: the wait of an earlier clustering would end this one's too soon.
        self._wait.start(DELAYS.first_choice_ms)

    def follow(self) -> None:
        """More is known of the clusters."""
        session = self._session
        if not session.knowledge.missing_stats():
            self._end()
        if self._chosen is None:
            return
        if self._is_looked_at or session.selection != self._chosen or session.history:
            self._chosen = None
        elif time.monotonic() < self._chosen_at + DELAYS.follow_s:
            session.first_best()
            self._chosen = session.selection

    @property
    def _is_looked_at(self) -> bool:
        """Whether the user does something with the cluster already: draws, or sees it in parts."""
        window = self._window
        return window.splitting.is_active or any(v.lasso is not None for v in window.views())

    def _end(self) -> None:
        """Select the first cluster, once."""
        if self._is_awaited and not self._window.is_disposed:
            self._is_awaited = False
            if not self._session.selected:
                self._choose()
                self.made.emit()
            for dock in self._window.view_docks.values():
                dock.hold(False)

    def _choose(self) -> None:
        self._session.first_best()
        self.count_as_chosen()

    def count_as_chosen(self) -> None:
        """What is selected now was not chosen by the user."""
        self._chosen, self._chosen_at = self._session.selection, time.monotonic()
