"""What is computed of the whole clustering while the curator works: statistics, suggestions."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal
from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QToolButton, QWidget

from phygui.curation.session import Session
from phygui.curation.statistics.cluster_statistics import Learnt
from phygui.curation.statistics.stats import Cancel
from phygui.gui.base.context import WindowContext
from phygui.gui.base.delays import DELAYS
from phygui.gui.base.elided import ElidedLabel
from phygui.gui.base.preparing import Preparing
from phygui.gui.base.theme import icon
from phygui.gui.base.work import Latest
from phygui.heap import reuse_large

NEEDED = ("suggestions",)
"""What is looked for in any case: the quality of a cluster goes by the merges it may be part of."""


@dataclass(frozen=True)
class Search:
    """How suggestions of one kind are looked for, piece by piece."""

    job: Callable[[], Callable[[Cancel], Any] | None]
    """The next piece, for any thread; None if none is left, or more has to be known first."""
    add: Callable[[Any], None]
    progress: Callable[[], tuple[int, int]]


def searches(session: Session) -> dict[str, Search]:
    """The searches, each by the name of the dock that lists what it finds."""
    found = session.suggestions
    return {
        "suggestions": Search(found.job, found.add, found.progress),
        "splits": Search(found.split_job, found.add_split, found.split_progress),
    }


class ProgressLine(QWidget):
    """What is being computed, how far it is, and a button that stops it."""

    def __init__(self) -> None:
        super().__init__()
        # Of a long name of a file the end, and how far it is, are seen too.
        self.label = ElidedLabel(Qt.TextElideMode.ElideMiddle)
        self.label.setObjectName("hint")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedSize(90, 8)
        self.cancel = QToolButton()
        self.cancel.setIcon(icon("close"))
        self.cancel.setProperty("icon_name", "close")
        self.cancel.setToolTip("stop computing (Dataset > Compute statistics resumes)")
        self.cancel.setAutoRaise(True)
        self.cancel.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.cancel.setFixedSize(18, 18)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 0, 0)
        row.setSpacing(6)
        for widget in (self.label, self.bar, self.cancel):
            row.addWidget(widget)
        self.hide()

    def show_progress(self, what: str, done: int, total: int) -> None:
        """Say how far it is."""
        self.label.setText(f"{what} {round(100 * done / max(total, 1))}%")
        self.bar.setRange(0, max(total, 1))
        self.bar.setValue(done)


class Background(QObject):
    """Runs the long work of a window in pieces, the selected clusters first.

    Files are unpacked first, since all else reads them. Then come statistics, then metrics, then
    merge suggestions, by which quality goes too. What a dock lists is looked for before the
    metrics, as long as it is looked at. What is known is kept beside the dataset when all is done.

    Signals
    -------
    learnt
        A piece of statistics has come in.
    """

    learnt = Signal()

    def __init__(self, window: WindowContext) -> None:
        super().__init__(window)
        self._window = window
        self._searches = searches(window.session)
        self._wanted: set[str] = set()
        self._searched = ""
        """What is looked for now, or was last."""
        self.is_stopped = False
        self.line = ProgressLine()
        self.line.cancel.clicked.connect(self.stop)
        self._stats = Latest(window.pool, self, burst_ms=0, is_background=True)
        self._stats.done.connect(self._receive_stats)
        self._stats.failed.connect(lambda e: self._fail("Cluster statistics", e))
        self._search = Latest(window.pool, self, burst_ms=0, is_background=True)
        self._search.done.connect(self._receive_suggestions)
        self._search.failed.connect(lambda e: self._fail("The search for suggestions", e))
        self._preparing = Preparing(window)
        self._preparing.turned.connect(self.request)
        # Whatever was wanted while it had not yet noticed that it was not wanted any more.
        self._stats.dropped.connect(self.request)
        self._search.dropped.connect(self.request)
        self._later = _timer(self, DELAYS.yield_ms, self.request)
        self._patience = QElapsedTimer()
        self._show = _timer(self, DELAYS.show_progress_ms, self._show_line)
        self._keep = _timer(self, DELAYS.keep_ms, self.keep)
        self._keeping = Latest(window.pool, self, burst_ms=0, is_background=True)
        self._keeping.done.connect(lambda _: self._window.trimmer.touch())
        window.session.saved.connect(lambda _: self._keep.start())

    @property
    def is_busy(self) -> bool:
        """Whether something is being computed."""
        return self._is_computing or self._later.isActive()

    @property
    def _is_computing(self) -> bool:
        return self._preparing.is_busy or self._stats.is_busy or self._search.is_busy

    def want(self, dock: str, wanted: bool) -> None:
        """Look for what a dock lists, or no longer."""
        if wanted and dock not in self._wanted:
            self._wanted.add(dock)
            self.request()
        elif not wanted:
            self._wanted.discard(dock)
            if self._searched == dock:
                self._search.cancel()

    def request(self) -> None:
        """Compute what is still to be computed, if anything is."""
        # What runs is let finish, so that edits in quick succession do not keep it from ever
        # doing so; the next piece takes account of them.
        if self.is_stopped or self._window.is_disposed or self._is_computing:
            return
        if self._window.views_are_busy or self._window.session.is_ahead:
            # What the user waits for comes first: the next piece takes its turn after it.
            if not self._patience.isValid():
                self._patience.start()
            if not self._patience.hasExpired(DELAYS.yield_at_most_ms):
                self._later.start()
                return
        # A piece ends as soon as views load, unless it is the turn of one.
        in_turn = self._patience.isValid()
        self._patience.invalidate()
        session = self._window.session
        # Who looks at suggestions waits for them, not for the metrics of clusters unseen.
        search = self._next_search(self._wanted)
        if (unpack := self._preparing.job()) is not None:
            self._preparing.request(unpack)
        elif search is not None:
            self._search.request(search)
        elif (job := session.statistics.job()) is not None:
            self._stats.request(job if in_turn else self._yielding(job))
        elif (search := self._next_search(NEEDED)) is not None:
            self._search.request(search)
        self._follow()

    def _yielding(self, job: Callable[[Cancel], Learnt]) -> Callable[[Cancel], Learnt]:
        """A piece that ends early as soon as somebody waits for something else.

        That is also an edit which is on its way to the disk: views load as soon as it is there.
        """
        pool, session = self._window.pool, self._window.session
        if not session.knowledge.is_recalled:
            return job
        return lambda cancelled: job(lambda: cancelled() or pool.is_awaited or session.is_ahead)

    def _next_search(self, names: Collection[str]) -> Callable[[Cancel], Any] | None:
        for name, search in self._searches.items():
            if name in names and (job := search.job()) is not None:
                self._searched = name
                return job
        return None

    def stop(self) -> None:
        """Give up what is being computed, and begin nothing more."""
        self.is_stopped = True
        self._later.stop()
        self._preparing.cancel()
        self._stats.cancel()
        self._search.cancel()
        self._show.stop()
        self.line.hide()
        reuse_large(False)
        self._window.say("stopped computing; Dataset > Compute statistics resumes")
        self._window.update_state()

    def resume(self) -> None:
        """Compute again."""
        self.is_stopped = False
        self._preparing.resume()
        self.request()

    def toggle(self) -> None:
        """Stop or go on."""
        if self.is_stopped:
            self.resume()
        else:
            self.stop()

    def keep(self) -> None:
        """Keep what is known beside the dataset, in a worker."""
        self._keep.stop()
        job = self._remember_job()
        if job is not None:
            self._keeping.request(lambda _: job())

    def cancel(self) -> None:
        """The window closes: what runs is not wanted any more, what is known is kept."""
        for work in (self._preparing, self._stats, self._search):
            work.cancel()
        self._later.stop()
        self._keep.stop()
        reuse_large(False)
        job = self._remember_job()
        if job is not None:
            job()

    def _remember_job(self) -> Callable[[], None] | None:
        """What keeps what is known for later sessions, in any thread; None if nothing is new."""
        session = self._window.session
        jobs = session.statistics.remember_job(), session.suggestions.remember_job()
        needed = [job for job in jobs if job is not None]

        def keep() -> None:
            for job in needed:
                job()

        return keep if needed else None

    # -- pieces come in --------------------------------------------------------------------

    def _receive_stats(self, learnt: Learnt) -> None:
        self._window.session.statistics.add(learnt)
        if learnt:
            self.learnt.emit()
        self.request()

    def _receive_suggestions(self, found: Any) -> None:
        self._searches[self._searched].add(found)
        self.request()

    def _fail(self, what: str, error: Exception) -> None:
        self._window.show_trouble(f"{what} failed", error)
        self._follow()

    # -- what is shown of it -----------------------------------------------------------------

    def _follow(self) -> None:
        if not self.is_busy:
            self._show.stop()
            self.line.hide()
            self._window.session.statistics.rest()
            self._keep.start()
            # What was computed last may have left holes after the last picture was drawn.
            self._window.trimmer.touch()
            return
        if self.line.isHidden() and not self._show.isActive():
            self._show.start()
        session = self._window.session
        if self._preparing.is_busy:
            self.line.show_progress(*self._preparing.progress())
        elif self._stats.is_busy:
            self.line.show_progress("statistics", *session.knowledge.progress())
        else:
            self.line.show_progress("suggestions", *self._searches[self._searched].progress())

    def _show_line(self) -> None:
        if self.is_busy:
            self.line.show()


def _timer(parent: QObject, ms: int, then: Callable[[], None]) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(ms)
    timer.timeout.connect(then)
    return timer
