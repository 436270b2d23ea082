"""The range of time in the status bar, and the work that it takes: selected clusters measured."""

from __future__ import annotations

from qtpy.QtCore import QObject, Qt
from qtpy.QtWidgets import QToolButton

from phygui.gui.base.work import Latest
from phygui.gui.window.parts import WindowParts


class TimeRanges(QObject):
    """Follows the time range of a session.

    Attributes
    ----------
    chip : QToolButton
        Says the range as long as there is one; a click clears it.
    """

    def __init__(self, window: WindowParts) -> None:
        super().__init__(window)
        self._window = window
        self.chip = QToolButton()
        self.chip.setObjectName("chip")
        self.chip.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.chip.setToolTip(
            "all that is shown lies in this range of time; edits take whole clusters: "
            "click to show all of the recording again"
        )
        self.chip.clicked.connect(self.clear)
        self.chip.hide()
        self._work = Latest(window.pool, self, burst_ms=0, is_background=True)
        self._work.done.connect(self._take)
        self._work.failed.connect(window.fail)
        session = window.session
        session.time_range_changed.connect(self._follow)
        for signal in (session.selection_changed, session.switched):
            signal.connect(lambda *_: self.measure())

    @property
    def is_busy(self) -> bool:
        """Whether the selected clusters are being measured within the range."""
        return self._work.is_busy

    def restrict(self, start: float, stop: float) -> None:
        """Look at nothing but a range of time, in seconds, that was chosen in a view."""
        session = self._window.session
        self._window.attempt(lambda: session.set_time_range(start, stop))

    def clear(self) -> None:
        """Look at all of the recording again."""
        self._window.attempt(self._window.session.clear_time_range)

    def measure(self) -> None:
        """Measure the selected clusters within the range, in a worker."""
        job = self._window.session.ranging.job()
        if job is None:
            self._work.cancel()
        else:
            self._work.request(job)

    def _follow(self) -> None:
        chosen = self._window.session.shown.time_range
        self.chip.setVisible(chosen is not None)
        if chosen is None:
            self._window.say("all of the recording is shown again")
        else:
            self.chip.setText(f"{range_in_words(*chosen)}  ✕")
            self._window.say(f"only {range_in_words(*chosen)} is shown; edits take whole clusters")
        # The cells of the selected clusters say what holds within the range, or no longer.
        self._window.tables.learn(self._window.session.shown.selection.clusters)
        self.measure()

    @staticmethod
    def _take(take: object) -> None:
        if callable(take):
            take()

    def cancel(self) -> None:
        """The window closes."""
        self._work.cancel()


def range_in_words(start: float, stop: float) -> str:
    """A range of time as it is written, as precisely as it takes to tell its ends apart."""
    digits = next((n for n in range(6) if 10.0**-n <= (stop - start) / 20), 6)
    return f"{start:.{digits}f} to {stop:.{digits}f} s"
